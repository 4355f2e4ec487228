"""Products made of products."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from guanxi.catalog.models import BundlePart, Product
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.visibility import Viewer, require

DEEPEST = 5  # bundles within bundles
MOST_PARTS = 50


@action
def put_part(bundle: Product, product: Product, quantity: Decimal = Decimal(1), *, by: Viewer) -> BundlePart:
    """Say how much of `product` is in `bundle`. Raises Refused where a product would be a part of itself."""
    require(by, "edit", bundle)
    if quantity <= 0:
        raise Refused(_("Of a part there is more than nothing in the bundle; take it out instead."), "quantity")
    _refuse_circle(bundle, product)
    known = BundlePart.objects.filter(bundle=bundle, product=product).first()
    if known is not None:
        return change(known, quantity=quantity)
    if BundlePart.objects.filter(bundle=bundle).count() >= MOST_PARTS:
        raise Refused(_("A bundle has at most %(most)s parts.") % {"most": MOST_PARTS}, "product")
    return create(BundlePart, bundle=bundle, product=product, quantity=quantity)


@action
def edit_part(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> BundlePart:
    """Change how much of a part is in its bundle. Raises Conflict, Refused."""
    part = BundlePart.objects.visible_to(by).get(pk=row_id)
    if changes.get("quantity") is not None and changes["quantity"] <= 0:
        raise Refused(_("Of a part there is more than nothing in the bundle; take it out instead."), "quantity")
    return change(part, expected, **changes)


@action
def remove_part(row_id: int, *, by: Viewer) -> None:
    """Take a part out of its bundle."""
    delete(BundlePart.objects.visible_to(by).get(pk=row_id))


def _refuse_circle(bundle: Product, product: Product) -> None:
    """Walk down from the part: the bundle must not be met there, and the way must end."""
    below = {product.pk}
    for _depth in range(DEEPEST):
        if bundle.pk in below:
            words = _("“%(product)s” is made of “%(bundle)s” itself.")
            raise Refused(words % {"product": product, "bundle": bundle}, "product")
        below = set(BundlePart.objects.filter(bundle__in=below).values_list("product_id", flat=True))
        if not below:
            return
    raise Refused(_("Bundles are nested too deeply: at most %(most)s levels.") % {"most": DEEPEST}, "product")
