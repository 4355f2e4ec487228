"""Price lists and prices as people see them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from guanxi.catalog.models import Price, PriceList, Product

pytestmark = pytest.mark.django_db


def test_prices_stand_in_lists_of_their_own(client: Client, staff: object) -> None:
    client.force_login(staff)
    wholesale = PriceList.objects.create(code="W", name="批發價目表", currency="TWD", customer_group="經銷商")
    tea = Product.objects.create(code="T", name="烏龍茶")
    price = Price.objects.create(price_list=wholesale, product=tea, from_quantity=50, amount=Decimal(385))
    for slug, number, words in (("price-lists", wholesale.pk, "批發價目表"), ("prices", price.pk, "烏龍茶")):
        assert words in client.get(reverse("desk:list", args=[slug])).content.decode()
        assert words in client.get(reverse("desk:record", args=[slug, number])).content.decode()
