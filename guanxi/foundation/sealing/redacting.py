"""The one door through which values leave the audit log: erasure of a customer, and the rules of retention.

Who did what, when, on which record number stays; each taking out is itself an entry, with a proof, by which the check
of the chain knows it from tampering.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import models

from guanxi.foundation import audit
from guanxi.foundation.actions import occasion
from guanxi.foundation.models import AuditEntry
from guanxi.foundation.sealing import digests, triggers
from guanxi.foundation.sealing.models import Seal

AT_ONCE = 500
REDACTED, FORGOTTEN = "redacted", "forgotten"
OF = AuditEntry._meta.label_lower


def blank(entries: models.QuerySet[AuditEntry]) -> int:
    """Take all values out of entries; how many. Within an action."""
    ids = list(entries.filter(~(models.Q(object_label="") & models.Q(changes={}))).values_list("pk", flat=True))
    for some in _slices(ids):
        with triggers.opened(REDACTED):
            _rows(some).update(object_label="", changes={})
            _unsalt(some)
        _note_redacted({number: ("", {}) for number in some})
    return len(ids)


def replace(values: dict[int, tuple[str, Any]]) -> int:
    """Give entries another label and other changes (with a name taken out of them); how many. Within an action."""
    for some in _slices(sorted(values)):
        with triggers.opened(REDACTED):
            for number in some:
                label, changes = values[number]
                _rows([number]).update(object_label=label, changes=changes)
            _unsalt(some)
        _note_redacted({number: values[number] for number in some})
    return len(values)


def forget(ids: Sequence[int]) -> None:
    """Delete entries that are old enough. Within an action; their seals stay, and say that there was something."""
    for some in _slices(sorted(ids)):
        with triggers.opened(FORGOTTEN):
            found = _rows(some)
            found._raw_delete(found.db)
            _unsalt(some)
        runs = [list(run) for run in _runs(some)]
        proof = digests.of_list(digests.present_key(), FORGOTTEN, runs)
        changes = {FORGOTTEN: [len(some), 0], "entries": runs, "proof": proof}
        audit.record_summary(occasion(), OF, None, "", changes)


def _rows(ids: Sequence[int]) -> models.QuerySet[AuditEntry]:
    return AuditEntry._base_manager.filter(pk__in=ids)


def _unsalt(ids: Sequence[int]) -> None:
    """Without the salt nobody can find out by guessing what the values were."""
    Seal.objects.filter(entry__in=ids).update(salt="")


def _note_redacted(values: dict[int, tuple[str, Any]]) -> None:
    key = digests.present_key()
    by_digest: dict[str, list[int]] = defaultdict(list)
    for number, (label, changes) in values.items():
        by_digest[digests.of_values(key, "", label, changes)].append(number)
    entries = [[digest, numbers] for digest, numbers in by_digest.items()]
    proof = digests.of_list(key, REDACTED, entries)
    changes = {REDACTED: [None, len(values)], "entries": entries, "proof": proof}
    audit.record_summary(occasion(), OF, None, "", changes)


def _slices(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def _runs(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Numbers in a row as (first, last)."""
    first = last = None
    for number in ids:
        if first is None or last is None or number != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last
