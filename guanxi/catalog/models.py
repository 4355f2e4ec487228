"""What is sold."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.money import MoneyField
from guanxi.foundation.visibility import VisibleQuerySet


class Category(models.Model):
    """A node of the category tree; those at the root are departments."""

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(_("name"), max_length=150)
    # The names from the root down, joined by " / ": unique, sortable, and the key by which imports find the node.
    path = models.CharField(_("path"), max_length=500, unique=True)
    depth = models.PositiveSmallIntegerField(default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.path


class Brand(models.Model):
    name = models.CharField(_("name"), max_length=150, unique=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """What a quantity counts: pieces, kilograms, litres."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=50)

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")

    def __str__(self) -> str:
        return self.code


class Product(models.Model):
    """Something that is sold."""

    code = models.CharField(_("number"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=250)
    category = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="products")
    # The root of the category, kept beside it so that lists and the lake need no walk up the tree.
    department = models.ForeignKey(Category, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, related_name="products")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    size = models.CharField(_("size"), max_length=50, blank=True)
    price = MoneyField(_("price"), null=True, blank=True)
    cost = MoneyField(_("cost"), null=True, blank=True)
    active = models.BooleanField(_("sold now"), default=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes = [models.Index(fields=["name", "id"], name="product_name")]

    def __str__(self) -> str:
        return self.name
