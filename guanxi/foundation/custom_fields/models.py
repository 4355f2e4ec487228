"""The definitions of custom fields. Values stand in a JSON column beside each record."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.visibility import VisibleQuerySet

KEY = RegexValidator(
    r"^[a-z][a-z0-9_]{0,39}\Z",
    _("Small Latin letters, digits and underscores, a letter first, at most 40: such as “credit_limit”."),
)


class CustomField(Governed):
    """One field that an administrator added to a type of record."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        LONG_TEXT = "long_text", _("Long text")
        NUMBER = "number", _("Number")
        MONEY = "money", _("Money")
        DATE = "date", _("Date")
        MOMENT = "moment", _("Date and time")
        CHOICE = "choice", _("Choice")
        CHOICES = "choices", _("Several choices")
        YES_NO = "yes_no", _("Yes or no")
        PERSON = "person", _("Colleague")
        PARTY = "party", _("Customer")
        LINK = "link", _("Link")
        FORMULA = "formula", _("Formula")
        ROLL_UP = "roll_up", _("Roll-up")

    class Index(models.TextChoices):
        NONE = "none", _("not indexed")
        WANTED = "wanted", _("waiting to be indexed")
        BUILDING = "building", _("being indexed")
        READY = "ready", _("indexed")
        FAILED = "failed", _("could not be indexed")

    governed = Part("settings")

    object_type = models.CharField(_("belongs to"), max_length=60)
    # What programs, addresses and files call it; never changed, so that renaming touches no data.
    key = models.CharField(_("key"), max_length=40, validators=[KEY])
    names = models.JSONField(_("name"), default=dict)  # language → name
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.TEXT)
    # choices: [{code, names, colour, gone}], currency, least, most, pattern, unit, formula, result, roll_up.
    options = models.JSONField(_("options"), default=dict, blank=True)
    required = models.BooleanField(_("required"), default=False)
    default = models.JSONField(_("default"), null=True, blank=True)
    help = models.CharField(_("help"), max_length=300, blank=True)
    section = models.CharField(_("section"), max_length=60, blank=True)
    position = models.PositiveIntegerField(_("order"), default=0)
    in_list = models.BooleanField(_("shown in lists"), default=False)
    searchable = models.BooleanField(_("found by the search"), default=False)
    filterable = models.BooleanField(_("lists are filtered and sorted by it"), default=True)
    sensitive = models.BooleanField(_("sensitive"), default=False)
    index_state = models.CharField(_("index"), max_length=10, choices=Index.choices, default=Index.NONE, editable=False)
    index_name = models.CharField(max_length=60, blank=True, editable=False)  # the one that is ready
    index_error = models.CharField(max_length=500, blank=True, editable=False)
    # Of formulas and roll-ups: when all rows were worked out last; null while that is still to be done.
    fresh_at = models.DateTimeField(_("worked out"), null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(_("removed"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        constraints = [
            models.UniqueConstraint(
                fields=["object_type", "key"],
                name="custom_field_once",
                violation_error_message=_("There is a field with this key already, perhaps among the removed ones."),
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language, or in another that there is."""
        return named(self.names) or self.key

    @property
    def worked_out(self) -> bool:
        """Whether the house works its values out, rather than somebody saying them."""
        return self.kind in (self.Kind.FORMULA, self.Kind.ROLL_UP)

    @property
    def result(self) -> str:
        """The kind of its values: of a formula or roll-up, what comes out."""
        return str(self.options.get("result") or self.Kind.NUMBER) if self.worked_out else self.kind

    @property
    def choice_list(self) -> list[dict[str, Any]]:
        """The choices, those that are gone too."""
        return list(self.options.get("choices") or [])


class FieldsVersion(models.Model):
    """One row that changes whenever any definition does, so that every process sees it with one cheap look."""

    token = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.token


def named(names: Any) -> str:
    """One of several names by language: the reader's, else English, else any."""
    if not isinstance(names, dict):
        return ""
    language = (translation.get_language() or "en").lower()
    wanted = (names.get(language), names.get(language.split("-", maxsplit=1)[0]), names.get("en"), *names.values())
    return str(next((name for name in wanted if name), ""))
