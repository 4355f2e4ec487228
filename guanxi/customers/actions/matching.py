"""What is decided of who may be who: pairs proposed and decided, thresholds, rules, trust, junk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers.actions.merging import Merged, merge_parties
from guanxi.customers.following import follow_soon
from guanxi.customers.models import FieldRule, JunkValue, MatchingSettings, MatchKey, MatchPair, Merge, Party, Source
from guanxi.customers.survivorship import BY_HAND, field_names
from guanxi.foundation import audit
from guanxi.foundation.actions import Refused, action, change, create, delete, occasion
from guanxi.foundation.visibility import Viewer, may, require

LATER = timedelta(days=30)
UNDECIDED = (MatchPair.State.OPEN, MatchPair.State.LATER)
BATCH = 1000


class Found(NamedTuple):
    """Two parties that may be one: their ids in order, the probability and what it is made of."""

    low: int
    high: int
    probability: float
    weights: list[dict[str, Any]]


def settings() -> MatchingSettings:
    """The one row of settings, made when first asked for."""
    return MatchingSettings.objects.get_or_create(pk=1)[0]


@action
def propose_pairs(found: Sequence[Found], *, by: Viewer) -> int:
    """Note pairs that may be one; how many are new. What people decided of a pair stays as it was."""
    fresh = 0
    for start in range(0, len(found), BATCH):
        part = {(pair.low, pair.high): pair for pair in found[start : start + BATCH]}
        rows = MatchPair.objects.filter(low__in={low for low, _high in part}, high__in={high for _low, high in part})
        known = {(row.low_id, row.high_id): row for row in rows}
        changed = []
        for key, pair in part.items():
            row = known.get(key)
            if row is not None and row.state in UNDECIDED:
                row.probability, row.weights = pair.probability, pair.weights
                changed.append(row)
        MatchPair.objects.bulk_update(changed, ["probability", "weights"])
        new = [pair for key, pair in part.items() if key not in known]
        rows_made = [
            MatchPair(low_id=pair.low, high_id=pair.high, probability=pair.probability, weights=pair.weights)
            for pair in new
        ]
        MatchPair.objects.bulk_create(rows_made, ignore_conflicts=True)
        fresh += len(new)
    return fresh


@action
def forget_pairs(but: Iterable[tuple[int, int]], *, by: Viewer) -> int:
    """Take away the undecided pairs that are not among `but`: they are not alike any longer; how many."""
    kept = set(but)
    rows = MatchPair.objects.filter(state__in=UNDECIDED).values_list("pk", "low", "high")
    gone = [number for number, low, high in rows.iterator() if (low, high) not in kept]
    for start in range(0, len(gone), BATCH):
        MatchPair.objects.filter(pk__in=gone[start : start + BATCH]).delete()
    return len(gone)


@action
def keep_keys(keys: dict[int, list[int]], *, by: Viewer) -> None:
    """Note the keys by which parties are looked up, in the place of those they had."""
    MatchKey.objects.filter(party__in=list(keys)).delete()
    rows = [MatchKey(party_id=party, key=key) for party, own in keys.items() for key in own]
    MatchKey.objects.bulk_create(rows, batch_size=BATCH)


def may_decide(pair: MatchPair, viewer: Viewer) -> bool:
    """Whether `viewer` says of a pair whether they are one: who may merge both of them."""
    return may(viewer, "edit", pair) and all(may(viewer, "merge", one) for one in (pair.low, pair.high))


@action
def decide_pair(
    pair_id: int, decision: str, *, by: Viewer, survivor: int | None = None, until: datetime | None = None
) -> Merged | None:
    """Say of a pair that they are one (`merge`, into `survivor` or the one known longer), `different`, or `later`.

    Raises Refused where somebody decided it meanwhile, MatchPair.DoesNotExist.
    """
    pair = MatchPair.objects.visible_to(by).select_for_update().get(pk=pair_id)
    _require_decider(pair, by)
    if pair.state not in UNDECIDED:
        message = _("This pair was decided meanwhile by %(who)s: %(what)s.")
        who = str(pair.decided_by) if pair.decided_by else _("the system")
        raise Refused(message % {"who": who, "what": pair.get_state_display()})
    if decision == "merge":
        first = survivor or pair.low_id
        if first not in (pair.low_id, pair.high_id):
            raise Refused(_("The survivor has to be one of the two."), "survivor")
        other = pair.high_id if first == pair.low_id else pair.low_id
        return merge_parties(first, [other], by=by, how=Merge.How.QUEUE, probability=pair.probability)
    states = {"different": MatchPair.State.DIFFERENT, "later": MatchPair.State.LATER}
    if decision not in states:
        raise Refused(_("Decide “merge”, “different” or “later”."), "decision")
    later = decision == "later"
    MatchPair.objects.filter(pk=pair.pk).update(
        state=states[decision],
        until=(until or timezone.now() + LATER) if later else None,
        decided_at=timezone.now(),
        decided_by=by.pk,
    )
    audit.record(occasion(), pair, {"state": [pair.state, states[decision]]})
    return None


def _require_decider(pair: MatchPair, by: Viewer) -> None:
    require(by, "edit", pair)
    for party in (pair.low, pair.high):
        require(by, "merge", party)


@action
def reopen_pair(pair_id: int, *, by: Viewer) -> MatchPair:
    """Take back that a pair is different or put off."""
    pair = MatchPair.objects.visible_to(by).select_for_update().get(pk=pair_id)
    _require_decider(pair, by)
    if pair.state == MatchPair.State.MERGED:
        raise Refused(_("These two were merged; undo the merge to part them."))
    MatchPair.objects.filter(pk=pair.pk).update(
        state=MatchPair.State.OPEN, until=None, decided_at=None, decided_by=None
    )
    audit.record(occasion(), pair, {"state": [pair.state, MatchPair.State.OPEN]})
    pair.refresh_from_db()
    return pair


@action
def merge_by_itself(low: int, high: int, probability: float, *, by: Viewer) -> Merged | None:
    """Merge two that are surely one; None where they cannot be merged, or people said that they are different."""
    if MatchPair.objects.filter(low=low, high=high).exclude(state__in=UNDECIDED).exists():
        return None
    if Party.objects.filter(Q(pk=low) | Q(pk=high), merged_into__isnull=True).count() < 2:
        return None
    return merge_parties(low, [high], by=by, how=Merge.How.MACHINE, probability=probability)


def check_thresholds(merge_from: float, ask_from: float) -> None:
    """Raise Refused where thresholds cannot be."""
    if not 0 < ask_from <= 1:
        raise Refused(_("A probability lies between 0 and 1."), "ask_from")
    if not ask_from <= merge_from <= 1:
        raise Refused(
            _("What is merged by itself has to be at least as probable as what people are asked."), "merge_from"
        )


@action
def set_matching(*, merge_from: float, ask_from: float, by_itself: bool, by: Viewer) -> MatchingSettings:
    """Set from which probability on pairs are merged by themselves, and from which on people are asked."""
    check_thresholds(merge_from, ask_from)
    return change(settings(), merge_from=merge_from, ask_from=ask_from, by_itself=by_itself)


@action
def keep_model(model: dict[str, Any], records: int, *, by: Viewer) -> None:
    """Keep what was learned of likeness, and from how many records."""
    settings()
    MatchingSettings.objects.filter(pk=1).update(model=model, trained_at=timezone.now(), trained_on=records)


@action
def note_seen(moment: datetime, party: int, *, by: Viewer) -> None:
    """Note up to which change parties were looked at."""
    settings()
    MatchingSettings.objects.filter(pk=1).update(seen_at=moment, seen_party=party)


@action
def note_all_seen(*, by: Viewer) -> None:
    """Note that all parties up to now are looked at, because all are compared with all."""
    newest = Party.objects.order_by("-changed_at", "-pk").values_list("changed_at", "pk").first()
    if newest:
        note_seen(*newest, by=by)


@action
def note_compared(moment: datetime, *, by: Viewer) -> None:
    """Note when all were compared with all; who changed since is looked at anew."""
    settings()
    MatchingSettings.objects.filter(pk=1).update(compared_at=moment)


@action
def set_rule(field: str, rule: str, *, by: Viewer) -> FieldRule:
    """Say which of several sources is believed for a field. Known parties follow in the background."""
    require(by, "edit", FieldRule)
    if field not in field_names():
        raise Refused(_("There is no field “%(name)s”.") % {"name": field}, "field")
    known = FieldRule.objects.filter(field=field).first()
    before = known.rule if known else FieldRule.Rule.TRUSTED
    stored = change(known, rule=rule) if known else create(FieldRule, field=field, rule=rule)
    if stored.rule != before:
        follow_soon()
    return stored


@action
def set_trust(source_id: int, trust: int, *, by: Viewer) -> Source:
    """Say how far a source is trusted, from 0 to 99; people are trusted above all. Known parties follow."""
    source = Source.objects.get(pk=source_id)
    if source.trust >= BY_HAND or source.trust < 0:
        raise Refused(_("What people say is always believed first."), "trust")
    if not 0 <= trust < BY_HAND:
        raise Refused(_("Trust goes from 0 to 99."), "trust")
    before = source.trust
    stored = change(source, trust=trust)
    if before != trust:
        follow_soon()
    return stored


@action
def add_junk(kind: str, value: str, note: str = "", *, by: Viewer) -> JunkValue:
    """Say of a mail address, a telephone number or a name that it tells nothing of who somebody is."""
    from guanxi.customers import normalise

    key = value.strip()
    if not key:
        raise Refused(_("Write the value that tells nothing."), "key")
    if kind == JunkValue.Kind.MAIL and not key.startswith("@"):
        key = key.casefold()
    elif kind == JunkValue.Kind.PHONE:
        key = normalise.key_of("phone", key)
    elif kind == JunkValue.Kind.NAME:
        key = " ".join(key.casefold().split())
    if JunkValue.objects.filter(kind=kind, key=key).exists():
        raise Refused(_("This value is on the list already."), "key")
    return create(JunkValue, kind=kind, key=key, note=note.strip())


@action
def remove_junk(row_id: int, *, by: Viewer) -> None:
    """Take a value from the junk list."""
    delete(JunkValue.objects.visible_to(by).get(pk=row_id))
