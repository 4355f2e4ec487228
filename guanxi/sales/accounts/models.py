"""Goals with an organisation, and when its plan is gone through."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from guanxi.customers.models import Party
from guanxi.customers.models.origins import origin_field, origin_index
from guanxi.foundation import clock
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Through
from guanxi.foundation.money import MoneyField
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import VisibleQuerySet


class AccountGoal(Governed):
    """What is to be reached with an organisation, by when, and how much it is to bring."""

    governed = Through("party", "accounts")

    class State(models.TextChoices):
        OPEN = "open", _("Aimed at")
        REACHED = "reached", pgettext_lazy("a goal", "Reached")
        MISSED = "missed", pgettext_lazy("a goal", "Missed")
        DROPPED = "dropped", _("Given up")

    party = models.ForeignKey(
        Party, models.CASCADE, related_name="account_goals", db_index=False, db_constraint=False,
        verbose_name=_("customer"),
    )  # fmt: skip
    origin = origin_field()
    title = models.CharField(_("goal"), max_length=200)
    # What orders from its making until its day are to come to; in the business's currency.
    amount = MoneyField(_("amount"), null=True, blank=True, own=True, validators=[MinValueValidator(0)])
    since = models.DateField(_("counted from"))
    due_on = models.DateField(_("until"))
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.OPEN, editable=False)
    closed_on = models.DateField(_("decided on"), null=True, blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("who sees to it"),
    )  # fmt: skip
    note = models.TextField(_("how, in words"), max_length=5_000, blank=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("account goal")
        verbose_name_plural = _("account goals")
        constraints = [
            models.CheckConstraint(
                condition=Q(since__lte=F("due_on")),
                name="account_goal_days",
                violation_error_message=_("A goal ends after it begins."),
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_on__isnull=True) | (~Q(state="open") & Q(closed_on__isnull=False)),
                name="account_goal_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], name="account_goal_due"),
            models.Index(fields=["party", "due_on", "id"], name="account_goal_party"),
            origin_index("account_goal_origin"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_late(self) -> bool:
        """Whether its day is over and nobody has said what came of it."""
        return self.state == self.State.OPEN and self.due_on < clock.today()


class AccountReview(Governed):
    """That the plan of an organisation is gone through on a day, or was; one is to come at most."""

    governed = Through("party", "accounts")

    party = models.ForeignKey(
        Party, models.CASCADE, related_name="account_reviews", db_index=False, db_constraint=False,
        verbose_name=_("customer"),
    )  # fmt: skip
    origin = origin_field()
    day = models.DateField(_("day"))
    # What reminds of it.
    todo = models.ForeignKey(Todo, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)
    held_at = models.DateTimeField(_("held"), null=True, blank=True, editable=False)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        editable=False, verbose_name=_("held by"),
    )  # fmt: skip
    text = models.TextField(_("what came of it"), max_length=10_000, blank=True)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("account review")
        verbose_name_plural = _("account reviews")
        constraints = [
            # Merged organisations may have brought theirs along; the organisation's own counts.
            models.UniqueConstraint(
                F("party"),
                Coalesce("origin", 0),
                condition=Q(held_at__isnull=True),
                name="account_review_one_to_come",
            ),
        ]
        indexes = [
            models.Index(fields=["party", "-day", "-id"], name="account_review_party"),
            origin_index("account_review_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.party_id}: {self.day}"
