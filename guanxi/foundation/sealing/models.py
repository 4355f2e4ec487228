"""What is stored of the chain: a seal per entry, its head, and the door through which values are taken out."""

from __future__ import annotations

from django.db import models


class Seal(models.Model):
    """One entry of the audit log in the chain.

    `hash` covers that of the seal before. The values of an entry (what it was about, from, to) have a digest of their
    own, salted, so that they can be taken out (the salt with them) while the chain stays whole.
    """

    sequence = models.BigIntegerField(primary_key=True)
    entry = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    since = models.DateTimeField(null=True)  # all that was settled at this moment had been sealed before
    key = models.CharField(max_length=16)  # marks the secret key with which it was made
    salt = models.CharField(max_length=24, blank=True)
    frame_digest = models.CharField(max_length=64)  # who, when, which action, on which record
    values_digest = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.sequence}: {self.hash[:12]}"


class Head(models.Model):
    """The end of the chain, kept apart so that a shortened chain shows; and how far the log has been read."""

    sequence = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)
    mark = models.BigIntegerField(default=0)  # all entries with a lower one are sealed (foundation.settled)
    at = models.DateTimeField(null=True)
    complete = models.DateTimeField(null=True)  # all that was settled at this moment is sealed
    proof = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.sequence}: {self.hash[:12]}"


class Door(models.Model):
    """While a transaction has a row in here, it may change entries of the audit log; no other transaction sees it."""

    why = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.why
