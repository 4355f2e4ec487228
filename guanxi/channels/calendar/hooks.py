"""What the calendar hangs into the house: a card on one's own page."""

from __future__ import annotations

from guanxi.channels.calendar import views
from guanxi.foundation import hooks

hooks.register("account_card", views.card, order=40)
