"""What habits hang into the house: the star on every record, the keys in the palette, preferences at log-in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell
from guanxi.foundation.habits import api, queries, views

hooks.register("api", ("/favourites", api.favourites_router), order=78)
hooks.register("api", ("/notifications", api.bell_router), order=79)
hooks.register("record_tool", views.tool, order=10)
hooks.register("palette", shell.Command(_("All keys"), "habits:keys", "keyboard", [_("Shortcuts")]), order=890)


def _remember(sender: Any, request: HttpRequest | None, user: Any, **_more: Any) -> None:
    """Let the session know whether single keys do something, so that no page has to ask."""
    if request is not None and hasattr(request, "session") and not queries.shortcuts(user):
        request.session[views.SESSION] = False


user_logged_in.connect(_remember, dispatch_uid="guanxi.habits")
