"""Files on records: checked, stored once, handed out harmless, taken away with their content."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation import search
from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments import actions, kinds, storing
from guanxi.foundation.attachments.models import Attachment, Content
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import NotAllowed

pytestmark = pytest.mark.usefixtures("home")
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20)) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", size, (15, 118, 110)).save(out, kind)
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return out.getvalue()


@pytest.fixture
def mei(staff: User) -> Party:
    return customers.create_party(by=staff, name="王美玲")


def files_of(home: Path) -> list[Path]:
    return [path for path in (home / "files").rglob("*") if path.is_file()]


def send(client: Client, party: Party, *files: tuple[str, bytes]) -> Any:
    sent = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(f"/attachments/of/customers.party/{party.pk}/", {"files": sent})


def test_several_at_once_and_each_for_itself(staff_client: Client, mei: Party) -> None:
    assert "Drop files here" in staff_client.get(f"/customers/{mei.pk}/panel/files/").content.decode()
    answer = send(staff_client, mei, ("報價單.pdf", PDF), ("leer.txt", b""), ("notes.txt", "你好".encode()))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“leer.txt” is empty" in page
    assert "報價單.pdf" in page
    assert set(Attachment.objects.values_list("name", "media_type")) == {
        ("報價單.pdf", "application/pdf"),
        ("notes.txt", "text/plain"),
    }
    assert staff_client.post(f"/attachments/of/customers.party/{mei.pk}/").status_code == 422


def test_a_repeat_and_the_same_content_elsewhere_are_stored_once(staff: User, home: Path, mei: Party) -> None:
    other = customers.create_party(by=staff, name="陳志明")
    first = actions.attach(mei, "a.pdf", io.BytesIO(PDF), by=staff)
    assert actions.attach(mei, "a.pdf", io.BytesIO(PDF), by=staff) == first
    second = actions.attach(other, "b.pdf", io.BytesIO(PDF), by=staff)
    assert len(files_of(home)) == 1
    actions.remove(first.pk, by=staff)
    assert len(files_of(home)) == 1
    actions.remove(second.pk, by=staff)
    assert files_of(home) == []
    assert not Content.objects.exists()
    gone = AuditEntry.objects.filter(object_type="attachments.attachment", object_id=second.pk).latest("id")
    assert gone.changes["name"] == ["b.pdf", None]


def test_files_are_handed_out_harmless(staff_client: Client, staff: User, mei: Party) -> None:
    for name, content in (
        ("seite.html", b"<!doctype html><script>alert(1)</script>"),
        ("bild.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("報價 2026.pdf", PDF),
    ):
        row = actions.attach(mei, name, io.BytesIO(content), by=staff)
        answer = staff_client.get(f"/attachments/{row.pk}/file/")
        assert b"".join(answer.streaming_content) == content
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert answer["Content-Type"] == ("application/pdf" if "pdf" in name else "application/octet-stream")
        assert staff_client.get(f"/attachments/{row.pk}/preview/").status_code == 404
    page = staff_client.get(f"/attachments/of/customers.party/{mei.pk}/").content.decode()
    assert "報價 2026.pdf" in page


def test_previews_of_pictures(staff_client: Client, staff: User, mei: Party, home: Path) -> None:
    row = actions.attach(mei, "名片.jpg", io.BytesIO(picture("JPEG", (2000, 1000))), by=staff)
    answer = staff_client.get(f"/attachments/{row.pk}/preview/")
    content = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "image/webp"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert storing.preview_of(io.BytesIO(content)) is None or len(content) < 20_000
    broken = actions.attach(mei, "broken.png", io.BytesIO(picture()[:60]), by=staff)
    assert not broken.content.preview
    actions.remove(row.pk, by=staff)
    actions.remove(broken.pk, by=staff)
    assert files_of(home) == []


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("brief.pdf", PDF, "application/pdf"),
        ("foto.JPG", picture("JPEG"), "image/jpeg"),
        ("tabelle.xlsx", archive("[Content_Types].xml", "xl/workbook.xml"), "spreadsheetml"),
        ("archiv.zip", archive("a.txt"), "application/zip"),
        ("alt.doc", kinds.OLD_OFFICE + b"\x00" * 60, "application/msword"),
        ("liste.csv", "名稱,數量\n".encode(), "text/csv"),
        ("ohne", b"plain words", "text/plain"),
        ("raw.bin", b"\x00\x01\x02", "application/octet-stream"),
        ("seite.html", b"<html></html>", "text/html"),
        ("bild.svg", b"<?xml version='1.0'?><svg/>", "image/svg+xml"),
    ],
)
def test_the_type_is_told_by_the_content(name: str, content: bytes, found: str) -> None:
    assert found in kinds.check(name, content)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rechnung.pdf", picture()),
        ("foto.png", b"<html><script>alert(1)</script></html>"),
        ("foto.jpg", b"GIF89a" + b"\x00" * 20),
        ("notizen.txt", PDF),
        ("tabelle.xlsx", b"name;value"),
        ("harmlos.pdf", b"MZ\x90\x00" + b"\x00" * 100),
        ("setup.exe", b"words"),
        ("rechnung.pdf.js", b"words"),
    ],
)
def test_a_lying_type_and_programs_are_refused(name: str, content: bytes) -> None:
    with pytest.raises(Refused):
        kinds.check(name, content)


@pytest.mark.any_database
def test_names_are_cleaned() -> None:
    assert kinds.clean_name("../../etc/passwd") == "passwd"
    assert kinds.clean_name("C:\\Users\\mei\\報價單.pdf") == "報價單.pdf"
    assert kinds.clean_name("evil\u202efdp.txt\x00\n") == "evilfdp.txt"
    long = kinds.clean_name("很" * 300 + ".pdf")
    assert len(long) == 200
    assert long.endswith("….pdf")
    for nothing in ("", "..", "/", "\x00"):
        with pytest.raises(Refused):
            kinds.clean_name(nothing)


def test_what_is_too_large_is_not_taken_in(staff_client: Client, mei: Party, settings: Any, home: Path) -> None:
    settings.GUANXI_FILE_LIMIT = 200_000
    answer = send(staff_client, mei, ("riesig.txt", b"x" * 3_000_000), ("klein.txt", b"x"))
    assert answer.status_code == 422
    assert "riesig.txt” is larger than" in answer.content.decode()
    assert list(Attachment.objects.values_list("name", flat=True)) == ["klein.txt"]
    assert len(files_of(home)) == 1


def test_a_full_disk_changes_nothing(staff: User, mei: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_more: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(storages["default"]), "save", full)
    with pytest.raises(Refused, match="No space left"):
        actions.attach(mei, "a.pdf", io.BytesIO(PDF), by=staff)
    assert not Attachment.objects.exists()
    assert not Content.objects.exists()


def test_search_finds_names(staff: User, mei: Party, staff_client: Client) -> None:
    row = actions.attach(mei, "年度合約草稿.pdf", io.BytesIO(PDF), by=staff)
    assert search.matching_ids(Attachment, "合約", staff, 5) == [row.pk]
    assert staff_client.get(f"/attachments/{row.pk}/open/").url == f"/customers/{mei.pk}/#files"
    actions.rename(row.pk, "終稿.pdf", by=staff)
    assert search.matching_ids(Attachment, "合約", staff, 5) == []
    with pytest.raises(Refused):
        actions.rename(row.pk, "終稿.png", by=staff)


def test_nobody_without_rights(client: Client, staff: User, stranger: User, mei: Party) -> None:
    row = actions.attach(mei, "a.pdf", io.BytesIO(PDF), by=staff)
    with pytest.raises(NotAllowed):
        actions.attach(mei, "b.pdf", io.BytesIO(PDF), by=stranger)
    client.force_login(stranger)
    for address in (f"/attachments/{row.pk}/file/", f"/attachments/of/customers.party/{mei.pk}/"):
        assert client.get(address).status_code == 403
    client.force_login(staff)
    for address in ("/attachments/987/file/", "/attachments/of/customers.party/987/", "/attachments/of/x.y/1/"):
        assert client.get(address).status_code == 404


def test_by_the_api(api: Client, mei: Party) -> None:
    where = {"object_type": "customers.party", "object_id": mei.pk}
    made = api.post("/api/v1/attachments", {**where, "file": SimpleUploadedFile("報價.pdf", PDF)})
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["name"], row["size"]) == ("報價.pdf", len(PDF))
    assert b"".join(api.get(row["url"]).streaming_content) == PDF
    assert [one["id"] for one in api.get("/api/v1/attachments", where).json()["items"]] == [row["id"]]
    lying = api.post("/api/v1/attachments", {**where, "file": SimpleUploadedFile("x.png", PDF)})
    assert lying.status_code == 422
    assert api.delete(f"/api/v1/attachments/{row['id']}").status_code == 204
    assert api.get(row["url"]).status_code == 404
