"""What the records hang into the house: their operations."""

from __future__ import annotations

from guanxi.foundation import hooks
from guanxi.foundation.records import api

hooks.register("api", api.routers, order=200)
hooks.register("api_description", api.complete)
