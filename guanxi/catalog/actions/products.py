"""Making and changing products; categories, brands and units come into being by name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from guanxi.catalog.models import Brand, Category, Product, Unit
from guanxi.catalog.queries import products
from guanxi.foundation import one_at_a_time, search
from guanxi.foundation.actions import Refused, action, change, clash, create, delete, occasion
from guanxi.foundation.visibility import Viewer

SEPARATOR = " / "
FIELDS = ("code", "name", "size", "price", "cost", "active", "tax_class", "bundled")
NAMED = ("category", "brand", "unit")  # given as a name: a category by its path, a unit by its code


@action
def create_product(*, by: Viewer, code: str, name: str, **values: Any) -> Product:
    """Make a product. `category` is a path such as “GROCERY / DAIRY / MILK”; its nodes, `brand` and `unit` are made
    where new.

    Raises Refused with the field that is wrong, such as a code that is taken.
    """
    product = create(Product, code=code.strip(), name=name.strip(), **_resolved(values))
    search.touch(product)
    return product


@action
def edit_product(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> Product:
    """Change facts of a product; `category`, `brand` and `unit` by name. Raises Conflict, Refused."""
    product = products(by).select_for_update(of=("self",)).get(pk=row_id)
    expected = expected or {}
    for name in NAMED:
        if name in changes and name in expected:
            theirs, yours = named_value(product, name), str(changes[name] or "")
            if theirs not in (str(expected[name] or ""), yours):
                raise clash(Product, name, expected[name], yours, theirs)
    seen = {name: value for name, value in expected.items() if name not in NAMED}
    stored = change(product, seen, **_resolved(changes))
    search.touch(stored)
    return stored


@action
def remove_product(row_id: int, *, by: Viewer) -> None:
    """Delete a product that was never sold. Raises ProtectedError where something needs it."""
    product = products(by).select_for_update(of=("self",)).get(pk=row_id)
    search.remove(Product, [product.pk])
    delete(product)


@action
def put_product(code: str, values: dict[str, Any], *, by: Viewer) -> tuple[Product, bool]:
    """The product with this code as `values` say it, and whether it is new. Said again, nothing changes."""
    one_at_a_time.hold(f"product:{code}")
    known = Product.objects.filter(code=code).values_list("pk", flat=True).first()
    if known is not None:
        return edit_product(known, values, by=by), False
    if not values.get("name"):
        raise Refused(_("A new product needs a name."), "name")
    return create_product(by=by, code=code, **values), True


@action
def category_at(path: str, *, by: Viewer) -> Category:
    """The category at `path` (names joined by " / "); it and those above it are made where they are not there yet."""
    names = [name.strip() for name in path.split("/") if name.strip()]
    if not names:
        raise Refused(_("Write a category such as “Grocery / Dairy”."), "category")
    node: Category | None = None
    for depth in range(len(names)):
        here = SEPARATOR.join(names[: depth + 1])
        found = Category.objects.filter(path=here).first()
        try:
            node = found or create(Category, parent=node, name=names[depth], path=here, depth=depth)
        except Refused as refusal:
            raise Refused(refusal.message, "category") from refusal
    assert node is not None
    return node


def department_of(category: Category) -> Category:
    """The root of a category's branch."""
    root = category.path.split(SEPARATOR)[0]
    return category if category.depth == 0 else Category.objects.get(path=root)


def named_value(product: Product, name: str) -> str:
    """What people write for the category, brand or unit of `product`."""
    value = getattr(product, name)
    return "" if value is None else str(value)


def _resolved(values: dict[str, Any]) -> dict[str, Any]:
    by = occasion().viewer
    resolved: dict[str, Any] = {}
    for name, value in values.items():
        if name == "category":
            node = value if isinstance(value, Category) or not value else category_at(str(value), by=by)
            resolved |= {"category": node or None, "department": department_of(node) if node else None}
        elif name in NAMED:
            resolved[name] = _named(name, value)
        elif name in FIELDS:
            resolved[name] = value
        else:
            message = _("A product has no field “%(name)s”; known are %(known)s.")
            raise Refused(message % {"name": name, "known": ", ".join((*FIELDS, *NAMED))}, name)
    return resolved


def _named(field: str, value: Any) -> Brand | Unit | None:
    if value is None or isinstance(value, Brand | Unit):
        return value
    text = str(value).strip()
    if not text:
        return None
    try:
        if field == "brand":
            return Brand.objects.filter(name=text).first() or create(Brand, name=text)
        return Unit.objects.filter(code=text).first() or create(Unit, code=text, name=text)
    except Refused as refusal:
        raise Refused(refusal.message, field) from refusal
