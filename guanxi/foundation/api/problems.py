"""Errors as RFC 9457 has them: `application/problem+json` with type, title, status, detail, instance and errors."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled
from ninja.errors import ValidationError as BadRequest

from guanxi.foundation.actions import Conflict, Refused
from guanxi.foundation.api.login import Unwelcome
from guanxi.foundation.api.scopes import MissingScope
from guanxi.foundation.visibility import NotAllowed

CONTENT_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


class FieldProblem(Schema):
    """One thing that is wrong: where, and what."""

    field: str | None = None
    detail: str


class Problem(Schema):
    """An error (RFC 9457). A conflict also has `original`, `yours` and `theirs`."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] = []


def answer(
    request: HttpRequest,
    status: int,
    detail: str,
    *,
    kind: str = "",
    errors: list[dict[str, Any]] | None = None,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """A problem as a response; `kind` names it for programs, by default the words of its status."""
    title = HTTPStatus(status).phrase
    body = {
        "type": f"/api/docs#problem-{kind or title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": str(detail),
        "instance": request.path,
        "errors": errors or [],
        **more,
    }
    text = json.dumps(body, cls=DjangoJSONEncoder, ensure_ascii=False)
    return HttpResponse(text, status=status, content_type=CONTENT_TYPE, headers=headers)


def install(api: NinjaAPI) -> None:
    """Let `api` answer with problems whatever goes wrong."""
    for error, handler in HANDLERS.items():
        api.add_exception_handler(error, handler)


def _bad_request(request: HttpRequest, error: BadRequest) -> HttpResponse:
    errors = [{"field": _place(item.get("loc", ())), "detail": item.get("msg", "")} for item in error.errors]
    return answer(request, 422, _("The request has values that cannot be."), kind="invalid", errors=errors)


def _place(location: Any) -> str:
    """Where in the body, path or query: `lines.0.amount`, as the caller wrote it."""
    parts = [str(part) for part in location]
    if parts[:1] == ["body"]:
        parts = parts[2:] or parts
    elif parts[:1] in (["query"], ["path"], ["header"]):
        parts = parts[1:]
    return ".".join(parts)


def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    errors = [{"field": error.field, "detail": error.message}]
    return answer(request, 422, error.message, kind="refused", errors=errors)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [{"field": None, "detail": message} for message in error.messages]
    return answer(request, 422, error.messages[0], kind="refused", errors=errors)


def _conflict(request: HttpRequest, error: Conflict) -> HttpResponse:
    values = {"original": error.original, "yours": error.yours, "theirs": error.theirs}
    errors = [{"field": error.field, "detail": error.message}]
    return answer(request, 409, error.message, kind="edit-conflict", errors=errors, field=error.field, **values)


def _integrity(request: HttpRequest, error: IntegrityError) -> HttpResponse:
    return answer(request, 409, _("Somebody wrote the same at the same moment; read it again and repeat."))


def _busy(request: HttpRequest, error: OperationalError) -> HttpResponse:
    log.warning("The database did not answer a request of the API: %s", error)
    return answer(request, 503, _("The database is busy; try again shortly."), headers={"Retry-After": "2"})


def _not_allowed(request: HttpRequest, error: NotAllowed) -> HttpResponse:
    return answer(request, 403, _("The user of this token may not do this."))


def _not_found(request: HttpRequest, error: Exception) -> HttpResponse:
    return answer(request, 404, _("There is nothing of this number, or it may not be seen."))


def _missing_scope(request: HttpRequest, error: MissingScope) -> HttpResponse:
    words = _("This token lacks the scope “%(scope)s”. Make one that has it on the account page of its user.")
    headers = {"WWW-Authenticate": f'Bearer realm="guanxi", error="insufficient_scope", scope="{error.scope}"'}
    detail = words % {"scope": error.scope}
    return answer(request, 403, detail, kind="missing-scope", headers=headers, scope=error.scope)


def _unwelcome(request: HttpRequest, error: Unwelcome) -> HttpResponse:
    headers = {"WWW-Authenticate": 'Bearer realm="guanxi", error="invalid_token"'}
    if error.known.why == "expired":
        day = formats.date_format(timezone.localtime(error.known.token.expires_at), "DATETIME_FORMAT")
        words = _("This token expired at %(moment)s; make a new one on the account page.") % {"moment": day}
        return answer(request, 401, words, kind="token-expired", headers=headers)
    words = _("This token may not be used from this address; its user says from where on the account page.")
    return answer(request, 401, words, kind="wrong-address", headers=headers)


def _unauthorised(request: HttpRequest, error: HttpError) -> HttpResponse:
    detail = _("Send a valid token: “Authorization: Bearer …”.")
    return answer(request, 401, detail, headers={"WWW-Authenticate": 'Bearer realm="guanxi"'})


def _throttled(request: HttpRequest, error: Throttled) -> HttpResponse:
    headers = {"Retry-After": str(error.wait)} if error.wait else {}
    return answer(request, 429, _("Too many requests; wait a little."), headers=headers)


def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return answer(request, 413, _("The request is too large; send it in smaller parts."))


def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer(request, error.status_code, error.message)


def _unforeseen(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("The API failed on %s %s", request.method, request.path, exc_info=error)
    return answer(request, 500, _("Something went wrong on our side; it has been noted."))


HANDLERS: dict[type[Exception], Any] = {
    Exception: _unforeseen,
    HttpError: _http,
    AuthenticationError: _unauthorised,
    Unwelcome: _unwelcome,
    MissingScope: _missing_scope,
    Throttled: _throttled,
    BadRequest: _bad_request,
    ValidationError: _invalid,
    Refused: _refused,
    Conflict: _conflict,
    NotAllowed: _not_allowed,
    Http404: _not_found,
    ObjectDoesNotExist: _not_found,
    IntegrityError: _integrity,
    OperationalError: _busy,
    RequestDataTooBig: _too_big,
}
