"""What bulk changes hang into the house: the bar of every list, the history of every record, their own list."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, once
from guanxi.foundation.bulk_changes import actions, api, deleting, desk, engine, queries, views
from guanxi.foundation.bulk_changes.kinds import BulkKind
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.desk import Bulk, Desk, Panel
from guanxi.foundation.visibility import may


def _deleted(change: BulkChange) -> str:
    return _now("Deleted")


hooks.register("api", ("/bulk-changes", api.router), order=77)
hooks.register("bulk_kind", BulkKind(actions.EDIT, _("Edited"), engine.edit_chunk, engine.undo_chunk))
hooks.register(
    "bulk_kind",
    BulkKind(
        actions.DELETE,
        _("Deleted"),
        deleting.delete_chunk,
        deleting.restore_chunk,
        verb="delete",
        one_by_one=True,
        words=_deleted,
    ),
)


@hooks.register("bulk_bar")
def _bar(found: Desk) -> list[Bulk]:
    """What every list offers for the chosen rows, as far as its desk can do it."""
    offered: list[Bulk] = []
    if views.editable(found):
        offered.append(Bulk("edit", _("Edit"), icon="pencil", dialog="bulk_changes/edit.html", run_set=views.edit))
    if views.person_field(found) is not None:
        offered.append(
            Bulk("assign", _("Assign"), icon="user-share", dialog="bulk_changes/assign.html", run_set=views.assign)
        )
    if found.remove_action is not None:
        offered.append(
            Bulk(
                "delete",
                _("Delete"),
                icon="trash",
                verb="delete",
                dialog="bulk_changes/delete.html",
                run_set=views.remove,
            )
        )
    return offered


@hooks.register("record_tool")
def _delete_button(request: HttpRequest, found: Desk, row: Any) -> SafeString:
    """The button that deletes a record from its page, after the list of what hangs on it."""
    if found.remove_action is None or not may(request.user, "delete", row):
        return SafeString()
    context = {"desk": found, "record": row, "title": found.title(row), "once": once.new_token()}
    return render_to_string("bulk_changes/record_delete.html", context, request)


hooks.register("history_of_sets", queries.history_of)
hooks.register(
    "panel:bulk-changes",
    Panel("middle", "", "bulk_changes/state.html", context=desk.state_panel, bare=True),
)
