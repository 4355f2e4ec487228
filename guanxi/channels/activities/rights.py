"""What calls, meetings and visits keep of a customer, and what becomes of it when he is erased."""

from __future__ import annotations

from guanxi.channels.activities.models import Activity, Participant
from guanxi.customers.rights.kept import AT_ONCE, Kept, Subject
from guanxi.foundation import search


def _erase(subject: Subject) -> int:
    """His meetings go with all who took part in them, and with what calendars hold of them: others than he, too."""
    ids = list(Kept(Activity).of(subject).values_list("pk", flat=True))
    subject.note(Activity, ids)
    search.remove(Activity, ids)
    for start in range(0, len(ids), AT_ONCE):
        Activity._base_manager.filter(pk__in=ids[start : start + AT_ONCE]).delete()
    return len(ids)


KEPT = [Kept(Activity, erase=_erase), Kept(Participant)]
