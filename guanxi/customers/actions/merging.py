"""Making several parties one, and undoing it: at any time, in any order (docs/develop/identity.md)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guanxi.customers import corrections, deriving
from guanxi.customers.actions.locking import mark_changed
from guanxi.customers.hanging import hanging
from guanxi.customers.happenings import tell
from guanxi.customers.merged import members_of, root_of
from guanxi.customers.models import MatchPair, Merge, Party, SourceRecord
from guanxi.customers.profile import PATH
from guanxi.customers.survivorship import field_names
from guanxi.foundation import audit, hooks, search
from guanxi.foundation.actions import Refused, action, occasion
from guanxi.foundation.visibility import Viewer, require

MOST = 20  # parties in one act; more are merged one after the other


@dataclass(frozen=True)
class Merged:
    """What became of an act of merging."""

    survivor: Party
    merges: list[Merge]


@action
def merge_parties(
    survivor: Party | int,
    others: Iterable[Party | int],
    *,
    by: Viewer,
    choices: dict[str, int] | None = None,
    how: str = Merge.How.HAND,
    probability: float | None = None,
) -> Merged:
    """Make `others` a part of `survivor`. Everything that hangs on them hangs on him from now on.

    `choices` say for a field whose value is taken (a party's id); the other fields follow from what all sources of all
    of them say. Raises Refused where one of them is part of another already, is of another kind or is not there.
    """
    require(by, "merge", Party)
    first, rest = _held(survivor, others, by)
    picked = _picked(first, rest, choices or {})
    for party in (first, *rest):
        _keep_untold(party)
    act, now = uuid.uuid4(), timezone.now()
    merges = [_absorb(first, party, act, how, probability, by, picked.get(party.pk, {})) for party in rest]
    if picked.get(first.pk):
        corrections.keep(first, picked[first.pk], key=f"merge:{act}")
    after_change([first], rest, by)
    for party in rest:
        tell("party.merged", first, by=by, other=party.pk, name=party.name, about=party)
    MatchPair.objects.filter(Q(low__in=[p.pk for p in (first, *rest)], high__in=[p.pk for p in (first, *rest)])).update(
        state=MatchPair.State.MERGED, decided_at=now, decided_by=by.pk
    )
    return Merged(Party.objects.get(pk=first.pk), merges)


@action
def undo_merge(merge_id: int, *, by: Viewer) -> Party:
    """Take a merge back; the party that had become part of another, which is itself again.

    What was recorded for it before and since hangs on it again, and both follow from their own sources. The two are not
    merged by themselves again. Raises Refused where the merge was undone before, Merge.DoesNotExist.
    """
    require(by, "merge", Party)
    merge = Merge.objects.visible_to(by).select_for_update().get(pk=merge_id)
    if merge.undone_at is not None:
        raise Refused(_("This merge was undone before."))
    root = Party.objects.select_for_update().get(pk=root_of(merge.merged_id))
    party = Party.objects.select_for_update().get(pk=merge.merged_id)
    homes = members_of(party.pk)
    Merge.objects.filter(pk=merge.pk).update(undone_at=timezone.now(), undone_by=by.pk)
    Party.objects.filter(pk=party.pk).update(merged_into=None)
    party.merged_into = None
    for kind in hanging():
        kind.give_back(homes, party.pk)
    _forget_choices(merge)
    audit.record(occasion(), party, {"merged_into": [merge.survivor_id, None]})
    _are_different(merge, by)
    after_change([root, party], [], by)
    tell("party.unmerged", root, by=by, other=party.pk, name=party.name, about=party)
    tell("party.unmerged", party, by=by, other=root.pk, name=root.name, about=root)
    return Party.objects.get(pk=party.pk)


@action
def settle_strays(*, by: Viewer) -> int:
    """Let rows that were written for a party while it was being merged hang on its survivor; how many."""
    moved = 0
    for kind in hanging():
        for party in kind.strays().values_list(kind.column, flat=True).distinct():
            moved += kind.move([party], root_of(party))
    return moved


def after_change(there: Sequence[Party], gone: Sequence[Party], by: Viewer) -> None:
    """Derive the parties that are `there` from what now hangs on them, and let others follow; `gone` are merged."""
    for party in there:
        _derive(party)
        mark_changed(party)
    search.remove(Party, [party.pk for party in gone])
    for listener in hooks.get("party_reassigned"):
        listener([*there, *gone])


def _held(survivor: Party | int, others: Iterable[Party | int], by: Viewer) -> tuple[Party, list[Party]]:
    """All that take part, locked in the order of their ids. Raises Refused where they cannot be one."""
    first = survivor if isinstance(survivor, int) else survivor.pk
    ids = list(dict.fromkeys(other if isinstance(other, int) else other.pk for other in others))
    if not ids:
        raise Refused(_("Choose at least two customers to merge."), "parties")
    if first in ids:
        raise Refused(_("Nobody can be merged with himself."), "parties")
    if len(ids) >= MOST:
        words = ngettext("At most %(most)s can be merged at once.", "At most %(most)s can be merged at once.", MOST)
        raise Refused(words % {"most": MOST}, "parties")
    found = {party.pk: party for party in Party.objects.select_for_update().filter(pk__in=[first, *ids]).order_by("pk")}
    visible = set(Party.objects.visible_to(by).filter(pk__in=found).values_list("pk", flat=True))
    for number in (first, *ids):
        party = found.get(number)
        if party is not None and party.merged_into_id is not None:
            root = Party.objects.get(pk=root_of(number))
            message = _("%(name)s is part of %(root)s already; load the page again.")
            raise Refused(message % {"name": party.name, "root": root.name}, "parties")
        if number not in visible:
            raise Refused(_("There is no customer number %(number)s.") % {"number": number}, "parties")
    if len({party.kind for party in found.values()}) > 1:
        raise Refused(
            _("A person and an organisation cannot be one. Correct the kind of one of them first."), "parties"
        )
    return found[first], [found[number] for number in ids]


def _picked(first: Party, rest: list[Party], choices: dict[str, int]) -> dict[int, dict[str, Any]]:
    """The chosen values by the party that they come from."""
    parties = {party.pk: party for party in (first, *rest)}
    known = set(field_names())
    picked: dict[int, dict[str, Any]] = {}
    for name, number in choices.items():
        if name not in known:
            raise Refused(_("There is no field “%(name)s” to choose for.") % {"name": name}, name)
        if number not in parties:
            raise Refused(_("The value has to be that of one of those who are merged."), name)
        picked.setdefault(number, {})[name] = value_of(parties[number], name)
    return picked


def value_of(party: Party, name: str) -> Any:
    """The value of a field by its name, those of the profile too."""
    return party.profile.get(name.removeprefix(PATH)) if name.startswith(PATH) else getattr(party, name)


def _keep_untold(party: Party) -> None:
    """What no source says of a party is kept as a record of its own, so that it follows from its records alone."""
    key = f"party:{party.pk}"
    if not SourceRecord.objects.filter(source__code=corrections.KNOWN, external_id=key).exists():
        corrections.keep(party, deriving.untold(party), corrections.KNOWN, key)


def _absorb(
    first: Party, party: Party, act: uuid.UUID, how: str, probability: float | None, by: Viewer, picked: dict[str, Any]
) -> Merge:
    moved = {kind.name: kind.move([party.pk], first.pk) for kind in hanging()}
    merge = Merge.objects.create(
        survivor=first, merged=party, act=act, how=how, probability=probability, choices=_plain(picked),
        moved={name: count for name, count in moved.items() if count}, by_id=by.pk,
    )  # fmt: skip
    if picked:
        corrections.keep(first, picked, key=f"merge:{merge.pk}")
    Party.objects.filter(pk=party.pk).update(merged_into=first.pk)
    audit.record(occasion(), party, {"merged_into": [None, first.pk]})
    return merge


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: audit.plain(value) for name, value in values.items()}


def _forget_choices(merge: Merge) -> None:
    """What was chosen in a merge counts no longer: the records stay, but hang on nobody."""
    keys = [f"merge:{merge.pk}"]
    if not Merge.objects.filter(act=merge.act, undone_at__isnull=True).exists():
        keys.append(f"merge:{merge.act}")
    records = SourceRecord.objects.filter(source__code=corrections.HAND, external_id__in=keys)
    records.update(party=None, origin=None)


def _are_different(merge: Merge, by: Viewer) -> None:
    low, high = sorted((merge.survivor_id, merge.merged_id))
    decided = {"state": MatchPair.State.DIFFERENT, "decided_at": timezone.now(), "decided_by_id": by.pk}
    MatchPair.objects.update_or_create(
        low_id=low, high_id=high, defaults=decided, create_defaults={"probability": merge.probability or 0.0} | decided
    )


def _derive(party: Party) -> None:
    values = deriving.derived(deriving.said_of(party))
    before = audit.values_of(party)
    for name, value in values.items():
        setattr(party, name, value)
    after = audit.values_of(party)
    changed = [name for name in values if before[name] != after[name]]
    if changed:
        party.save(update_fields=changed)
        audit.record(occasion(), party, {name: [before[name], after[name]] for name in changed})
