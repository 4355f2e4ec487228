"""Where a value comes from: who says it since when, why he is believed, and what else was said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from guanxi.customers import corrections
from guanxi.customers.merged import members_of
from guanxi.customers.models import FieldRule, Party, SourceRecord
from guanxi.customers.profile import PATH
from guanxi.customers.survivorship import BY_HAND, BY_HIMSELF, Said, field_names, rules, survivors
from guanxi.foundation import desk, sensitive
from guanxi.foundation.desk import history
from guanxi.foundation.desk.declaration import Field, as_field
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.visibility import Viewer

MOST_RECORDS = 1000  # of those that speak of the field, the newest
MOST_ENTRIES = 500  # of the audit log
NEAR = timedelta(seconds=5)  # between a correction and its entry in the audit log
OWN = (corrections.HAND, corrections.HIMSELF, corrections.KNOWN)


@dataclass
class Voice:
    """One value, for as long as one source said it without interruption."""

    value: Any
    words: str
    source: str
    code: str
    record: int
    since: datetime
    until: datetime | None = None
    who: str = ""
    wins: bool = False
    same: bool = False  # says the same as the one who wins

    @property
    def by_hand(self) -> bool:
        return self.code == corrections.HAND


@dataclass(frozen=True)
class Story:
    """All that was said of one field of a party; `winner` is None where nobody says anything of it."""

    field: Field
    name: str
    value: Any
    winner: Voice | None
    why: str
    others: list[Voice]
    masked: bool = False

    @property
    def label(self) -> Any:
        return self.field.label


def story(party: Party, name: str, viewer: Viewer) -> Story:
    """Where the field `name` of `party` has its value from. Raises KeyError where there is no such field."""
    shown = field_of(name)
    masked = sensitive.is_sensitive(shown.path)
    rows = SourceRecord.objects.visible_to(viewer).filter(party=party, payload__has_key=name).select_related("source")
    records = sorted(rows.order_by("-id")[:MOST_RECORDS], key=lambda row: (row.received_at, row.pk))
    voices = _voices(records, name, shown, masked)
    said = [Said(row.source.trust, row.received_at, row.pk, row.payload, row.source_id) for row in records]
    found = survivors(said, known := rules()).get(name)
    winner = _winner(voices, found[1].id, records, name) if found else None
    if any(voice.by_hand for voice in voices):
        _name_authors(voices, party, name)
    others = sorted((voice for voice in voices if voice is not winner), key=lambda one: (one.until is None, one.since))
    for voice in others:
        voice.same = winner is not None and voice.value == winner.value
    why = _why(found[1], said, known.get(name, ""), name) if found else ""
    return Story(shown, name, _value_of(party, name), winner, why, others[::-1], masked)


def field_of(name: str) -> Field:
    """The field of a party as the desk shows it. Raises KeyError."""
    return fields_of([name])[0]


def fields_of(names: Sequence[str]) -> list[Field]:
    """Several fields of a party as the desk shows them. Raises KeyError where there is none of a name."""
    customers, known = desk.find("customers"), set(field_names())
    facts = {fact.name: fact for fact in (customers.all_facts() if customers else [])}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise KeyError(unknown[0])
    return [facts.get(name) or as_field(Party, name) for name in names]


def words_of(shown: Field, value: Any) -> str:
    """A value as a source gave it, in words; empty where there is none."""
    if shown.name == "language" and value:
        try:
            return str(get_language_info(str(value))["name_translated"])
        except KeyError:
            return str(value)
    return history.plain_text(shown, value)


def given(name: str, value: Any) -> Any:
    """A value of a source record as actions take it."""
    if name == "date_of_birth" and value:
        return date.fromisoformat(str(value)[:10])
    return "" if value is None and not name.startswith(PATH) else value


def _value_of(party: Party, name: str) -> Any:
    return party.profile.get(name.removeprefix(PATH)) if name.startswith(PATH) else getattr(party, name)


def _speaker(row: SourceRecord) -> tuple[int, str]:
    """Who speaks: in a source, each of its records for itself; people with one voice."""
    return row.source_id, "" if row.source.code in OWN else row.external_id


def _voices(records: Iterable[SourceRecord], name: str, shown: Field, masked: bool) -> list[Voice]:
    """What was said in runs: a value of one speaker from its first record to his next other word."""
    runs: list[Voice] = []
    open_runs: dict[tuple[int, str], Voice] = {}
    for row in records:
        value = row.payload.get(name)
        if value in (None, "") and row.source.trust < BY_HAND:
            continue
        value = None if value == "" else value
        before = open_runs.get(_speaker(row))
        if before is not None and before.value == value:
            before.record = row.pk
            continue
        if before is not None:
            before.until = row.received_at
        words = (sensitive.MASK if masked else words_of(shown, value)) if value is not None else ""
        voice = Voice(value, words, _(row.source.name), row.source.code, row.pk, row.received_at)
        runs.append(voice)
        open_runs[_speaker(row)] = voice
    return runs


def _winner(voices: list[Voice], record: int, records: list[SourceRecord], name: str) -> Voice | None:
    """The run that the winning record is part of."""
    row = next(row for row in records if row.pk == record)
    value = row.payload.get(name)
    fitting = [
        voice
        for voice in voices
        if voice.code == row.source.code and (voice.value == value or (voice.value is None and value == ""))
    ]
    at = row.received_at
    within = [one for one in fitting if one.since <= at and (one.until is None or at < one.until)]
    if not fitting:
        return None
    chosen = (within or fitting)[-1]
    chosen.wins, chosen.record = True, record
    return chosen


def _name_authors(voices: list[Voice], party: Party, name: str) -> None:
    """Say who corrected by hand, from the audit log."""
    entries = AuditEntry.objects.filter(object_type=Party._meta.label_lower, object_id__in=members_of(party.pk))
    keys = {name, name.split(".", maxsplit=1)[0]}
    known = [
        (at, who)
        for at, who, changes in entries.order_by("-id").values_list("at", "actor_name", "changes")[:MOST_ENTRIES]
        if keys & set(changes)
    ]
    for voice in voices:
        if voice.by_hand:
            near = [(abs(at - voice.since), who) for at, who in known if abs(at - voice.since) <= NEAR]
            voice.who = min(near)[1] if near else ""


def _why(record: Said, said: list[Said], rule: str, name: str) -> str:
    """By which rule the record won."""
    if record.trust >= BY_HIMSELF:
        return _("What the customer says of himself counts before all others.")
    if record.trust >= BY_HAND:
        return _("What people say by hand counts before all sources.")
    speakers = {one.source for one in said if one.trust >= 0}
    if record.trust < 0:
        return _("Known before a merge; no source says anything of it.")
    if len(speakers) == 1:
        return _("It is the only source that says anything of this; its newest word counts.")
    if rule == FieldRule.Rule.NEWEST:
        return _("Of this the newest word counts, and this is the newest.")
    if rule == FieldRule.Rule.COMPLETE:
        return _("Of this the most complete value counts, and this is the longest.")
    if rule == FieldRule.Rule.FREQUENT:
        value = record.payload.get(name)
        votes = len({one.source for one in said if one.payload.get(name) == value and one.trust >= 0})
        words = ngettext(
            "It is what %(votes)s of %(all)s sources says.", "It is what %(votes)s of %(all)s sources say.", votes
        )
        return words % {"votes": votes, "all": len(speakers)}
    return _("It is the most trusted source that says anything of this (trust %(trust)s).") % {"trust": record.trust}
