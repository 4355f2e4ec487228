"""Facts of many customers corrected together: as if each were corrected by hand, but written as sets.

Each correction is a source record of the source “by hand”, so that no later import undoes it; its number names the bulk
change. When that is undone, its records hang on nobody, and the customers are what they were; of whom a source has told
meanwhile, he is derived again.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import date
from typing import Any

import pyarrow as pa
from django.db.models import Q
from django.utils.translation import gettext as _

from guanxi.customers import corrections, deriving, happenings, profile
from guanxi.customers.actions.locking import mark_changed
from guanxi.customers.actions.owning import require_owner
from guanxi.customers.models import ContactPoint, Party, SourceRecord
from guanxi.customers.survivorship import FIELDS
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.audit import plain
from guanxi.foundation.bulk import BulkSession
from guanxi.foundation.bulk.joined import joined
from guanxi.foundation.bulk_changes.writing import write_fields, write_values
from guanxi.foundation.desk import SetOfChanges, Sets
from guanxi.foundation.desk.among import Among
from guanxi.foundation.models import User
from guanxi.foundation.search import index_arrow

SOUGHT = {"name", "latin_name", "city"}  # what the search finds a customer by, or shows of him
OWNER = "owner"  # no word of a source: it is ours to say
MOMENT = pa.timestamp("us", "UTC")


def fits(name: str) -> bool:
    """Whether many customers can be given a value of this fact together."""
    field = profile.find(name.removeprefix(profile.PATH)) if name.startswith(profile.PATH) else None
    # Fields of an administrator's own go through `edit`: others may be worked out from them.
    return name in (*FIELDS, OWNER) or (field is not None and field.custom is None)


def clean(name: str, value: Any) -> Any:
    """The value as it is kept. Raises Refused where it cannot be of this fact."""
    if name.startswith(profile.PATH):
        field = profile.find(name.removeprefix(profile.PATH))
        return field.clean(value) if field is not None else value
    if name == OWNER:
        require_owner(User.objects.get(pk=value) if value is not None else None)
    if name == "date_of_birth" and value and date.fromisoformat(value) > clock.today():
        raise Refused(_("This day lies in the future."), name)
    return value


def write(changes: SetOfChanges) -> None:
    """Correct the customers, or take a correction of many back."""
    db = joined()
    write_fields(Party, changes, changed_at=changes.at)
    _write_profiles(changes)
    _take_back(db, changes) if changes.undo else _keep(db, changes)
    happenings.tell_in_sets(db, _events(changes), changes.at)
    if any(SOUGHT & set(fields) for fields in changes.rows.values()):
        index_arrow(db, Party._meta.label_lower, found(list(changes.rows)))


IN_SETS = Sets(write, fits, clean)


def _write_profiles(changes: SetOfChanges) -> None:
    named = {number: facts for number, fields in changes.rows.items() if (facts := _facts(fields))}
    if not named:
        return
    stored = Party.objects.filter(Among("pk", list(named))).values_list("pk", "profile")
    made = []
    for number, known in stored:
        merged = known | named[number]
        made.append(({name: value for name, value in merged.items() if value not in (None, "")}, number))
    write_values(Party, Party._meta.get_field("profile"), made)


def _facts(fields: dict[str, list[Any]]) -> dict[str, Any]:
    return {
        name.removeprefix(profile.PATH): after
        for name, (_before, after) in fields.items()
        if name.startswith(profile.PATH)
    }


def _record_number(change: int, party: int) -> str:
    return f"bulk-{change}-{party}"


def _keep(db: BulkSession, changes: SetOfChanges) -> None:
    """What was said by hand, of each customer a record."""
    said = {
        number: {name: plain(after) for name, (_before, after) in fields.items() if name != OWNER}
        for number, fields in changes.rows.items()
    }
    rows = [(number, json.dumps(words, ensure_ascii=False)) for number, words in said.items() if words]
    if not rows:
        return
    count, source = len(rows), corrections.source()
    digests = [hashlib.md5(payload.encode(), usedforsecurity=False).hexdigest() for _number, payload in rows]
    db.append(
        "customers_sourcerecord",
        pa.table(
            {
                "source_id": pa.array([source.pk] * count, pa.int64()),
                "external_id": pa.array([_record_number(changes.number, number) for number, _payload in rows]),
                "payload": pa.array([payload for _number, payload in rows]),
                "digest": pa.array(digests),
                "received_at": pa.array([changes.at] * count, MOMENT),
                "party_id": pa.array([number for number, _payload in rows], pa.int64()),
            }
        ),
    )


def _take_back(db: BulkSession, changes: SetOfChanges) -> None:
    """The records of the change hang on nobody from now on; who was spoken of since is derived again."""
    numbers, source = list(changes.rows), corrections.source()
    db.stage("taken_back", pa.table({"external_id": [_record_number(changes.number, number) for number in numbers]}))
    ours = (
        "FROM taken_back AS k CROSS JOIN customers_sourcerecord AS r "
        f"WHERE r.source_id = {source.pk} AND r.external_id = k.external_id"
    )
    told = db.read(f"SELECT r.received_at {ours} ORDER BY r.received_at LIMIT 1", pa.schema([("at", MOMENT)]))
    first = told.column(0)[0].as_py() if told.num_rows else None
    db.execute(f"UPDATE customers_sourcerecord SET party_id = NULL WHERE id IN (SELECT r.id {ours})")
    later = SourceRecord.objects.filter(Among("party_id", numbers), received_at__gt=first or changes.at)
    for party in Party.objects.filter(pk__in=later.exclude(source=source).values("party")):
        _derive(party, changes)


def _derive(party: Party, changes: SetOfChanges) -> None:
    """What sources said since counts, in the fields that were taken back."""
    told = deriving.derived(deriving.said_of(party))
    for name in changes.rows[party.pk]:
        if name.startswith(profile.PATH):
            fact = name.removeprefix(profile.PATH)
            if fact in told["profile"]:
                party.profile[fact] = told["profile"][fact]
        elif told.get(name):
            setattr(party, name, told[name])
    party.save(update_fields=[*FIELDS, "profile"])
    mark_changed(party)


def _events(changes: SetOfChanges) -> pa.Table:
    count = len(changes.rows)
    told = _with_names(changes)
    said = {"undo_of": changes.number} if changes.undo else {"bulk_change": changes.number}
    moment = clock.now()

    def all_(value: Any, kind: Any) -> pa.Array:
        return pa.array([value] * count, kind)

    return pa.table(
        {
            "party_id": pa.array(list(changes.rows), pa.int64()),
            "kind": all_("party.changed", pa.string()),
            "channel": all_("other", pa.string()),
            "direction": all_("inside", pa.string()),
            "occurred_at": all_(moment, MOMENT),
            "object_type": all_(Party._meta.label_lower, pa.string()),
            "object_id": pa.array(list(changes.rows), pa.int64()),
            "actor_id": all_(changes.by.pk, pa.int64()),
            "payload": pa.array([json.dumps({**said, "changes": fields}, ensure_ascii=False) for fields in told]),
        }
    )


def _with_names(changes: SetOfChanges) -> list[dict[str, list[Any]]]:
    """The changes of each as the ledger tells of them: owners by their names."""
    owners = {value for fields in changes.rows.values() for value in fields.get(OWNER, ()) if value}
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=owners)}
    return [
        {name: [names.get(value, "") for value in pair] if name == OWNER else pair for name, pair in fields.items()}
        for fields in changes.rows.values()
    ]


def found(numbers: list[int]) -> pa.Table:
    """What the search finds of these customers, as the search of single ones has it."""
    words: dict[int, list[str]] = defaultdict(list)
    keys = ContactPoint.objects.filter(Among("party_id", numbers)).order_by("pk").values_list("party_id", "key")
    for number, key in keys:
        words[number].append(key)
    parts = Party.objects.filter(Among("merged_into_id", numbers)).filter(~Q(name=""))
    for number, name, latin_name in parts.values_list("merged_into_id", "name", "latin_name"):
        words[number] += [name, latin_name]
    rows = list(Party.objects.filter(Among("pk", numbers)).values_list("pk", "name", "latin_name", "city"))
    return pa.table(
        {
            "id": pa.array([row[0] for row in rows], pa.int64()),
            "title": pa.array([row[1] for row in rows], pa.string()),
            "subtitle": pa.array([" · ".join(part for part in row[2:] if part) for row in rows], pa.string()),
            "text": pa.array([" ".join(filter(None, [row[2], *words[row[0]]])) for row in rows], pa.string()),
        }
    )
