"""The ground that the tests stand on: the database named, files that processes share, no way out of the machine."""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from guanxi.foundation.models import User


@pytest.mark.django_db
def test_the_run_uses_the_database_it_names() -> None:
    assert connection.vendor == os.environ.get("GUANXI_TEST_DATABASE", "sqlite")


def test_nothing_is_written_outside_the_run(settings: Any) -> None:
    root = Path(os.environ["GUANXI_TEST_ROOT"])
    assert root in Path(settings.GUANXI_HOME).parents
    assert root in Path(settings.STATIC_ROOT).parents


def test_another_process_sees_what_the_test_wrote(process_environment: dict[str, str]) -> None:
    User.objects.create_user("小明", password="relation-8-ship")
    program = (
        "import django; django.setup(); from guanxi.foundation.models import User; print(User.objects.get().username)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**process_environment, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "小明", done.stderr


def test_no_connection_leaves_the_machine() -> None:
    with pytest.raises(Exception, match=r"192\.0\.2\.1"):
        smtplib.SMTP("192.0.2.1", 25, timeout=2)


def test_mail_reaches_the_smtp_server(smtp_server: Any) -> None:
    from django.core.mail.backends.smtp import EmailBackend
    from django.core.mail.message import EmailMessage

    sent = EmailBackend(host=smtp_server.host, port=smtp_server.port).send_messages(
        [EmailMessage("月報", "誰在買", "guanxi@localhost", ["meihua@example.com"])]
    )
    assert sent == 1
    assert smtp_server[0]["Subject"] == "月報"


@pytest.mark.browser
def test_the_browser_shows_the_log_in_page(page: Any) -> None:
    page.goto("/accounts/login/")
    assert page.locator("input[type=password]").count() == 1
