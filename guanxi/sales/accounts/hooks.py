"""What account plans hang into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.customers.hanging import Hanging
from guanxi.customers.rights.kept import Kept
from guanxi.foundation import hooks
from guanxi.foundation.desk import Panel
from guanxi.foundation.governing import Subject
from guanxi.sales.accounts import (
    api,
    desk,  # noqa: F401  registers the desk
    happenings,
    panels,
)
from guanxi.sales.accounts.models import AccountGoal, AccountReview

hooks.register("subject", Subject("accounts", _("Account plans"), owned=True), order=16)
for position, kind in enumerate(happenings.KINDS):
    hooks.register("event_kind", kind, order=52 + position)
for model in (AccountGoal, AccountReview):
    hooks.register("hangs_on_party", Hanging(model))
    hooks.register("kept_about", Kept(model, order=7))
hooks.register("loose_text", (AccountGoal, ["title", "note"]))
hooks.register("loose_text", (AccountReview, ["text"]))
hooks.register(
    "panel:customers",
    Panel(
        "right", _("Account plan"), "account_plans/panel.html", context=panels.brief, order=13, lazy=True,
        key="account-plan", when=panels.has_plan,
    ),
)  # fmt: skip
hooks.register("api", ("/parties", api.of_party), order=14)
hooks.register("api", ("/account-plans", api.router), order=26)
