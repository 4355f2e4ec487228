"""Ticking steps off, and sending them away."""

from __future__ import annotations

from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused, action, create
from guanxi.foundation.steps import declaration
from guanxi.foundation.steps.models import SettledStep
from guanxi.foundation.visibility import Viewer, require


@action
def settle(slug: str, *, by: Viewer, dismissed: bool = False) -> None:
    """Tick a step off, or dismiss it: a personal one for `by`, one of the installation for all."""
    step = next((one for one in declaration.all() if one.slug == slug), None)
    if step is None:
        raise Refused(_("There is no such step."))
    if not step.personal:
        require(by, "edit", "settings")
    user = by.pk if step.personal else None
    if not SettledStep.objects.filter(slug=slug, user=user).exists():
        create(SettledStep, slug=slug, user_id=user, dismissed=dismissed)
