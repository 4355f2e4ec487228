"""What runs by the clock."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.access import locking
from guanxi.foundation.tasks import task


@task(label=_("Forget old failed log-ins"))
def forget_old() -> int:
    """Clear counts of failed attempts that no longer lock anybody."""
    return locking.forget_old()
