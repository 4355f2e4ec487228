"""`guanxi check --deploy`, and what browsers are told."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.test import Client

from tests.installation import Installation
from tests.sources import ROOT


def settings_of_the_documents() -> dict[str, str]:
    """What docs/operate.md says to set behind a proxy with HTTPS."""
    text = (ROOT / "docs" / "operate.md").read_text()
    section = text.split("## Behind a proxy, with HTTPS")[1].split("\n## ")[0]
    exports = re.findall(r"^    export (.+)$", section, re.MULTILINE)
    return dict(part.split("=", maxsplit=1) for line in exports for part in shlex.split(line))


@pytest.mark.end_to_end
@pytest.mark.any_database
def test_with_the_settings_of_the_documents_it_is_clean(tmp_path: Path) -> None:
    bare = Installation(tmp_path / "home", "", GUANXI_SECRET_KEY="")
    said = bare.run("check", "--deploy", check=False).stdout
    (tmp_path / "home").chmod(0o750)
    for number in ("guanxi.W001", "guanxi.W002", "guanxi.W003", "guanxi.W005", "guanxi.W007", "security.W012"):
        assert f"({number})" in said
    asked = settings_of_the_documents()
    assert {"GUANXI_HTTPS", "GUANXI_HOSTS", "GUANXI_URL", "GUANXI_PROXIES"} <= set(asked)

    safe = Installation(tmp_path / "home", "", GUANXI_SECRET_KEY="", **asked)
    lines = safe.run("check", "--deploy", check=False).stdout.splitlines()

    assert "ok    deployment" in lines, lines
    assert not [line for line in lines if "deployment:" in line]


@pytest.mark.django_db
def test_what_browsers_are_told(client: Client) -> None:
    answer = client.get("/accounts/login/")
    policy = answer["Content-Security-Policy"]
    for directive in ("default-src 'self'", "script-src 'self'", "object-src 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "unsafe" not in policy
    expected = {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {name: answer[name] for name in expected} == expected
    assert "microphone=()" in answer["Permissions-Policy"]
