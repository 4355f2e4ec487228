"""What a merge by hand would make of several parties, before it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers.actions.merging import value_of
from guanxi.customers.identity import queries
from guanxi.customers.identity.story import fields_of, words_of
from guanxi.customers.merged import root_of
from guanxi.customers.models import Merge, Party, SourceRecord
from guanxi.customers.survivorship import KNOWN_BEFORE, Said, field_names, rules, survivors
from guanxi.foundation import sensitive
from guanxi.foundation.audit import plain
from guanxi.foundation.desk.declaration import Field
from guanxi.foundation.visibility import Viewer


@dataclass
class Value:
    """What one party says of a field: whose radio stands for it, who told it, since when."""

    party: int
    words: str
    stands_for: int  # the first party with the same value
    source: str = ""
    since: Any = None

    @property
    def is_first(self) -> bool:
        return self.party == self.stands_for


@dataclass
class Choice:
    """One field of all parties, what the rules would take, and what is chosen."""

    field: Field
    values: list[Value]
    by_rule: int | None
    chosen: int | None
    result: str

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def label(self) -> Any:
        return self.field.label

    @property
    def differs(self) -> bool:
        """Whether there is anything to choose."""
        return len({value.stands_for for value in self.values if value.words}) > 1

    @property
    def is_own(self) -> bool:
        """Whether something else was chosen than the rules would take."""
        return self.chosen is not None and self.chosen != self.by_rule


@dataclass
class Outcome:
    """All that the screen of merging shows."""

    parties: list[Party]
    survivor: Party | None
    choices: list[Choice]
    notices: list[str]
    repointed: list[queries.Counted]

    @property
    def own_choices(self) -> dict[str, int]:
        """The choices that differ from what the rules would take, as `merge_parties` wants them."""
        return {one.name: one.chosen for one in self.choices if one.is_own and one.chosen is not None}

    @property
    def differing(self) -> list[Choice]:
        return [one for one in self.choices if one.differs]

    @property
    def agreed(self) -> list[Choice]:
        return [one for one in self.choices if not one.differs]

    @property
    def shown(self) -> list[Choice]:
        """What would be known of the survivor."""
        return [one for one in self.choices if one.result]

    @property
    def ids(self) -> str:
        return ",".join(str(party.pk) for party in self.parties)


def outcome(ids: Sequence[int], viewer: Viewer, survivor: int | None, chosen: Mapping[str, int]) -> Outcome:
    """What merging the parties with these numbers would lead to; a bounded number of queries, whatever hangs on them.

    Those that are part of another by now are taken by that other, those that `viewer` may not see are left out; the
    notices say so.
    """
    parties, notices = _there(ids, viewer)
    first = next((party for party in parties if party.pk == survivor), parties[0] if parties else None)
    others = [party.pk for party in parties if party is not first]
    return Outcome(parties, first, _choices(parties, viewer, chosen), notices, queries.repointed(others))


def _there(ids: Sequence[int], viewer: Viewer) -> tuple[list[Party], list[str]]:
    known = Party.objects.visible_to(viewer).in_bulk(list(ids))
    found: dict[int, Party] = {}
    notices = []
    for number in ids:
        if number in known:
            found[number] = known[number]
            continue
        root = Party.objects.visible_to(viewer).filter(pk=root_of(number)).first()
        if root is None:
            notices.append(_("There is no customer number %(number)s.") % {"number": number})
            continue
        found.setdefault(root.pk, root)
        merge = Merge.objects.filter(merged=number, undone_at__isnull=True).select_related("merged").first()
        words = _("%(old)s (number %(number)s) is part of %(new)s by now.")
        notices.append(words % {"old": merge.merged if merge else "", "number": number, "new": root})
    return list(found.values()), notices


def _choices(parties: list[Party], viewer: Viewer, chosen: Mapping[str, int]) -> list[Choice]:
    """Each field that anybody has a value of."""
    told = _told(parties, viewer)
    known_rules = rules()
    own = {party.pk: survivors(told[party.pk][0], known_rules) for party in parties}
    everything = [record for party in parties for record in (*told[party.pk][0], _untold(party, own[party.pk]))]
    derived = survivors(everything, known_rules)
    found = []
    for shown in fields_of(field_names()):
        name = shown.name
        values = _values(shown, parties, own, told)
        if not any(value.words for value in values):
            continue
        taken = plain(derived[name][0]) if name in derived else None
        by_rule = next((party.pk for party in parties if plain(value_of(party, name) or None) == taken), None)
        picked = chosen.get(name, by_rule)
        value = next((value for value in values if value.party == picked), None)
        pick = value.stands_for if value else by_rule
        told_by_none = sensitive.MASK if sensitive.is_sensitive(shown.path) else words_of(shown, taken)
        result = next((one.words for one in values if one.party == pick), told_by_none if taken else "")
        first = next((one.stands_for for one in values if one.party == by_rule), by_rule)
        found.append(Choice(shown, values, first, pick, result))
    return found


def _told(parties: list[Party], viewer: Viewer) -> dict[int, tuple[list[Said], dict[int, SourceRecord]]]:
    """What sources said of each party, and the records by their id; one query."""
    found: dict[int, tuple[list[Said], dict[int, SourceRecord]]] = {party.pk: ([], {}) for party in parties}
    rows = SourceRecord.objects.visible_to(viewer).filter(party__in=list(found)).select_related("source").order_by("id")
    for row in rows:
        said, records = found[row.party_id or 0]
        said.append(Said(row.source.trust, row.received_at, row.pk, row.payload, row.source_id))
        records[row.pk] = row
    return found


def _untold(party: Party, told: Mapping[str, tuple[Any, Said]]) -> Said:
    """What is known of a party though no source says it, as a record that counts where nobody else speaks."""
    rest = {}
    for name in field_names():
        value = plain(value_of(party, name))
        if value not in (None, "") and (name not in told or told[name][0] != value):
            rest[name] = value
    return Said(KNOWN_BEFORE, timezone.now(), 0, rest)


def _values(
    shown: Field,
    parties: list[Party],
    own: Mapping[int, Mapping[str, tuple[Any, Said]]],
    told: Mapping[int, tuple[list[Said], dict[int, SourceRecord]]],
) -> list[Value]:
    masked = sensitive.is_sensitive(shown.path)
    first: dict[str, int] = {}
    values = []
    for party in parties:
        value = plain(value_of(party, shown.name))
        key = "" if value is None else str(value)
        words = words_of(shown, value) if key else ""
        one = Value(party.pk, sensitive.MASK if masked and words else words, first.setdefault(key, party.pk))
        source = own[party.pk].get(shown.name)
        if words and source and source[0] == value:
            row = told[party.pk][1][source[1].id]
            one.source, one.since = _(row.source.name), _since(told[party.pk][0], source[1], shown.name)
        values.append(one)
    return values


def _since(said: list[Said], record: Said, name: str) -> Any:
    """Since when the source of `record` has said this without interruption."""
    since = record.received_at
    same = sorted((one for one in said if one.source == record.source), key=lambda one: (one.received_at, one.id))
    for one in reversed([one for one in same if (one.received_at, one.id) <= (record.received_at, record.id)]):
        if one.payload.get(name) in (None, ""):
            continue
        if one.payload[name] != record.payload[name]:
            break
        since = one.received_at
    return since
