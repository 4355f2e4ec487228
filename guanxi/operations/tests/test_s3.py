"""Scheduled backups in a bucket, of an installation whose files lie in another; and back into a third."""

from __future__ import annotations

from pathlib import Path

import pytest

from guanxi.operations.tests.test_backup import program
from tests.bucket import Buckets
from tests.installation import Installation

ATTACH = """
import io
from guanxi.project.cli import boot
boot()
from guanxi.customers import actions as customers
from guanxi.foundation.attachments import actions
from guanxi.foundation.visibility import SYSTEM
mei = customers.create_party(by=SYSTEM, name="王美玲")
actions.attach(mei, "合約.txt", io.BytesIO("內容".encode()), by=SYSTEM)
"""
READ = """
from guanxi.project.cli import boot
boot()
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.attachments.storing import shelf
(row,) = Attachment.objects.all()
with shelf().open(row.content.path) as file:
    print(row.name, file.read().decode())
"""


@pytest.mark.end_to_end
def test_from_bucket_to_bucket(
    installation: Installation, other_installation: Installation, buckets: Buckets, tmp_path: Path
) -> None:
    installation.environment |= {**buckets.environment("files", "backups"), "GUANXI_BACKUP_KEEP": "1,0,0"}
    program(installation, ATTACH)
    (content,) = buckets.of("files").values()
    assert content == "內容".encode()
    old, foreign = "guanxi-20200101-013000.tar.zst", "notes.txt"
    buckets.objects |= {f"backups/{name}": b"x" for name in (old, foreign)}

    installation.run("backup", "--scheduled")
    kept = buckets.of("backups")
    assert old not in kept and kept.pop(foreign) == b"x"
    ((name, archive),) = kept.items()

    file = tmp_path / name
    file.write_bytes(archive)
    other_installation.environment |= buckets.environment("elsewhere")
    assert "Restored the backup" in other_installation.run("restore", str(file)).stdout
    assert list(buckets.of("elsewhere").values()) == [content]
    assert program(other_installation, READ) == "合約.txt 內容"
