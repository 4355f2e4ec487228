"""What can be done with the catalogue."""

from guanxi.catalog.actions.bundles import put_part, remove_part
from guanxi.catalog.actions.products import (
    FIELDS,
    NAMED,
    SEPARATOR,
    category_at,
    create_product,
    department_of,
    edit_product,
    named_value,
    put_product,
    remove_product,
)
from guanxi.catalog.actions.stock import count, put, release, reserve, take

__all__ = [
    "FIELDS",
    "NAMED",
    "SEPARATOR",
    "category_at",
    "count",
    "create_product",
    "department_of",
    "edit_product",
    "named_value",
    "put",
    "put_part",
    "put_product",
    "release",
    "remove_part",
    "remove_product",
    "reserve",
    "take",
]
