"""What is learned of deals: the runs, the models with their quality, and the newest score of each open deal."""

from __future__ import annotations

from django.db import models
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.sales.deals.models import Deal


class WinRun(Governed):
    """One night's work: what it saw, how far it came, what it says in sum."""

    governed = Part("insight", {"create": "run", "edit": "run"})

    class State(TextChoices):  # to type checkers `models` is here what WinModel calls a run's models
        RUNNING = "running", _("Running")
        PUBLISHED = "published", _("Published")
        FAILED = "failed", _("Failed")

    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.RUNNING)
    moment = models.DateTimeField(_("as of"))  # the facts that were known then
    # What the run rests on: the newest rows of what it reads; one that was broken off is taken up again by the same.
    basis = models.CharField(max_length=64, blank=True)
    scored = models.PositiveIntegerField(_("deals scored"), default=0)
    # For pages: closed deals and how many are needed, drift, remarks (code and values), seconds of each step.
    figures = models.JSONField(default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("scoring of deals")
        verbose_name_plural = _("scorings of deals")

    def __str__(self) -> str:
        return f"{self.moment:%Y-%m-%d}"


class WinModel(Governed):
    """One model of winning: its terms, what it came to on later deals, and whether it is used."""

    governed = Part("insight", {"create": "run", "edit": "run"})

    class Kind(models.TextChoices):
        LOGISTIC = "logistic", _("Logistic regression")
        BOOSTED = "boosted", _("Boosted trees")

    class State(models.TextChoices):
        USED = "used", _("In use")
        COMPARED = "compared", _("Compared")
        REFUSED = "refused", _("Not promoted")
        REPLACED = "replaced", _("Replaced")

    run = models.ForeignKey(WinRun, models.CASCADE, related_name="models")
    kind = models.CharField(_("model"), max_length=8, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    # What scores deals (terms, calibration), and what was tried on the later deals, which knew nothing of them.
    parameters = models.JSONField(default=dict, blank=True)
    trial = models.JSONField(default=dict, blank=True)
    quality = models.JSONField(default=dict, blank=True)
    # How the features were spread when it was fitted: what drift is measured against.
    spread = models.JSONField(default=dict, blank=True)
    deals = models.PositiveIntegerField(_("closed deals"), default=0)
    won = models.PositiveIntegerField(_("won"), default=0)
    until = models.DateTimeField(_("learned from deals closed until"), null=True)
    made_up = models.BooleanField(_("learned from deals made up for demonstration"), default=False)
    reason = models.JSONField(default=dict, blank=True)  # a remark: code and values
    fitted_at = models.DateTimeField(_("fitted"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("model of winning")
        verbose_name_plural = _("models of winning")
        indexes = [models.Index(fields=["state", "-id"], name="win_model_used")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class WinScore(Governed):
    """How likely an open deal is to be won, and why: the newest, one row per deal. Seen by whoever sees the deal."""

    governed = Through("deal")

    deal = models.OneToOneField(Deal, models.CASCADE, primary_key=True, related_name="win_score")
    model = models.ForeignKey(WinModel, models.PROTECT, db_index=False, db_constraint=False, related_name="+")
    at = models.DateTimeField(_("as of"))
    probability = models.FloatField(_("win score"))
    # The three strongest reasons and their weight in log-odds: “contact:-0.62 back:-0.31 owner:0.22”.
    reasons = models.CharField(max_length=120, blank=True)
    # The features it was told by, in the order of features.NAMES, joined by “|”; nothing where not known.
    facts = models.CharField(max_length=400, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("win score")
        verbose_name_plural = _("win scores")
        indexes = [models.Index(fields=["probability", "deal"], name="win_score_probability")]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.probability:.2f}"
