"""How a party can be reached and recognised."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models.origins import import_run_field, once, origin_field, origin_index
from guanxi.customers.models.parties import Party
from guanxi.customers.models.sources import SourceRecord
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Through
from guanxi.foundation.visibility import VisibleQuerySet


class ContactPoint(Governed):
    """A way to reach or recognise a party: as given (`value`) and as compared (`key`)."""

    governed = Through("party")

    class Kind(models.TextChoices):
        MAIL = "mail", _("Mail")
        PHONE = "phone", _("Telephone")
        ADDRESS = "address", _("Address")
        SOCIAL = "social", _("Social handle")
        CARD = "card", _("Member card")
        DEVICE = "device", _("Device")
        EXTERNAL = "external", _("External number")

    party = models.ForeignKey(Party, models.CASCADE, related_name="contact_points", db_constraint=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    value = models.CharField(_("value"), max_length=300)
    # The normalised value by which a touch is recognised: E.164, lower-cased mail, "source:id" for external numbers.
    key = models.CharField(max_length=300)
    label = models.CharField(_("label"), max_length=50, blank=True)
    # An address in parts (guanxi.customers.postal), where it was entered so; `value` is then made of them.
    parts = models.JSONField(_("parts"), null=True, blank=True)
    preferred = models.BooleanField(_("preferred"), default=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    source_record = models.ForeignKey(
        SourceRecord, models.SET_NULL, null=True, blank=True, db_index=False, db_constraint=False
    )
    origin = origin_field()
    import_run = import_run_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [once("kind", "key", "party", name="contact_point_once")]
        indexes = [origin_index("contact_point_origin")]

    def __str__(self) -> str:
        return self.value
