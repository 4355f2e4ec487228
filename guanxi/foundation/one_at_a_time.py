"""Holding a name until the running transaction ends: for what must be looked for and made by one process at a time."""

from __future__ import annotations

from django.db import connection


def hold(name: str) -> None:
    """Let nobody else hold `name` until the running transaction ends; on SQLite there is one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
