"""What can be asked of the catalogue."""

from __future__ import annotations

from django.db.models import QuerySet

from guanxi.catalog.models import Category, Product
from guanxi.foundation.visibility import Viewer


def products(viewer: Viewer) -> QuerySet[Product]:
    """Products that `viewer` may see, with category, department, brand and unit."""
    return Product.objects.visible_to(viewer).select_related("category", "department", "brand", "unit")


def departments() -> list[tuple[int, str]]:
    """The departments as choices for a filter."""
    return list(Category.objects.filter(depth=0).order_by("name").values_list("id", "name")[:200])
