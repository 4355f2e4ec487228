"""Products for programs."""

from __future__ import annotations

from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from guanxi.catalog import actions, queries
from guanxi.catalog.models import Category, Product
from guanxi.foundation import search
from guanxi.foundation.api import keyset
from guanxi.foundation.api.types import Cursor, ExternalId, Limit, Money, Number, Page
from guanxi.foundation.custom_fields import api as custom_api
from guanxi.foundation.custom_fields.api import Custom, WithCustom
from guanxi.foundation.records.asking import narrowed

router = Router(tags=["Products"])
Name = Annotated[str, Field(max_length=150)]
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
    response={200: ProductOut, 201: ProductOut},
    summary="Say what holds of a product, by its code",
    operation_id="put_product",
)
def put_product(request: HttpRequest, code: ExternalId, body: ProductFacts) -> Status[Product]:
    """Made where it is new (201), else changed: what is not said stays. Sent again, nothing changes."""
    given = body.model_dump(exclude_unset=True, exclude={"custom"})
    values = {name: value for name, value in given.items() if value is not None}
    with transaction.atomic():
        product, new = actions.put_product(code, values, by=request.user)
        custom_api.keep(product, body.custom, request)
    return Status(201 if new else 200, queries.products(request.user).get(pk=product.pk))


@router.get("/{number}", response=ProductOut, summary="Get a product", operation_id="get_product")
def get_product(request: HttpRequest, number: Number) -> Product:
    """One product."""
    return queries.products(request.user).get(pk=number)


@router.patch("/{number}", response=ProductOut, summary="Change a product", operation_id="change_product")
def change_product(request: HttpRequest, number: Number, body: ProductChange) -> Product:
    """Only what is sent changes; null empties a field that may be empty."""
    values = body.model_dump(exclude_unset=True, exclude={"expected", "custom"})
    changes = {name: "" if value is None and name == "size" else value for name, value in values.items()}
    with transaction.atomic():
        product = actions.edit_product(number, changes, body.expected, by=request.user)
        custom_api.keep(product, body.custom, request)
    return queries.products(request.user).get(pk=number)
