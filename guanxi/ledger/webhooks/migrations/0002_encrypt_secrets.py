"""Secrets that stood in clear are encrypted where they are stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import migrations

import guanxi.ledger.webhooks.models
from guanxi.foundation.encrypting import EncryptedField, decrypt, encrypt
from guanxi.ledger.webhooks.models import PURPOSE


def _rewrite(editor: Any, work: Callable[[str, bytes], str]) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT id, secret, old_secret FROM webhooks_webhook")
        for number, *secrets in cursor.fetchall():
            values = [work(secret, PURPOSE) if secret else "" for secret in secrets]
            cursor.execute("UPDATE webhooks_webhook SET secret = %s, old_secret = %s WHERE id = %s", [*values, number])


def forwards(apps: Any, editor: Any) -> None:
    """Encrypt what is there."""
    _rewrite(editor, encrypt)


def backwards(apps: Any, editor: Any) -> None:
    """Into clear again."""
    _rewrite(editor, decrypt)


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial")]

    operations = [
        migrations.AlterField(
            "webhook", "old_secret", EncryptedField(blank=True, editable=False, purpose=b"guanxi.webhook")
        ),
        migrations.AlterField(
            "webhook",
            "secret",
            EncryptedField(
                default=guanxi.ledger.webhooks.models.new_secret, editable=False, purpose=b"guanxi.webhook"
            ),
        ),
        migrations.RunPython(forwards, backwards),
    ]
