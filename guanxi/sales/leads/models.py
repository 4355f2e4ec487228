"""Leads, where they come from, and by which rules they are given to whom."""

from __future__ import annotations

from datetime import time
from secrets import token_urlsafe
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party
from guanxi.customers.models.origins import origin_field, origin_index
from guanxi.foundation import clock
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Owned, Part, Through
from guanxi.foundation.typed_json import computed_field, custom_field
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.sales.deals.models import Deal


def new_token() -> str:
    """What tells the address of one form from others."""
    return token_urlsafe(12)


class LeadSource(Governed):
    """Where leads come from; with a form, the public page that anybody may fill in."""

    governed = Part("settings", {"view": ""})

    name = models.CharField(_("name"), max_length=80, unique=True)
    active = models.BooleanField(_("in use"), default=True)
    has_form = models.BooleanField(_("has a public form"), default=False)
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    heading = models.CharField(_("heading of the form"), max_length=150, blank=True)
    intro = models.TextField(_("words above the form"), blank=True)
    thanks = models.TextField(_("words of thanks"), blank=True)
    # What is agreed to by sending; kept with each lead as it was then. Empty: nothing is asked.
    consent_text = models.TextField(_("text of consent"), blank=True)
    consent_purpose = models.CharField(_("purpose of consent"), max_length=40, blank=True)
    # The sites that may show the form within their pages, one a line.
    hosts = models.TextField(_("sites that embed it"), blank=True)
    territory = models.CharField(_("territory"), max_length=60, blank=True)
    topic = models.CharField(_("topic"), max_length=60, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("source of leads")
        verbose_name_plural = _("sources of leads")

    def __str__(self) -> str:
        return self.name


class Lead(Governed):
    """Somebody who showed interest, as he said it, until it is known what comes of it."""

    governed = Owned("leads")

    class State(models.TextChoices):
        NEW = "new", _("New")
        WORKING = "working", _("Being worked on")
        CONVERTED = "converted", _("Converted")
        DROPPED = "dropped", _("Dropped")

    name = models.CharField(_("name"), max_length=200, blank=True)
    organisation = models.CharField(_("organisation"), max_length=200, blank=True)
    title = models.CharField(_("title"), max_length=100, blank=True)
    mail = models.EmailField(_("mail"), blank=True)
    phone = models.CharField(_("telephone"), max_length=50, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    message = models.TextField(_("message"), blank=True)
    territory = models.CharField(_("territory"), max_length=60, blank=True)
    topic = models.CharField(_("topic"), max_length=60, blank=True)
    source = models.ForeignKey(
        LeadSource, models.PROTECT, null=True, blank=True, related_name="leads", verbose_name=_("source")
    )
    number = models.CharField(_("number"), max_length=50, unique=True, null=True, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.NEW)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        verbose_name=_("owner"),
    )  # fmt: skip
    # Whom we know already who seems to be the same, and the keys by which leads recognise each other.
    same_as = models.ForeignKey(
        Party, models.SET_NULL, null=True, blank=True, related_name="leads", db_index=False, db_constraint=False,
        verbose_name=_("known as"),
    )  # fmt: skip
    origin = origin_field()
    why_same = models.CharField(max_length=300, blank=True, editable=False)
    mail_key = models.CharField(max_length=254, blank=True, editable=False)
    phone_key = models.CharField(max_length=50, blank=True, editable=False)

    consent_text = models.TextField(_("consented to"), blank=True, editable=False)
    consent_at = models.DateTimeField(_("consented"), null=True, blank=True, editable=False)
    proof = models.JSONField(default=dict, blank=True, editable=False)

    assigned_at = models.DateTimeField(_("assigned"), null=True, blank=True, editable=False)
    first_activity_at = models.DateTimeField(_("first activity"), null=True, blank=True, editable=False)
    # From its coming to the first activity: speed to lead.
    seconds_to_activity = models.PositiveBigIntegerField(null=True, blank=True, editable=False)
    dropped_because = models.CharField(_("dropped because"), max_length=300, blank=True)

    deal = models.ForeignKey(
        Deal, models.SET_NULL, null=True, blank=True, related_name="leads", editable=False, verbose_name=_("deal")
    )
    converted_at = models.DateTimeField(_("converted"), null=True, blank=True, editable=False)
    made = models.JSONField(default=dict, blank=True, editable=False)  # what the conversion made, for taking it back
    custom = custom_field()
    computed = computed_field()
    created_at = models.DateTimeField(_("came"), default=timezone.now, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") | ~Q(organisation="") | ~Q(mail="") | ~Q(phone=""),
                name="lead_is_somebody",
                violation_error_message=_("Say who it is: a name, an organisation, a mail address or a telephone."),
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="lead_came"),
            models.Index(fields=["owner", "created_at", "id"], condition=Q(owner__isnull=False), name="lead_owner"),
            models.Index(fields=["state", "created_at", "id"], name="lead_state"),
            models.Index(fields=["name", "id"], name="lead_name"),
            models.Index(fields=["seconds_to_activity", "id"], name="lead_speed"),
            models.Index(fields=["mail_key"], condition=~Q(mail_key=""), name="lead_mail"),
            models.Index(fields=["phone_key"], condition=~Q(phone_key=""), name="lead_phone"),
            # Most leads have none: by an index that counts those too SQLite holds each deal to have thousands.
            models.Index(fields=["deal"], condition=Q(deal__isnull=False), name="lead_deal"),
            origin_index("lead_same_as", "same_as"),
            origin_index("lead_origin"),
        ]

    def __str__(self) -> str:
        return self.name or self.organisation or self.mail or self.phone

    @property
    def is_open(self) -> bool:
        """Whether something is still to come of it."""
        return self.state in (self.State.NEW, self.State.WORKING)


class AssignmentRule(Governed):
    """To whom leads go that fulfil something; the first rule in order that finds somebody gives them."""

    governed = Part("settings", {"view": ""})

    class Way(models.TextChoices):
        ROUND = "round", _("In turn")
        LOAD = "load", _("Whoever has the fewest open leads")
        PLACE = "place", _("Whoever has the territory")

    name = models.CharField(_("name"), max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    active = models.BooleanField(_("in use"), default=True)
    # What leads it is for, in the language of the filters of the list (“f.country=TW&f.territory=North”).
    query = models.CharField(_("for which leads"), max_length=4000, blank=True)
    way = models.CharField(_("how"), max_length=5, choices=Way.choices, default=Way.ROUND)
    by_skill = models.BooleanField(_("only to those who know the topic"), default=False)
    # Working hours in the business's time zone; without them at any time.
    weekdays = models.CharField(_("days (1 Monday … 7 Sunday)"), max_length=7, blank=True)
    from_time = models.TimeField(_("from"), null=True, blank=True)
    until_time = models.TimeField(_("until"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule of assignment")
        verbose_name_plural = _("rules of assignment")
        ordering = ("position", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(from_time__isnull=True, until_time__isnull=True)
                | Q(from_time__isnull=False, until_time__isnull=False, from_time__lt=models.F("until_time")),
                name="assignment_hours",
                violation_error_message=_("Working hours begin before they end; give both or none."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_on_duty(self, at: Any = None) -> bool:
        """Whether the moment lies within its working hours."""
        local = (at or clock.now()).astimezone(clock.zone())
        if self.weekdays and str(local.isoweekday()) not in self.weekdays:
            return False
        begin, end = self.from_time or time.min, self.until_time or time.max
        return begin <= local.time() < end


class RuleMember(Governed):
    """A colleague among those to whom a rule gives leads."""

    governed = Part("settings", {"view": ""})

    rule = models.ForeignKey(AssignmentRule, models.CASCADE, related_name="members", verbose_name=_("rule"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("colleague"))
    skills = models.CharField(_("topics that he knows, by commas"), max_length=300, blank=True)
    most_open = models.PositiveSmallIntegerField(
        _("most open leads"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    given_at = models.DateTimeField(_("last got one"), null=True, blank=True, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of a rule")
        verbose_name_plural = _("members of rules")
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "user"],
                name="rule_member_once",
                violation_error_message=_("This colleague is among them already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.user_id}"

    @property
    def topics(self) -> set[str]:
        """What he knows, folded."""
        return {part.strip().casefold() for part in self.skills.replace("，", ",").split(",") if part.strip()}


class Assignment(Governed):
    """That a lead was given to somebody, or to nobody, and why: what each rule said. Never changed."""

    governed = Through("lead")

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="assignments")
    rule = models.ForeignKey(AssignmentRule, models.SET_NULL, null=True, blank=True, related_name="+")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    steps = models.JSONField(default=list)  # [{"rule", "said", "detail"}]: see leads.words

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.user_id}"
