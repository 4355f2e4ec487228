"""Files on S3."""

from __future__ import annotations

import io
from typing import Any

import pytest

from guanxi.customers import actions as customers
from guanxi.foundation.attachments import actions, storing
from guanxi.foundation.models import User
from tests.bucket import Buckets

pytestmark = pytest.mark.django_db


def test_files_live_in_the_bucket(buckets: Buckets, settings: Any, staff: User, client: Any) -> None:
    s3 = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": buckets.options("files")}
    settings.STORAGES = {**settings.STORAGES, "default": s3}
    mei = customers.create_party(by=staff, name="王美玲")
    row = actions.attach(mei, "合約.txt", io.BytesIO("內容".encode()), by=staff)
    ((key, body),) = buckets.of("files").items()
    assert body == "內容".encode() and row.content.digest in key
    client.force_login(staff)
    answer = client.get(f"/attachments/{row.pk}/file/")
    assert b"".join(answer.streaming_content) == "內容".encode()
    actions.remove(row.pk, by=staff)
    assert buckets.of("files") == {}
    assert "s3" in type(storing.shelf()).__module__
