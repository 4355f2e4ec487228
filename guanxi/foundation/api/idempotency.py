"""A POST with the header `Idempotency-Key` is done once, however often it is sent.

The key is claimed first; then the work and its answer are committed together. A repeat gets the same answer; the same
key with another request is refused; a repeat while the first is still at work is told so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_tasks import task

from guanxi.foundation.api import limits, problems
from guanxi.foundation.models import IdempotencyRecord, User

KEPT = timedelta(hours=24)
ABANDONED = timedelta(minutes=10)  # a claim without answer: its process was killed, and its work rolled back
LONGEST = 200
REPLAYED = "Idempotent-Replayed"


def once(request: HttpRequest, user: User, key: str, work: Callable[[], HttpResponse]) -> HttpResponse:
    """Do `work` if `key` is new to `user`, else give the answer that it had."""
    if len(key) > LONGEST:
        return problems.answer(
            request, 422, _("An idempotency key has at most %(most)s characters.") % {"most": LONGEST}
        )
    mark = _fingerprint(request)
    claim = _claim(user, key, mark)
    if claim is None:
        return _repeated(request, user, key, mark)
    try:
        with transaction.atomic():
            response = work()
            if response.status_code >= 500:
                raise _FailedError(response)
            _keep(claim, response)
        return response
    except _FailedError as failed:
        claim.delete()
        return failed.response
    except BaseException:
        claim.delete()
        raise


class _FailedError(Exception):
    def __init__(self, response: HttpResponse) -> None:
        self.response = response


def _fingerprint(request: HttpRequest) -> str:
    parts = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(parts + request.body).hexdigest()


def _claim(user: User, key: str, mark: str) -> IdempotencyRecord | None:
    """The claim, None where somebody has it. One that is out of date or was abandoned is taken over."""
    now = timezone.now()
    rows = IdempotencyRecord.objects.filter(user=user, key=key)
    rows.filter(created_at__lt=now - KEPT).delete()
    rows.filter(status=None, created_at__lt=now - ABANDONED).delete()
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(user=user, key=key, fingerprint=mark, created_at=now)
    except IntegrityError:
        return None


def _keep(claim: IdempotencyRecord, response: HttpResponse) -> None:
    claim.status = response.status_code
    claim.response = {"content_type": response.headers["Content-Type"], "body": json.loads(response.content or b"null")}
    claim.save(update_fields=["status", "response"])


def _repeated(request: HttpRequest, user: User, key: str, mark: str) -> HttpResponse:
    known = IdempotencyRecord.objects.filter(user=user, key=key).first()
    if known is not None and known.fingerprint != mark:
        detail = _("This idempotency key was used for another request; take a new one.")
        return problems.answer(request, 422, detail, kind="key-reused")
    if known is None or known.status is None or known.response is None:
        detail = _("The first request with this idempotency key is still at work; repeat it shortly.")
        return problems.answer(request, 409, detail, kind="still-at-work", headers={"Retry-After": "1"})
    return _replay(known.status, known.response)


def _replay(status: int, kept: dict[str, Any]) -> HttpResponse:
    body = "" if kept["body"] is None else json.dumps(kept["body"], ensure_ascii=False)
    return HttpResponse(body, status=status, content_type=kept["content_type"], headers={REPLAYED: "true"})


@task(label=gettext_lazy("Forget old answers of the API"))
def purge() -> dict[str, int]:
    """Forget the answers that are out of date."""
    count, _by_model = IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    limits.forget()
    return {"forgotten": count}
