"""A product as people name it in a form: by its number, with suggestions while they type."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import Product
from guanxi.foundation.desk import Column
from guanxi.foundation.visibility import Viewer


def product_called(text: str) -> Product:
    """The product of this number. Raises ValidationError where there is none."""
    found = Product.objects.filter(code=text.strip()).first()
    if found is None:
        raise ValidationError(_now("There is no product “%(code)s”.") % {"code": text})
    return found


def product_column(path: str = "product", label: Any = None) -> Column:
    """The field of a “New” form that takes the number of a product."""
    return Column(
        path,
        label=label or _("Product number"),
        kind="text",
        required=True,
        clean=product_called,
        suggest=reverse_lazy("catalog:suggest"),
    )


def suggested(text: str, viewer: Viewer) -> list[tuple[str, str]]:
    """Products whose number or name begins so: number and name."""
    rows = Product.objects.visible_to(viewer).filter(active=True)
    by_code = rows.filter(code__startswith=text).order_by("code")[:10]
    by_name = rows.filter(name__startswith=text).order_by("name", "id")[:10]
    found = {row.code: row.name for row in [*by_code, *by_name]}
    return sorted(found.items())[:15]
