"""The list of tags, where they are renamed, merged and taken away."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk, shell
from guanxi.foundation.desk import Bulk, Column, Menu, Pill
from guanxi.foundation.tags import actions, queries
from guanxi.foundation.tags.models import Tag
from guanxi.foundation.visibility import Viewer


@desk.register
class Tags(desk.Desk):
    """All tags."""

    model = Tag
    slug = "tags"
    general = False
    menu = Menu(section=shell.SYSTEM, icon="tags", order=60)
    empty_words = _("Tags come into being where they are first written on a record.")
    columns = [
        Column("name", link=True),
        Column("colour", render=lambda row: Pill(row.get_colour_display(), row.colour), needs=["colour"], sort=False),
        Column("uses", label=_("Records"), fetch=queries.uses),
        Column("created_at", kind="date", sort=False),
    ]
    default_sort = "name"
    filters = ["colour"]
    search_fields = ["name"]
    facts = ["name", "colour"]
    edit = actions.edit
    remove = actions.remove
    new = [Column("name", required=True), Column("colour", initial=Tag.Colour.GREY)]
    create = actions.make
    quick = ()

    @property
    def quicks(self) -> list[desk.Quick]:
        """Tags are made where they are needed."""
        return []

    def pills(self, row: Tag) -> list[Pill]:
        return [Pill(row.get_colour_display(), row.colour)]


def merge(ids: list[int], *, by: Viewer, asked: dict[str, str]) -> str:
    """The chosen tags become one."""
    kept = actions.merge(ids, asked.get("name", ""), by=by)
    return _now("The tags are now one: “%(name)s”.") % {"name": kept.name}


BULK: list[Any] = [
    Bulk("merge", _("Merge"), merge, icon="git-merge", dialog="tags/merge.html"),
]
