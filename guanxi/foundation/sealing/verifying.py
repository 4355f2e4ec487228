"""Looking whether the chain is whole: which entry was changed, removed or inserted, and that nothing else was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation.models import AuditEntry
from guanxi.foundation.sealing import digests, sealing, triggers
from guanxi.foundation.sealing.models import Door, Head, Seal
from guanxi.foundation.sealing.redacting import FORGOTTEN, OF, REDACTED

AT_ONCE = 2_000
MOST = 100  # faults that are named
LATE = timedelta(hours=6)  # transactions (imports) commit that long after their entries say they were written
CHANGED, REMOVED, INSERTED, SEAL, OTHER = "changed", "removed", "inserted", "seal", "other"


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it was sealed: of which kind, at which entry, and in words."""

    kind: str
    entry: int | None
    words: str


@dataclass
class Result:
    """What a look at the whole chain found."""

    sealed: int = 0
    redacted: int = 0
    forgotten: int = 0
    head: str = ""
    count: int = 0  # of all faults
    faults: list[Fault] = field(default_factory=list)

    def add(self, kind: str, entry: int | None, words: str) -> None:
        """Note a fault; the first hundred by name."""
        self.count += 1
        if len(self.faults) < MOST:
            self.faults.append(Fault(kind, entry, words))

    def as_json(self) -> dict[str, Any]:
        """For the result of a background task."""
        return asdict(self)


@dataclass
class _TakenOut:
    """What records of redaction and retention say: the digests that entries may have besides, and who may be gone."""

    digests: dict[int, set[str]] = field(default_factory=dict)
    runs: list[tuple[int, int]] = field(default_factory=list)

    def gone(self, entry: int) -> bool:
        return any(first <= entry <= last for first, last in self.runs)


def verify(progress: Callable[[int, int], object] = lambda done, total: None) -> Result:
    """Seal what is settled, then look at every link. Reads the whole log: some twenty seconds for a million entries."""
    sealing.seal()
    result, taken = Result(), _TakenOut()
    head = Head.objects.get(pk=sealing.HEAD)
    keys = digests.known_keys()
    result.head = f"{head.sequence}:{head.hash}"
    _read_records(taken, keys, result)
    last = _walk(head, taken, keys, result, progress)
    _check_head(head, last, result)
    _check_unsealed(head, result)
    _check_guards(result)
    return result


def holds(sequence: int, hash_: str) -> bool:
    """Whether a head that was noted earlier is still part of the chain."""
    return Seal.objects.filter(sequence=sequence, hash=hash_).exists()


def _read_records(taken: _TakenOut, keys: dict[str, digests.Key], result: Result) -> None:
    rows = AuditEntry.objects.filter(object_type=OF, object_id=None).order_by("pk").values_list("pk", "changes")
    for number, changes in rows.iterator(chunk_size=AT_ONCE):
        kind = next((one for one in (REDACTED, FORGOTTEN) if one in changes), None)
        if kind is None:
            continue
        entries = changes.get("entries", [])
        if changes.get("proof") not in [digests.of_list(key, kind, entries) for key in keys.values()]:
            result.add(INSERTED, number, _("This record of what was taken out was not made by Guanxi."))
        elif kind == FORGOTTEN:
            taken.runs += [(int(first), int(last)) for first, last in entries]
        else:
            for digest, numbers in entries:
                for one in numbers:
                    taken.digests.setdefault(int(one), set()).add(digest)


def _walk(
    head: Head,
    taken: _TakenOut,
    keys: dict[str, digests.Key],
    result: Result,
    progress: Callable[[int, int], object],
) -> Seal | None:
    before: Seal | None = None
    seals = Seal.objects.order_by("sequence").iterator(chunk_size=AT_ONCE)
    for some in _batches(seals):
        rows = _rows([one.entry for one in some])
        for one in some:
            _check_link(one, before, keys, result)
            _check_entry(one, rows.get(one.entry), taken, keys, result)
            before = one
        result.sealed += len(some)
        progress(result.sealed, head.sequence)
    return before


def _batches(seals: Iterator[Seal]) -> Iterator[list[Seal]]:
    some: list[Seal] = []
    for one in seals:
        some.append(one)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _rows(ids: list[int]) -> dict[int, tuple[Any, ...]]:
    found = AuditEntry.objects.filter(pk__in=ids).values_list(*digests.COLUMNS)
    return {row[0]: tuple(row) for row in found}


def _check_link(one: Seal, before: Seal | None, keys: dict[str, digests.Key], result: Result) -> None:
    expected = before.sequence + 1 if before else 1
    if one.sequence != expected:
        words = _("%(count)s seals before number %(sequence)s are gone, and with them what they stood for.")
        result.add(REMOVED, None, words % {"count": one.sequence - expected, "sequence": one.sequence})
        return
    key = keys.get(one.key)
    if key is None:
        result.add(SEAL, one.entry, _("This was sealed with another secret key; name it in GUANXI_OLD_SECRET_KEYS."))
        return
    link = before.hash if before else ""
    times = one.at, one.since
    made = digests.of_seal(key, link, one.sequence, one.entry, times, one.frame_digest, one.values_digest)
    if made != one.hash:
        result.add(SEAL, one.entry, _("Its seal was changed, or stands in another's place."))


def _check_entry(
    one: Seal,
    row: tuple[Any, ...] | None,
    taken: _TakenOut,
    keys: dict[str, digests.Key],
    result: Result,
) -> None:
    key = keys.get(one.key)
    if key is None:
        return
    if row is None:
        if taken.gone(one.entry):
            result.forgotten += 1
        else:
            result.add(REMOVED, one.entry, _("This entry was removed."))
        return
    if digests.of_frame(key, row) != one.frame_digest:
        result.add(CHANGED, one.entry, _("Who did what, when, from where or on which record was changed."))
    elif digests.of_values(key, one.salt, row[-2], row[-1]) != one.values_digest:
        if _is_redacted(one.entry, row, taken, keys):
            result.redacted += 1
        else:
            result.add(CHANGED, one.entry, _("What it was about, or the values from and to, were changed."))
    elif one.since is not None and row[1] < one.since - LATE:
        result.add(INSERTED, one.entry, _("This entry was written long after the moment that it names."))


def _is_redacted(entry: int, row: tuple[Any, ...], taken: _TakenOut, keys: dict[str, digests.Key]) -> bool:
    allowed = taken.digests.get(entry, set())
    return any(digests.of_values(key, "", row[-2], row[-1]) in allowed for key in keys.values())


def _check_head(head: Head, last: Seal | None, result: Result) -> None:
    if not sealing.is_genuine(head):
        result.add(SEAL, None, _("The head of the chain was changed, or made with another secret key."))
    sequence, hash_ = (last.sequence, last.hash) if last else (0, "")
    if sequence < head.sequence:
        words = _("The chain ends at number %(end)s, but was sealed up to %(head)s: the newest entries were removed.")
        result.add(REMOVED, None, words % {"end": sequence, "head": head.sequence})
    elif (sequence, hash_) != (head.sequence, head.hash):
        result.add(SEAL, None, _("The end of the chain is not what was noted of it."))


def _check_unsealed(head: Head, result: Result) -> None:
    if not head.mark:
        return
    for number in sealing.unsealed().filter(sealing.below(head.mark)).order_by("pk").values_list("pk", flat=True):
        result.add(INSERTED, number, _("This entry was put among others that had been sealed already."))


def _check_guards(result: Result) -> None:
    gone = triggers.missing()
    if gone:
        words = _("The database does not refuse changes of the log any more (%(names)s are missing); run guanxi init.")
        result.add(OTHER, None, words % {"names": ", ".join(sorted(gone))})
    if Door.objects.exists():
        result.add(OTHER, None, _("Somebody left the log open for changes; empty the table sealing_door."))
