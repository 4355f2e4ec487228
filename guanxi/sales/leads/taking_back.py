"""Taking away a customer whom a conversion made, where nothing else has happened with him since."""

from __future__ import annotations

from guanxi.customers.models import Party
from guanxi.customers.rights.kept import Subject, kept, subject_of
from guanxi.foundation import audit
from guanxi.foundation.actions import occasion

# What making a customer writes by itself; anything else says that somebody has worked with him.
OF_MAKING = {
    "customers.party", "customers.partyrole", "customers.contactpoint", "customers.relationship",
    "customers.sourcerecord", "customers.consent", "customers.matchkey", "customers.matchpair", "ledger.event",
}  # fmt: skip
STAYS = {"foundation.auditentry", "leads.lead", "leads.assignment"}  # what tells of the lead and of what was done
TELLING = ("order.", "call", "visit", "message", "note.", "todo.", "file.", "request.")


def take_back(number: int) -> bool:
    """Take the customer away with what was written when he was made; False where he stays."""
    party = Party.objects.filter(pk=number, merged_into__isnull=True).first()
    if party is None:
        return False
    subject = subject_of(party)
    everything = kept()
    if len(subject.ids) > 1 or _was_worked_with(subject):
        return False
    audit.record_summary(occasion(), "customers.party", party.pk, party.name, {"name": [party.name, None]})
    for one in everything:
        if one.name in OF_MAKING:
            one.wipe(subject)
    return True


def _was_worked_with(subject: Subject) -> bool:
    for one in kept():
        rows = one.of(subject)
        if one.name not in OF_MAKING | STAYS and rows.exists():
            return True
        if one.name == "ledger.event" and any(rows.filter(kind__startswith=kind).exists() for kind in TELLING):
            return True
    return False
