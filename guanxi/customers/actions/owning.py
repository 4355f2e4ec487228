"""Whose customers they are: handed over one by one (a fact like others) or many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers.happenings import tell_of_many
from guanxi.customers.models import Party
from guanxi.foundation import audit
from guanxi.foundation.actions import Refused, action, occasion
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, is_staff, may, read_only_fields

AT_ONCE = 2_000


@action
def hand_over(ids: Sequence[int], owner: User | None, *, by: Viewer) -> int:
    """Let `owner` (or nobody) own the customers with these ids, as far as `by` may edit them; returns how many changed.

    Raises Refused where the owner does not work here or may see no customers.
    """
    require_owner(owner)
    if "owner" in read_only_fields(by, Party):
        raise Refused(_("You may not change “%(field)s”.") % {"field": _("owner")}, "owner")
    return sum(_hand_over(ids[start : start + AT_ONCE], owner, by) for start in range(0, len(ids), AT_ONCE))


def require_owner(owner: User | None) -> None:
    """Raise Refused where a user cannot own customers: who does not work here, or sees none."""
    if owner is not None and not (is_staff(owner) and may(owner, "view", Party)):
        words = _("%(name)s may see no customers; choose a colleague whose role reaches to one's own at least.")
        raise Refused(words % {"name": owner}, "owner")


def _hand_over(ids: Sequence[int], owner: User | None, by: Viewer) -> int:
    rows: QuerySet[Any] = Party.objects.filter(merged_into__isnull=True).allowed_to(by, "edit").filter(pk__in=ids)
    before = dict(rows.exclude(owner=owner).select_for_update().values_list("pk", "owner"))
    if not before:
        return 0
    Party.objects.filter(pk__in=before).update(owner=owner, changed_at=timezone.now())
    changes = {"owner": [None, owner.pk if owner else None], "from": before}
    audit.record_summary(occasion(), "customers.party", None, _("Owner of customers"), changes)
    tell_of_many("party.changed", list(before), by=by, payload={"changes": {"owner": [None, str(owner or "")]}})
    return len(before)
