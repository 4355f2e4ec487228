"""What tags hang into every desk: a panel, a column, a filter, bulk actions; and the list of tags."""

from __future__ import annotations

import functools
from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, search
from guanxi.foundation.desk import Bulk, Column, Desk, Panel, record_url
from guanxi.foundation.tags import api, in_bulk, queries, views
from guanxi.foundation.tags import desk as tags_desk
from guanxi.foundation.tags.models import Tag


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


@functools.partial(hooks.register, "bulk:*")
def _bulk(desk: Desk) -> list[Any]:
    """Tagging a selection."""
    return [
        Bulk("tag", _("Tag"), icon="tag", dialog="tags/bulk.html", run_set=in_bulk.tag),
        Bulk("untag", _("Take a tag away"), icon="tag-off", dialog="tags/bulk.html", run_set=in_bulk.untag),
    ]


hooks.register(
    "panel:*", Panel("left", _("Tags"), "tags/panel.html", context=views.panel, order=5, lazy=True, key="tags")
)
for kind in in_bulk.KINDS:
    hooks.register("bulk_kind", kind)
hooks.register("bulk:tags", tags_desk.BULK)
hooks.register(
    "search",
    search.Source(
        object_type="tags.tag",
        letter="t",
        model=Tag,
        title=lambda tag: tag.name,
        url=lambda number: record_url("tags", number),
        icon="tag",
    ),
    order=90,
)
hooks.register("api", ("/tags", api.router), order=72)
