"""Products for programs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.catalog import actions, pricing, queries
from guanxi.catalog.models import Category, Product, Stock
from guanxi.customers.queries import party_numbered
from guanxi.foundation import search
from guanxi.foundation.api import keyset, preferring
from guanxi.foundation.api.types import Cursor, Day, ExternalId, Limit, Money, Number, Page, Quantity
from guanxi.foundation.custom_fields import api as custom_api
from guanxi.foundation.custom_fields.api import Custom, WithCustom
from guanxi.foundation.records.asking import narrowed

router = Router(tags=["Products"])
Name = Annotated[str, Field(max_length=150)]
TEXTS = ("size", "tax_class", "bundled")  # which null empties to no text
PATH = "Names from the department down, joined by “ / ”; what is new is made."


class ProductFacts(Schema):
    name: Annotated[str, Field(max_length=250)] | None = None
    category: Annotated[str, Field(max_length=500, description=PATH)] | None = None
    brand: Name | None = None
    unit: Annotated[str, Field(max_length=20)] | None = None
    size: Annotated[str, Field(max_length=50)] | None = None
    price: Money | None = None
    cost: Money | None = None
    active: bool | None = None
    tax_class: Annotated[str, Field(max_length=20)] | None = None
    bundled: Literal["", "sum"] | None = Field(None, description="`sum`: it costs what its parts cost.")
    custom: Custom | None = None


class ProductIn(ProductFacts):
    """A new product."""

    code: Annotated[str, Field(min_length=1, max_length=100)]
    name: Annotated[str, Field(min_length=1, max_length=250)]


class ProductChange(ProductFacts):
    """What is to change; leave out the rest."""

    code: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    expected: dict[str, Any] | None = Field(None, description="The values that you saw; 409 with both otherwise.")


class ProductOut(WithCustom):
    id: int
    code: str
    name: str
    category: str | None
    department: str | None
    brand: str | None
    unit: str | None
    size: str
    price: Money | None
    cost: Money | None
    active: bool
    tax_class: str
    bundled: str

    @staticmethod
    def resolve_category(product: Product) -> str | None:
        return product.category.path if product.category else None

    @staticmethod
    def resolve_department(product: Product) -> str | None:
        return product.department.name if product.department else None

    @staticmethod
    def resolve_brand(product: Product) -> str | None:
        return product.brand.name if product.brand else None

    @staticmethod
    def resolve_unit(product: Product) -> str | None:
        return product.unit.code if product.unit else None


class ProductFilter(Schema):
    """How a list of products is narrowed."""

    q: Annotated[str, Field(max_length=200, description="Words: the best matches, at most `limit`, no `next`.")] = ""
    code: Annotated[str, Field(max_length=100)] | None = None
    department: Name | None = None
    active: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


@router.get("", response=Page[ProductOut], summary="List products", operation_id="list_products")
def list_products(request: HttpRequest, asked: Query[ProductFilter]) -> dict[str, Any]:
    """By number of the record."""
    rows = narrowed(request, "products", queries.products(request.user))
    if asked.code is not None:
        rows = rows.filter(code=asked.code)
    if asked.department is not None:
        rows = rows.filter(department__in=Category.objects.filter(depth=0, name=asked.department))
    if asked.active is not None:
        rows = rows.filter(active=asked.active)
    if asked.q.strip():
        ids = search.matching_ids(Product, asked.q, request.user, asked.limit)
        kept = {product.pk: product for product in rows.filter(pk__in=ids)}
        return {"items": [kept[number] for number in ids if number in kept], "next": None}
    items, following = keyset.page(rows, ["id"], asked.cursor, asked.limit)
    return {"items": items, "next": following}


@router.post("", response={201: ProductOut}, summary="Create a product", operation_id="create_product")
def create_product(request: HttpRequest, body: ProductIn) -> Status[Product]:
    """Category, brand and unit are named; what is new of them is made."""
    given = body.model_dump(exclude_unset=True, exclude={"custom"})
    values = {name: value for name, value in given.items() if value is not None}
    with transaction.atomic():
        product = actions.create_product(by=request.user, **values)
        custom_api.keep(product, body.custom, request)
    return Status(201, queries.products(request.user).get(pk=product.pk))


@router.put(
    "/by/{code}",
    response={200: ProductOut, 201: ProductOut, 204: None},
    summary="Say what holds of a product, by its code",
    operation_id="put_product",
)
def put_product(request: HttpRequest, code: ExternalId, body: ProductFacts) -> Any:
    """Made where it is new (201), else changed: what is not said stays. Sent again, nothing changes."""
    given = body.model_dump(exclude_unset=True, exclude={"custom"})
    values = {name: value for name, value in given.items() if value is not None}
    with transaction.atomic():
        product, new = actions.put_product(code, values, by=request.user)
        custom_api.keep(product, body.custom, request)
    return preferring.told(request, product.pk, new, lambda: queries.products(request.user).get(pk=product.pk))


@router.get("/{number}", response=ProductOut, summary="Get a product", operation_id="get_product")
def get_product(request: HttpRequest, number: Number) -> Product:
    """One product."""
    return queries.products(request.user).get(pk=number)


@router.patch("/{number}", response=ProductOut, summary="Change a product", operation_id="change_product")
def change_product(request: HttpRequest, number: Number, body: ProductChange) -> Product:
    """Only what is sent changes; null empties a field that may be empty."""
    values = body.model_dump(exclude_unset=True, exclude={"expected", "custom"})
    changes = {name: "" if value is None and name in TEXTS else value for name, value in values.items()}
    with transaction.atomic():
        product = actions.edit_product(number, changes, body.expected, by=request.user)
        custom_api.keep(product, body.custom, request)
    return queries.products(request.user).get(pk=number)


class PriceAsked(Schema):
    """For whom, how much, when and in what currency."""

    party: Number | None = None
    quantity: Annotated[Decimal, Field(gt=0, le=10**11, decimal_places=4)] = Decimal(1)
    day: Day | None = None
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""


class PriceOut(Schema):
    """What one unit costs, and why."""

    amount: Money
    currency: str
    tax_included: bool
    price_list: str | None = Field(description="Its code; null for the product's own price and for sums of parts.")
    from_quantity: Quantity | None
    valid_from: date | None
    why: str

    @staticmethod
    def resolve_price_list(found: pricing.Priced) -> str | None:
        return found.price_list.code if found.price_list else None

    @staticmethod
    def resolve_from_quantity(found: pricing.Priced) -> Decimal | None:
        return found.step.from_quantity if found.step else None

    @staticmethod
    def resolve_valid_from(found: pricing.Priced) -> date | None:
        return found.step.valid_from if found.step else None


@router.get("/{number}/price", response=PriceOut, summary="What a product costs", operation_id="price_of_product")
def price_of_product(request: HttpRequest, number: Number, asked: Query[PriceAsked]) -> pricing.Priced:
    """By the rule of price lists; 422 names what is missing (a hole in a list, an exchange rate)."""
    product = queries.products(request.user).get(pk=number)
    party = party_numbered(asked.party, request.user) if asked.party is not None else None
    return pricing.price_of(product, party, asked.quantity, asked.day, asked.currency)


class StockOut(Schema):
    place: str
    quantity: Quantity
    reserved: Quantity
    available: Quantity

    @staticmethod
    def resolve_place(row: Stock) -> str:
        return row.place.code


class StockOfProduct(Schema):
    """What lies where; of a bundle `available` says for how many its parts suffice. Null: no stock is kept."""

    available: Quantity | None
    places: list[StockOut]


@router.get("/{number}/stock", response=StockOfProduct, summary="Stock of a product", operation_id="stock_of_product")
def stock_of_product(request: HttpRequest, number: Number) -> dict[str, Any]:
    """By place."""
    product = queries.products(request.user).get(pk=number)
    return {"available": queries.available(product), "places": list(queries.stock(product, request.user))}
