"""Deliveries, and goods that are held for orders."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.catalog.models import StockPlace
from guanxi.foundation import clock
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Through
from guanxi.foundation.money import QuantityField
from guanxi.foundation.visibility import VisibleQuerySet
from guanxi.orders.models import Order, OrderLine

WITH_ITS_ORDER = Through("order", "orders", {"create": "edit", "delete": "edit"})


class Delivery(Governed):
    """What of an order left the house at once."""

    governed = WITH_ITS_ORDER

    order = models.ForeignKey(Order, models.CASCADE, related_name="deliveries", db_constraint=False)
    number = models.PositiveIntegerField(_("number"))
    day = models.DateField(_("day"), default=clock.today)
    place = models.ForeignKey(
        StockPlace, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("place of stock")
    )
    note = models.CharField(_("note"), max_length=500, blank=True)  # a parcel's number, who took it
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("recorded"), default=timezone.now)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="order_delivery_once")]

    def __str__(self) -> str:
        return f"{self.order.number}-{self.number}"


class DeliveryLine(Governed):
    """How much of a line left with a delivery."""

    governed = Through("delivery", "orders", {"create": "edit", "delete": "edit"})

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="deliveries", db_constraint=False)
    quantity = QuantityField(_("quantity"))

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a delivery")
        verbose_name_plural = _("lines of deliveries")

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.quantity}"


class Held(Governed):
    """Goods that are held at a place for a line until they are delivered."""

    governed = WITH_ITS_ORDER

    order = models.ForeignKey(Order, models.CASCADE, related_name="held", db_constraint=False)
    line = models.OneToOneField(OrderLine, models.CASCADE, related_name="held", db_constraint=False)
    place = models.ForeignKey(StockPlace, models.PROTECT, related_name="+")
    quantity = QuantityField(_("quantity"))

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("goods held")
        verbose_name_plural = _("goods held")

    def __str__(self) -> str:
        return f"{self.line_id}: {self.quantity}"
