"""The first step: what is brought in, and the file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import require
from guanxi.intake import drafting, offers, plan, probing, samples, uploads
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.fields import fields_of
from guanxi.intake.models import ImportRun
from guanxi.intake.views import steps

BLOCK = 1 << 20
SHOWN_DRAFTS = 8
ENDINGS = ".csv,.tsv,.tab,.txt,.xlsx,.xls,.xlsm,.ods,.parquet,.vcf,.vcard,.jsonl,.ndjson"


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Choose what the file holds, and the file; go on with what was begun before."""
    require(request.user, "create", ImportRun)
    return _page(request, request.GET.get("what", ""))


def _page(request: HttpRequest, chosen: str, status: int = 200, **more: Any) -> HttpResponse:
    offer = offers.offer_of(chosen)
    mends = ImportRun.objects.visible_to(request.user).filter(pk=_number(request.GET.get("mends"))).first()
    drafts = ImportDraft.objects.visible_to(request.user).filter(run=None).select_related("by")
    context = {
        "steps": steps.bar(steps.FILE),
        "offers": offers.offers(request.user),
        "chosen": offer.key if offer else "",
        "mends": mends,
        "drafts": [
            (one, steps.offer_of(one))
            for one in drafts.order_by("-changed_at", "-id")[:SHOWN_DRAFTS]
            if one.file.exists()
        ],
        "limit": uploads.largest(),
        "endings": ENDINGS,
        **more,
    }
    return render(request, "intake/start.html", context, status=status)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file in: as the body of the request (with progress), or from a plain form.

    Answers a script with JSON: `url` where to go on, or `error` and the `field` that it belongs to.
    """
    require(request.user, "create", ImportRun)
    by_script = "what" in request.GET
    try:
        draft = _taken(request, request.GET if by_script else request.POST)
    except Refused as refusal:
        if by_script:
            return JsonResponse({"error": refusal.message, "field": refusal.field or "file"}, status=422)
        chosen = request.POST.get("what", "")
        return _page(request, chosen, 422, error=refusal.message, wrong=refusal.field or "file")
    url = reverse("intake:columns", args=[draft.pk])
    return JsonResponse({"url": url}) if by_script else redirect(url)


def _taken(request: HttpRequest, said: Any) -> ImportDraft:
    mends = ImportRun.objects.visible_to(request.user).filter(pk=_number(said.get("mends"))).first()
    offer = offers.offer_of(mends.kind if mends else said.get("what", ""))
    if offer is None:
        raise Refused(_("Choose what the file holds."), "what")
    name, size, chunks = _body(request, said)
    path = uploads.keep(chunks, name, request.user, size)
    choices: dict[str, Any] = {"options": dict(offer.options)} if offer.options else {}
    try:
        if mends is not None:
            choices = choices_of(mends)
            _must_fit(offer.kind, path, choices)
        plan.prepare(offer.kind, path, complete=False, **choices)
        draft = drafting.begin_draft(offer.kind, path, name, by=request.user, choices=choices, mends=mends)
    except Refused:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise
    return draft


def _body(request: HttpRequest, said: Any) -> tuple[str, int, Iterator[bytes]]:
    if request.content_type == "multipart/form-data":
        try:
            file = request.FILES.get("file")
        except (MultiPartParserError, UnreadablePostError) as error:
            raise Refused(_("The file did not arrive whole; send it again."), "file") from error
        if not isinstance(file, UploadedFile):
            raise Refused(_("Choose a file."), "file")
        return PurePath(file.name or "file").name, file.size or 0, file.chunks(BLOCK)
    name = PurePath(unquote(said.get("name", "")).replace("\\", "/")).name
    if not name:
        raise Refused(_("Choose a file."), "file")
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    return name, size, _read(request, size)


def _read(request: HttpRequest, size: int) -> Iterator[bytes]:
    """The body in blocks; Refused where it ends before its time."""
    read = 0
    try:
        while block := request.read(BLOCK):
            read += len(block)
            yield block
    except (OSError, UnreadablePostError) as error:
        raise Refused(_("The file did not arrive whole; send it again."), "file") from error
    if read != size:
        raise Refused(_("The file did not arrive whole; send it again."), "file")


def choices_of(run: ImportRun) -> dict[str, Any]:
    """The plan of a run as the choices of a new draft: its rejected rows come back by the same plan."""
    before = plan.Plan.from_json(run.plan)
    return {
        "mapping": {name: before.mapping.get(name, []) for name in fields_of(run.kind)},
        "source": before.source,
        "options": before.options,
        "date_format": before.date_format,
        "decimal": before.decimal,
        "rule": before.rule,
        "match_by": list(before.match_by),
    }


def _must_fit(kind: str, path: Any, choices: dict[str, Any]) -> None:
    """Leave out of the mapping what the file has no column for (somebody took a column away while mending)."""
    there = set(probing.probe(path).columns)
    choices["mapping"] = {name: found if set(found) <= there else [] for name, found in choices["mapping"].items()}


@require_GET
def sample(request: HttpRequest, key: str) -> HttpResponse:
    """A small file of a kind, with the columns that are recognised by themselves."""
    offer = offers.offer_of(key)
    if offer is None:
        raise Http404(key)
    content = samples.sample_file(offer.kind)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{offer.key}.csv"'
    return response


@require_POST
def throw_away(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Forget a draft."""
    draft = get_object_or_404(ImportDraft.objects.visible_to(request.user), pk=draft_id)
    drafting.throw_away(draft.pk, by=request.user)
    return redirect("intake:start")
