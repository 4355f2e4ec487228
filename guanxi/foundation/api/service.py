"""The API itself: one object with the routers that hang at the door "api", under /api/v1.

A package registers `("/parties", router)`; its operations are below /api/v1/parties. Or a function that gives such
pairs, called when all apps are ready.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, re_path
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Swagger
from ninja.errors import HttpError
from ninja.parser import Parser

from guanxi.foundation import hooks
from guanxi.foundation.api import idempotency, limits, login, preferring, problems, scopes, selecting
from guanxi.foundation.api.problems import Problem

View = Callable[..., HttpResponse]
KEY = "Idempotency-Key"
VERSION = "/v1"
DESCRIPTION = """Everything that people do on the screens, for programs.

* **Log in** with `Authorization: Bearer gx_…`; `guanxi token USER`, or the account page, makes a token.
* **Scopes** say what a token may: `read`, `write`, `admin`, or of one kind `read:orders`, `write:parties`.
* **Lists** are pages: `{"items": […], "next": cursor}`. Ask again with `?cursor=` until `next` is null.
* **Fields**: every GET takes `fields=id,name`, and answers with those only. Lists take the filters of the screen's
  lists, by the same names: `f.city=Taipei`; `/records/<type>` takes their whole addresses.
* **Money** is exact and written as text (`"12.50"`); times are ISO 8601 with an offset.
* **Limits**: so many requests a minute; the headers `RateLimit-Policy` and `RateLimit` tell how many are left.
* **Said by another system's number** (PUT …/by/…): with `Prefer: return=minimal` only the record's address comes back.
* **POST once**: with the header `Idempotency-Key` a repeat is not done again but gets the same answer, for 24 hours.
* **Errors** are problems as of RFC 9457; `errors` says which field is wrong and why.
"""


class StrictParser(Parser):
    """JSON as databases can hold it: no NaN, no NUL characters, no halves of characters."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            text = request.body.decode()
            data = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise HttpError(400, _("The body is not JSON in UTF-8: %(error)s") % {"error": str(error)[:200]}) from error
        if "\\u" in text or "\x00" in text:
            _check_characters(json.dumps(data, ensure_ascii=False))
            _check_nul(data)
        return data

    def parse_querydict(self, data: MultiValueDict[str, str], list_fields: list[str], request: HttpRequest) -> Any:
        for _name, values in data.lists():
            texts = [value for value in values if isinstance(value, str)]  # the others are files
            _check_characters("".join(texts))
            _check_nul(texts)
        return super().parse_querydict(data, list_fields, request)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise HttpError(400, _("The text has half of a character (a lone surrogate).")) from error


def _check_nul(value: Any) -> None:
    if isinstance(value, str) and "\x00" in value:
        raise HttpError(400, _("The text has a NUL character; leave it out."))
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for item in value:
            _check_nul(item)


class API(NinjaAPI):
    """The API, its description completed by what holds for every operation."""

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        schema = super().get_openapi_schema(**kwargs)
        schema["components"].setdefault("schemas", {}).update(_problem_schemas())
        for complete in hooks.get("api_description"):
            complete(schema)
        problem = {"$ref": "#/components/schemas/Problem"}
        content = {problems.CONTENT_TYPE: {"schema": problem}}
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                operation["responses"].setdefault("default", {"description": "A problem", "content": content})
                if method == "post":
                    operation.setdefault("parameters", []).append(_KEY_PARAMETER)
                if method == "put" and preferring.NUMBERED in path:
                    operation["parameters"].append(preferring.PARAMETER)
        return schema


_KEY_PARAMETER = {
    "in": "header",
    "name": KEY,
    "required": False,
    "description": "Any text of your own; a repeat with the same key is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": idempotency.LONGEST, "pattern": "^[!-~]+$"},
}


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), "Problem": schema}


@functools.cache
def build() -> API:
    """The API with all routers; called once all apps are ready."""
    api = API(
        title="Guanxi",
        version="1",
        description=DESCRIPTION,
        auth=login.WAYS,
        parser=StrictParser(),
        docs=Swagger(settings={"persistAuthorization": True, "defaultModelsExpandDepth": 0, "docExpansion": "none"}),
        urls_namespace="api",
    )
    problems.install(api)
    for entry in hooks.get("api"):
        for prefix, router in entry() if callable(entry) else [entry]:
            api.add_router(VERSION + prefix, router)
            scopes.note(prefix)
    return api


def urls() -> list[URLPattern]:
    """The addresses below /api/; what is not among them is a problem 404, not a page."""
    patterns = [pattern for pattern in build().urls[0] if isinstance(pattern, URLPattern)]
    for pattern in patterns:
        if pattern.name not in ("openapi-view", "openapi-json", "api-root"):
            pattern.callback = _framed(cast("View", pattern.callback))
    return [*patterns, re_path(r"", _unknown)]


def _framed(view: View) -> View:
    """`view` with idempotency before it, and problems instead of plain refusals after it."""

    @csrf_exempt
    def framed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        work = functools.partial(view, request, *args, **kwargs)
        key = request.headers.get(KEY, "")
        try:
            response = _once(request, key, work) if key and request.method == "POST" else work()
        except HANDLED as error:
            response = build().on_exception(request, error)
        if request.method == "GET" and response.status_code == 200 and request.GET.get("fields"):
            response = selecting.only(response, request.GET["fields"])
        if response.status_code == 405:
            allowed = {"Allow": response.headers.get("Allow", "")}
            return problems.answer(request, 405, _("This address knows other methods."), headers=allowed)
        return limits.tell(request, response)

    return framed


HANDLED: tuple[type[Exception], ...] = tuple(error for error in problems.HANDLERS if error is not Exception)


def _once(request: HttpRequest, key: str, work: Callable[[], HttpResponse]) -> HttpResponse:
    user = login.caller(request)
    return work() if user is None else idempotency.once(request, user, key, work)


@csrf_exempt
def _unknown(request: HttpRequest) -> HttpResponse:
    return problems.answer(request, 404, _("There is no such address; see /api/docs."))
