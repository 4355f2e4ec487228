"""What `guanxi check` looks at beyond the database itself: lake, files, readers, search, backups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers.models import Party
from guanxi.foundation import search
from guanxi.foundation.attachments import storing
from guanxi.foundation.attachments.models import Content
from guanxi.foundation.search.models import Document
from guanxi.lake import lock, schema, store, tables
from guanxi.ledger import reading
from guanxi.ledger.models import Event, ReaderCursor
from guanxi.operations import state
from guanxi.orders.models import UNCOUNTED, OrderLine

OLD = timedelta(days=2)


def lake() -> str | None:
    """Whether the lake has as many rows as the database, where it has read everything."""
    with lock.held(60) as taken:
        if not taken:
            return None  # being refreshed
        if store.open_table(schema.EVENT) is None or state.readers().get("lake", 1):
            return None  # it will be brought up to date; how late it is stands on the status page
        for table, model in ((schema.SALES_LINE, OrderLine), (schema.EVENT, Event), (schema.PARTY, Party)):
            rows: Any = model._base_manager.all()
            ours = rows.exclude(order__state__in=UNCOUNTED).count() if model is OrderLine else rows.count()
            theirs = int(tables.table(table.name).count().to_pyarrow().as_py())
            # Parties that became part of others, and the one that stands for nobody, are not in the lake.
            if (ours < theirs) if model is Party else (ours != theirs):
                return _(
                    "%(table)s has %(theirs)s rows in the lake, %(ours)s in the database; run guanxi refresh --full"
                ) % {
                    "table": table.name,
                    "theirs": f"{theirs:,}",
                    "ours": f"{ours:,}",
                }
    return None


def files() -> str | None:
    """Whether every content that a row names is in the storage, whole."""
    storage = storing.shelf()
    missing = [
        content.path
        for content in Content.objects.order_by("digest").iterator(chunk_size=1_000)
        if not storage.exists(content.path) or storage.size(content.path) != content.size
    ]
    if not missing:
        return None
    return _("%(count)s files are missing or cut off, such as %(name)s; take them from a backup") % {
        "count": len(missing),
        "name": missing[0],
    }


def readers() -> str | None:
    """Whether any reader has a mark beyond the end of the ledger: it would skip what is still to come."""
    end = reading.horizon()
    ahead = sorted(ReaderCursor.objects.filter(mark__gt=end).values_list("reader", flat=True))
    if not ahead:
        return None
    return _(
        "%(names)s stand beyond the end of the ledger, as after a database was exchanged by hand; use guanxi restore"
    ) % {"names": ", ".join(ahead)}


def index() -> str | None:
    """Whether the index of the search is undamaged and knows as many documents as there are."""
    if search.backlog_size():
        return None  # still being taken in
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            try:
                cursor.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
            except DatabaseError as error:
                return _("%(error)s; it is made anew by the task “Rebuild the search”") % {"error": error}
            return None
        cursor.execute("SELECT count(*) FROM search_index")
        known = int(cursor.fetchone()[0])
    there = Document.objects.count()
    if known == there:
        return None
    return _("it knows %(known)s of %(there)s documents; rebuild the search") % {"known": known, "there": there}


def backups() -> str | None:
    """Whether the last attempt succeeded and the newest backup is not old."""
    failed = state.backup_failed_since()
    if failed is not None:
        return _("the last one failed: %(error)s") % {"error": failed.error}
    newest = state.last_backup()
    if newest is not None and timezone.now() - newest.started_at > OLD:
        return _("the newest is of %(day)s; see why none was made") % {"day": f"{newest.started_at:%Y-%m-%d}"}
    return None
