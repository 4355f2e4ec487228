"""What insight keeps of a customer: his standing, given to him with the reason in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.customers.rights.kept import Kept, Subject
from guanxi.insight import explaining, naming
from guanxi.insight.models import Cost, Standing, WithoutStanding


def _told(subject: Subject) -> list[str]:
    """Why he stands where he stands."""
    row = Standing.objects.filter(party=subject.party).select_related("party").first()
    if row is None:
        return []
    stage = naming.stage_pill(row.stage)
    purchases = explaining.purchases_of(row.party)
    return [f"{stage.label}: {explaining.reason(row, purchases)}", explaining.meaning(row.stage)]


KEPT = [
    Kept(Standing, told=_told, order=7, label=_("What we worked out of it")),
    Kept(Cost),
    Kept(WithoutStanding, given=False),
]
