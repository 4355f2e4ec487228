"""What identity hangs into the house: the queue in the side bar, merging in lists and on record pages, stories."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.customers.identity import (
    desk,  # noqa: F401  registers the desks
    panels,
    queries,
)
from guanxi.foundation import hooks, shell
from guanxi.foundation.desk import Bulk, Panel

hooks.register(
    "menu",
    shell.MenuEntry(
        shell.RELATIONSHIPS,
        _("Duplicates"),
        "customers:duplicates",
        "copy-check",
        order=30,
        waiting=queries.waiting_pairs,
        keywords=(_("possible duplicates"), _("merge")),
        needs=("view", "merging"),
    ),
)
hooks.register(
    "palette",
    shell.Command(
        _("Merge customers"), "customers:merge", "git-merge", (_("duplicates"),), needs=("merge", "customers")
    ),
)
hooks.register(
    "palette", shell.Command(_("Merges"), "/merges/", "git-merge", (_("Undo a merge"),), needs=("view", "merging"))
)
hooks.register(
    "palette",
    shell.Command(
        _("Settings of identity"),
        "customers:identity_settings",
        "adjustments",
        (_("thresholds"), _("survivorship"), _("junk")),
        needs=("view", "merging"),
    ),
)
hooks.register(
    "palette", shell.Command(_("Sources"), "/sources/", "database-import", (_("trust"),), needs=("view", "settings"))
)

hooks.register("bulk:customers", Bulk("merge", _("Merge"), panels.merge_chosen, icon="git-merge", verb="merge"))
hooks.register("record_button:customers", panels.merge_button)
hooks.register("story:customers", panels.story_of)
hooks.register(
    "panel:customers",
    Panel(
        "left",
        _("Also known as"),
        "customers/identity/also_known.html",
        context=panels.also_known,
        order=10,
        rows=panels.absorbed_by,
    ),
)
hooks.register(
    "panel:merges",
    Panel("middle", "", "customers/identity/merged_what.html", context=panels.merged_what, bare=True),
)
hooks.register(
    "panel:source-records",
    Panel("middle", "", "customers/identity/source_record.html", context=panels.said, bare=True),
)
