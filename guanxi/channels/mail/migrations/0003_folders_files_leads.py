"""Folders are chosen, mail of strangers may become leads, mailboxes have signatures, large messages are kept in part."""

from typing import Any

from django.db import migrations, models


def name_kinds(apps: Any, _schema_editor: Any) -> None:
    """What was read until now is the inbox, and what was sent."""
    folders = apps.get_model("mail", "Folder").objects
    folders.filter(outgoing=True).update(kind="sent")
    folders.filter(outgoing=False, name__iexact="inbox").update(kind="inbox")


KINDS = [
    ("inbox", "Inbox"),
    ("sent", "What was sent"),
    ("drafts", "Drafts"),
    ("junk", "Unwanted mail"),
    ("trash", "Thrown away"),
    ("all", "Everything once more"),
    ("other", ""),
]


class Migration(migrations.Migration):
    dependencies = [("mail", "0002_rights")]

    operations = [
        migrations.AddField(
            "folder",
            "kind",
            models.CharField(choices=KINDS, default="other", editable=False, max_length=6, verbose_name="for what"),
        ),
        migrations.AddField("folder", "read", models.BooleanField(default=True, verbose_name="is read")),
        migrations.AlterField("folder", "read", models.BooleanField(default=False, verbose_name="is read")),
        migrations.AddField(
            "folder", "there", models.BooleanField(default=True, editable=False, verbose_name="still at the server")
        ),
        migrations.RunPython(name_kinds, migrations.RunPython.noop),
        migrations.RemoveField("folder", "outgoing"),
        migrations.AddField(
            "mailbox", "signature", models.TextField(blank=True, max_length=2000, verbose_name="signature")
        ),
        migrations.AddField(
            "mailbox",
            "makes_leads",
            models.BooleanField(default=False, verbose_name="mail of strangers becomes a lead"),
        ),
        migrations.AddField(
            "mailbox",
            "lead_addresses",
            models.CharField(blank=True, max_length=500, verbose_name="only mail to these addresses"),
        ),
        migrations.AddField("mailbox", "leads_since", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("message", "whole", models.BooleanField(default=True, editable=False)),
    ]
