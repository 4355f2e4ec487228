"""What notes hang into the house: a panel on every record, search, the API."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, search
from guanxi.foundation.desk import Panel
from guanxi.foundation.notes import api, queries, views
from guanxi.foundation.notes.models import Note

hooks.register(
    "panel:*", Panel("right", _("Notes"), "notes/panel.html", context=views.panel, order=25, lazy=True, key="notes")
)
hooks.register("record_script", "notes/mentions.js")
hooks.register("event_object", ("notes.note", queries.fetch))
hooks.register(
    "search",
    search.Source(
        object_type="notes.note",
        letter="n",
        model=Note,
        title=str,
        text=lambda note: note.text,
        url=lambda number: reverse("notes:open", args=[number]),
        icon="note",
    ),
    order=70,
)
hooks.register("api", ("/notes", api.router), order=70)
