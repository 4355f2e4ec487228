"""What the search knows of each object, and what of it is still to be put into the index."""

from __future__ import annotations

from django.db import models


class Document(models.Model):
    """What can be found and what is shown of it; `id` is of `sources.document_id`: type and object in one number."""

    id = models.BigIntegerField(primary_key=True)
    title = models.CharField(max_length=300)
    subtitle = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    weight = models.FloatField(default=0)  # 0 ... 1: what comes first among equals

    class Meta:
        db_table = "search_document"

    def __str__(self) -> str:
        return self.title


class Backlog(models.Model):
    """A range of documents written in bulk that the index has still to take in; `catch_up` works it off."""

    first = models.BigIntegerField()
    last = models.BigIntegerField()

    class Meta:
        db_table = "search_backlog"

    def __str__(self) -> str:
        return f"{self.first}–{self.last}"


class Rebuild(models.Model):
    """How far a rebuild of one type has come, so that it goes on where it was stopped."""

    object_type = models.CharField(max_length=60, unique=True)
    after = models.BigIntegerField(default=0)

    class Meta:
        db_table = "search_rebuild"

    def __str__(self) -> str:
        return f"{self.object_type} > {self.after}"
