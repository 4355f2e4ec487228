"""`guanxi check --deploy`, and what browsers are told."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
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


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("ending", "binding", "threshold"), [("", True, 5), ("?server_side_binding=false", False, None)]
)
def test_poolers_that_do_not_know_kept_statements(ending: str, binding: bool, threshold: int | None) -> None:
    """What docs/operate.md says of the end of the address."""
    if ending:
        assert f"guanxi{ending}'" in (ROOT / "docs" / "operate.md").read_text()
    asked = "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS'])"
    environment = {**os.environ, "GUANXI_DATABASE_URL": f"postgres://guanxi@127.0.0.1/guanxi{ending}"}
    environment |= {"DJANGO_SETTINGS_MODULE": "guanxi.project.settings", "GUANXI_SECRET_KEY": "only-for-this"}
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == {"server_side_binding": binding, "prepare_threshold": threshold}
