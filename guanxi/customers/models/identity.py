"""What is known of who is who: merges, pairs that may be one, keys to find them by, rules and thresholds."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models.parties import Party
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.visibility import VisibleQuerySet


class Merge(Governed):
    """`merged` became part of `survivor`. Undone merges stay, with the time of the undoing.

    Which parties are one follows from the merges that are not undone; every row that hangs on a party keeps its
    `origin`. So merges can be undone at any time and in any order.
    """

    governed = Through("survivor", "merging", {"create": "merge", "edit": "merge", "delete": "merge"})

    class How(models.TextChoices):
        HAND = "hand", _("by hand")
        MACHINE = "machine", _("by itself")
        QUEUE = "queue", _("from the queue")

    survivor = models.ForeignKey(Party, models.CASCADE, related_name="merges", verbose_name=_("survivor"))
    merged = models.ForeignKey(Party, models.CASCADE, related_name="merged_by", verbose_name=_("merged"))
    # Those that were merged in one act.
    act = models.UUIDField()
    how = models.CharField(_("how"), max_length=7, choices=How.choices, default=How.HAND)
    probability = models.FloatField(_("probability"), null=True, blank=True)
    # The values chosen by hand for the survivor, by field.
    choices = models.JSONField(_("choices"), default=dict, blank=True)
    # How many rows of each kind were re-pointed.
    moved = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.UniqueConstraint(fields=["merged"], condition=Q(undone_at__isnull=True), name="merged_once"),
            models.CheckConstraint(condition=~Q(survivor=models.F("merged")), name="merge_not_with_oneself"),
        ]
        indexes = [models.Index(fields=["-at", "-id"], name="merge_newest")]

    def __str__(self) -> str:
        return f"{self.merged_id} → {self.survivor_id}"


class MatchPair(Governed):
    """Two parties that may be one, with what speaks for it and what was decided. `low` has the smaller id."""

    governed = Through(("low", "high"), "merging", {"create": "edit", "delete": "edit"})

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        LATER = "later", _("Later")
        MERGED = "merged", _("Merged")
        DIFFERENT = "different", _("Different")

    low = models.ForeignKey(Party, models.CASCADE, related_name="+", db_constraint=False)
    high = models.ForeignKey(Party, models.CASCADE, related_name="+", db_constraint=False)
    probability = models.FloatField(_("probability"))
    # For each field what was found and its weight in bits, as guanxi.customers.matching explains it.
    weights = models.JSONField(default=list, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    # When a pair that was put off comes back.
    until = models.DateTimeField(_("until"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        constraints = [
            models.UniqueConstraint(fields=["low", "high"], name="match_pair_once"),
            models.CheckConstraint(condition=Q(low__lt=models.F("high")), name="match_pair_in_order"),
        ]
        indexes = [models.Index(fields=["state", "-probability", "id"], name="match_pair_queue")]

    def __str__(self) -> str:
        return f"{self.low_id} ~ {self.high_id}"


class MatchKey(models.Model):
    """A key under which a party is looked up as a candidate (matching.keys), as a 64-bit hash."""

    party = models.ForeignKey(Party, models.CASCADE, related_name="+", db_constraint=False)
    key = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["key", "party"], name="match_key")]

    def __str__(self) -> str:
        return f"{self.party_id}: {self.key}"


class FieldRule(Governed):
    """Which of several sources is believed for one field, where it is not the most trusted."""

    governed = Part("settings", {"view": "merging.view"})

    class Rule(models.TextChoices):
        TRUSTED = "trusted", _("the most trusted source")
        NEWEST = "newest", _("the newest word")
        COMPLETE = "complete", _("the most complete value")
        FREQUENT = "frequent", _("what most sources say")

    field = models.CharField(_("field"), max_length=100, unique=True)
    rule = models.CharField(_("rule"), max_length=8, choices=Rule.choices, default=Rule.TRUSTED)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule of survivorship")
        verbose_name_plural = _("rules of survivorship")

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}"


class JunkValue(Governed):
    """A value that says nothing of who somebody is, beside the ready-made ones (guanxi.customers.junk)."""

    governed = Part("settings", {"view": "merging.view"})

    class Kind(models.TextChoices):
        MAIL = "mail", _("Mail")
        PHONE = "phone", _("Telephone")
        NAME = "name", _("Name")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    key = models.CharField(_("value"), max_length=200)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("junk value")
        verbose_name_plural = _("junk values")
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="junk_value_once")]

    def __str__(self) -> str:
        return self.key


class MatchingSettings(Governed):
    """One row: from which probability on pairs are merged by themselves, and from which shown to people."""

    governed = Part("settings", {"view": "merging.view"})

    merge_from = models.FloatField(_("merged by itself from"), default=0.999)
    ask_from = models.FloatField(_("asked from"), default=0.8)
    by_itself = models.BooleanField(_("merge by itself"), default=True)
    # The trained model (matching.Model.to_dict), when and on how many it was trained.
    model = models.JSONField(null=True, blank=True)
    trained_at = models.DateTimeField(_("trained"), null=True, blank=True)
    trained_on = models.BigIntegerField(_("trained on"), default=0)
    # The last change of a party that was looked at, and when all were last compared.
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_party = models.BigIntegerField(default=0)
    compared_at = models.DateTimeField(_("last compared"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("settings of matching")
        verbose_name_plural = _("settings of matching")

    def __str__(self) -> str:
        return f"{self.ask_from}–{self.merge_from}"
