"""What customers hang into the house: the ready-made profile fields."""

from __future__ import annotations

from guanxi.customers import profile
from guanxi.foundation import hooks

for position, field in enumerate(profile.READY_MADE):
    hooks.register("profile_field", field, order=10 + position)
