"""What can be asked of the catalogue."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import QuerySet, Sum

from guanxi.catalog.models import BundlePart, Category, Product, Stock
from guanxi.foundation.visibility import Viewer


def products(viewer: Viewer) -> QuerySet[Product]:
    """Products that `viewer` may see, with category, department, brand and unit."""
    return Product.objects.visible_to(viewer).select_related("category", "department", "brand", "unit")


def departments() -> list[tuple[int, str]]:
    """The departments as choices for a filter."""
    return list(Category.objects.filter(depth=0).order_by("name").values_list("id", "name")[:200])


def stock(product: Product, viewer: Viewer) -> QuerySet[Stock]:
    """What lies where of a product."""
    return (
        Stock.objects.visible_to(viewer).filter(product=product).select_related("place").order_by("place__name", "id")
    )


def parts(bundle: Product, viewer: Viewer) -> QuerySet[BundlePart]:
    """What a bundle is made of."""
    return BundlePart.objects.visible_to(viewer).filter(bundle=bundle).select_related("product").order_by("id")


def available(product: Product) -> Decimal | None:
    """How much of a product is neither sold nor held, over all places; of a bundle, for how many its parts suffice.

    None where nobody keeps stock of it.
    """
    own = Stock.objects.filter(product=product).aggregate(there=Sum("quantity"), held=Sum("reserved"))
    if own["there"] is not None:
        there: Decimal = own["there"] - own["held"]
        return there
    sufficing = []
    for part in BundlePart.objects.filter(bundle=product).select_related("product"):
        left = available(part.product)
        if left is not None:
            sufficing.append(left // part.quantity)
    return min(sufficing, default=None)
