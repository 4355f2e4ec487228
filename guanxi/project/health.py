"""Whether the installation is ready to work: `GET /healthz`, open to everybody and cheap."""

from __future__ import annotations

import os

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from guanxi.foundation import hooks
from guanxi.foundation.tasks import worker


def database() -> str | None:
    """Why the database or the worker, which is seen there, is not ready; None where both are."""
    try:
        return None if worker.alive() else "no worker is running; start one with guanxi worker or guanxi serve"
    except Error as error:
        return f"the database cannot be used: {type(error).__name__}; see guanxi check"


def lake() -> str | None:
    """Why the lake is not ready; None where it is. A lake behind a URL is looked after by the door "ready"."""
    place = settings.GUANXI_LAKE
    if "://" in place or os.access(place, os.R_OK | os.W_OK | os.X_OK):
        return None
    return "the lake's folder cannot be read and written; run guanxi init, or mend its rights"


def reason_not_ready() -> str | None:
    """The first reason why the installation cannot work; None where it is ready."""
    for ready in (database, lake, *hooks.get("ready")):
        reason = ready()
        if reason:
            return str(reason)
    return None


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 where database, lake and worker are ready, 503 with the reason otherwise."""
    reason = reason_not_ready()
    if reason:
        return JsonResponse({"status": "not ready", "reason": reason}, status=503)
    return JsonResponse({"status": "ok"})
