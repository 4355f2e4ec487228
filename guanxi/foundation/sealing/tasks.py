"""What runs by the clock: sealing every minute, and each night a look at the whole chain."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.notifications import notify
from guanxi.foundation.roles.guarding import administrators
from guanxi.foundation.sealing import sealing, verifying
from guanxi.foundation.tasks import progress, task


@task(label=_("Seal the audit log"))
def seal() -> int:
    """Seal what is settled."""
    return sealing.seal(progress)


@task(label=_("Check of the audit log"), queue_name="long", max_attempts=1)
def verify() -> dict[str, Any]:
    """Look at the whole chain, and tell the administrators where something is wrong."""
    result = verifying.verify(lambda done, total: progress(done, total, _now("Looking at every entry")))
    if result.count:
        _tell(result)
    return result.as_json()


def _tell(result: verifying.Result) -> None:
    for user in administrators():
        with translation.override(user.language or None):
            title = _now("The audit log is not as it was sealed: %(count)s faults.") % {"count": result.count}
            notify(user, title, result.faults[0].words, reverse("sealing:chain"), "error")
