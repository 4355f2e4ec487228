"""How much of what each caller may ask within a minute is taken."""

from __future__ import annotations

from django.db import models


class Allowance(models.Model):
    """Requests of one caller in one window of time, taken by processes in parts before they are used."""

    key = models.CharField(max_length=64)
    window = models.BigIntegerField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="allowance_once")]

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.used}"
