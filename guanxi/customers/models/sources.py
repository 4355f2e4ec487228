"""Where records come from, and what they said."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models.origins import origin_field, origin_index
from guanxi.customers.models.parties import Party
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Through
from guanxi.foundation.visibility import VisibleQuerySet


class Source(Governed):
    """Where records come from: a till system, a shop, a file, a person's own correction. Higher trust wins."""

    governed = Part("settings", {"view": "", "create": ""})

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    trust = models.SmallIntegerField(_("trust"), default=50)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.name


class SourceRecord(Governed):
    """What a source said of somebody, as it said it. Immutable but for `party`, the link that identification sets."""

    governed = Through("party")

    source = models.ForeignKey(Source, models.PROTECT, db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=200)
    payload = models.JSONField()
    digest = models.CharField(max_length=32)
    received_at = models.DateTimeField(default=timezone.now)
    import_run = models.BigIntegerField(null=True)
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="source_records", db_constraint=False)
    origin = origin_field()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("source record")
        verbose_name_plural = _("source records")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id", "digest"], name="source_record_once"),
        ]
        indexes = [origin_index("source_record_origin")]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.external_id}"
