"""The steps of the ground floor, and the list on Today."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell
from guanxi.foundation.models import User
from guanxi.foundation.steps import queries
from guanxi.foundation.steps.declaration import Step
from guanxi.foundation.visibility import Viewer, may


def _has_colleagues(viewer: Viewer) -> bool:
    return len(User.objects.filter(is_active=True, is_staff=True).values_list("pk")[:2]) > 1


def _has_second_factor(viewer: Viewer) -> bool:
    authenticators: Any = apps.get_app_config("mfa").get_model("Authenticator")
    return bool(authenticators.objects.filter(user_id=viewer.pk).exists())


def _sets_up(viewer: Viewer) -> bool:
    return may(viewer, "edit", "settings")


hooks.register("today_section", queries.section, order=1)
hooks.register(
    "first_step",
    Step(
        "business",
        _("See what is set of the business"),
        _("Country, currency and time zone decide how numbers, amounts and days are read."),
        "steps:business",
        "settings",
        when=_sets_up,
    ),
    order=10,
)
hooks.register(
    "first_step",
    Step(
        "mail",
        _("Connect a mail server"),
        _("Reports, reminders and invitations go out by mail."),
        "steps:business",
        "mail",
        done=lambda viewer: bool(settings.EMAIL_HOST),
        when=_sets_up,
    ),
    order=40,
)
hooks.register(
    "first_step",
    Step(
        "colleague",
        _("Invite a colleague"),
        _("Two see more than one."),
        "access:people",
        "user-plus",
        done=_has_colleagues,
        when=lambda viewer: may(viewer, "create", User) and bool(shell.address("access:people")),
    ),
    order=50,
)
hooks.register(
    "first_step",
    Step(
        "second-factor",
        _("Add a second factor to your log-in"),
        _("So that a stolen password is not enough."),
        "mfa_index",
        "shield-lock",
        done=_has_second_factor,
        personal=True,
        when=lambda viewer: apps.is_installed("allauth.mfa") and bool(shell.address("mfa_index")),
    ),
    order=60,
)
hooks.register(
    "first_step",
    Step(
        "address",
        _("Say under which mail address you are reached"),
        _("For mentions, reminders and reports."),
        "account",
        "at",
        done=lambda viewer: bool(getattr(viewer, "email", "")),
        personal=True,
    ),
    order=70,
)
