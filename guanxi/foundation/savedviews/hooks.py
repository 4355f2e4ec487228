"""What hangs into the API."""

from __future__ import annotations

from guanxi.foundation import hooks
from guanxi.foundation.savedviews import api

hooks.register("api", ("/views", api.router), order=76)
