"""What tags hang into every desk: a panel, a column, a filter, bulk actions; and the list of tags."""

from __future__ import annotations

import functools
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from guanxi.foundation import hooks, search
from guanxi.foundation.desk import Bulk, Column, Desk, Panel
from guanxi.foundation.tags import actions, api, queries, views
from guanxi.foundation.tags import desk as tags_desk
from guanxi.foundation.tags.models import Tag
from guanxi.foundation.visibility import Viewer


@functools.partial(hooks.register, "columns:*")
def _columns(desk: Desk) -> list[Column]:
    """The column of tags."""
    return [
        Column(
            "tags",
            label=_("Tags"),
            fetch=functools.partial(queries.pills, desk),
            condition=functools.partial(queries.bearing, desk),
            choices=queries.choices,
            shown=False,
        )
    ]


def _names(asked: dict[str, str]) -> list[str]:
    return [name for name in asked.get("name", "").replace("，", ",").split(",") if name.strip()]


def _tag(desk: Desk, ids: list[int], *, by: Viewer, asked: dict[str, str]) -> str:
    count = actions.tag_many(desk, ids, _names(asked), by=by)
    return ngettext("%(count)s record is tagged.", "%(count)s records are tagged.", count) % {"count": count}


def _untag(desk: Desk, ids: list[int], *, by: Viewer, asked: dict[str, str]) -> str:
    count = actions.untag_many(desk, ids, _names(asked), by=by)
    words = ngettext("The tag is taken from %(count)s record.", "The tag is taken from %(count)s records.", count)
    return words % {"count": count}


@functools.partial(hooks.register, "bulk:*")
def _bulk(desk: Desk) -> list[Any]:
    """Tagging a selection."""
    return [
        Bulk("tag", _("Tag"), functools.partial(_tag, desk), icon="tag", dialog="tags/bulk.html"),
        Bulk("untag", _("Take a tag away"), functools.partial(_untag, desk), icon="tag-off", dialog="tags/bulk.html"),
    ]


hooks.register(
    "panel:*", Panel("left", _("Tags"), "tags/panel.html", context=views.panel, order=5, lazy=True, key="tags")
)
hooks.register("bulk:tags", tags_desk.BULK)
hooks.register(
    "search",
    search.Source(
        object_type="tags.tag",
        letter="t",
        model=Tag,
        title=lambda tag: tag.name,
        url=lambda number: reverse("desk:record", args=["tags", number]),
        icon="tag",
    ),
    order=90,
)
hooks.register("api", ("/tags", api.router), order=72)
