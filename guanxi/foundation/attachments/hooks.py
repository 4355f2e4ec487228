"""What files hang into the house: a panel on every record, search, the API, a check."""

from __future__ import annotations

import secrets

from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, search
from guanxi.foundation.attachments import api, storing, views
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.desk import Panel

hooks.register(
    "panel:*",
    Panel("right", _("Files"), "attachments/panel.html", context=views.panel, order=35, lazy=True, key="files"),
)
hooks.register("record_script", "attachments/drop.js")
hooks.register(
    "search",
    search.Source(
        object_type="attachments.attachment",
        letter="f",
        model=Attachment,
        title=lambda file: file.name,
        url=lambda number: reverse("attachments:open", args=[number]),
        icon="paperclip",
    ),
    order=75,
)
hooks.register("api", ("/attachments", api.router), order=76)


def _can_store() -> str | None:
    """What keeps files from being stored, if anything."""
    name = f"attachments/check-{secrets.token_hex(8)}"
    storage = storing.shelf()
    try:
        storage.delete(storage.save(name, ContentFile(b"guanxi")))
    except Exception as error:  # noqa: BLE001  whatever the storage raises is the answer
        return _now("Files cannot be stored: %(reason)s") % {"reason": str(error)[:300]}
    return None


hooks.register("check", (_("Files can be stored"), _can_store))
