"""What hangs on parties: declared by each package, so that merging and undoing reach everything.

hooks.register("hangs_on_party", Hanging(Order))
hooks.register("hangs_on_party", Hanging(Note, field="object_id", where={"object_type": "customers.party"}))
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, NullIf

from guanxi.customers.models import Party
from guanxi.foundation import hooks


@dataclasses.dataclass(frozen=True)
class Hanging:
    """A model whose rows hang on parties: by `field`, with `origin` beside it; `where` narrows a generic reference."""

    model: type[models.Model]
    field: str = "party"
    origin: str = "origin"
    where: dict[str, Any] = dataclasses.field(default_factory=dict)
    # Where people read how many rows move, and the model's own name would not tell.
    label: Any = ""

    @property
    def name(self) -> str:
        """What tells it from others."""
        return f"{self.model._meta.label_lower}.{self.field}"

    @property
    def words(self) -> str:
        """The rows by the name that people know them by."""
        return str(self.label or self.model._meta.verbose_name_plural)

    def rows(self) -> QuerySet[Any]:
        """All of them."""
        return self.model._base_manager.filter(**self.where)

    def of(self, parties: Collection[int]) -> QuerySet[Any]:
        """Those that hang on any of `parties` now."""
        return self.rows().filter(**{f"{self.column}__in": list(parties)})

    def move(self, merged: Collection[int], survivor: int) -> int:
        """Let what hangs on `merged` hang on `survivor`, and remember where it came from; how many rows."""
        home = Coalesce(self.origin, F(self.column))
        return self.of(merged).update(**{self.origin: home, self.column: survivor})

    def give_back(self, homes: Collection[int], party: int) -> int:
        """Let what was recorded for any of `homes` hang on `party` again; how many rows."""
        rows = self.rows().filter(**{f"{self.origin}__in": list(homes)})
        return rows.update(**{self.column: party, self.origin: NullIf(F(self.origin), party)})

    def strays(self) -> QuerySet[Any]:
        """Rows that hang on a party that is part of another; written while it was being merged."""
        absorbed = Party.objects.filter(merged_into__isnull=False).values("pk")
        return self.rows().filter(Q(**{f"{self.column}__in": absorbed}))

    @property
    def column(self) -> str:
        """The column of the database that refers to the party."""
        field: Any = self.model._meta.get_field(self.field)
        return str(field.attname)


def hanging() -> list[Hanging]:
    """Everything that hangs on parties."""
    return hooks.get("hangs_on_party")
