"""What is stored of mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.channels.models import Connection
from guanxi.customers.models import Party
from guanxi.customers.models.origins import origin_field, origin_index
from guanxi.foundation import governing, hooks
from guanxi.foundation.encrypting import EncryptedField
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Personal, Reach, Rights, Rule, Through, rule_of
from guanxi.foundation.visibility import VisibleQuerySet


class Security(models.TextChoices):
    """How a connection to a mail server is kept from others' eyes."""

    TLS = "tls", _("TLS from the beginning")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("None (only within the house)")


class Mailbox(Connection):
    """Somebody's mailbox at a mail server: read over IMAP, written through SMTP."""

    governed = Personal("owner")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="mailboxes", verbose_name=_("whose"), editable=False
    )
    address = models.EmailField(_("address"), max_length=254)
    name = models.CharField(_("name of the sender"), max_length=150, blank=True)
    imap_host = models.CharField(_("IMAP server"), max_length=253)
    imap_port = models.PositiveIntegerField(_("IMAP port"), default=993)
    imap_security = models.CharField(_("IMAP security"), max_length=8, choices=Security.choices, default=Security.TLS)
    smtp_host = models.CharField(_("SMTP server"), max_length=253, blank=True)
    smtp_port = models.PositiveIntegerField(_("SMTP port"), default=465)
    smtp_security = models.CharField(_("SMTP security"), max_length=8, choices=Security.choices, default=Security.TLS)
    username = models.CharField(_("user name"), max_length=254)
    password = EncryptedField(_("password"), purpose=b"guanxi.mail", blank=True)
    since = models.DateField(_("from which day on"), null=True, blank=True)
    # Whether mail with people whom nobody knows yet is kept at all; its owner alone sees it.
    strangers = models.BooleanField(_("keep mail with strangers, for you alone"), default=True)
    signature = models.TextField(_("signature"), blank=True, max_length=2_000)
    # Whether a mail of somebody whom nobody knows becomes a lead: if it goes to one of these addresses (none named: to
    # any) and came after this was switched on.
    makes_leads = models.BooleanField(_("mail of strangers becomes a lead"), default=False)
    lead_addresses = models.CharField(_("only mail to these addresses"), max_length=500, blank=True)
    leads_since = models.DateTimeField(null=True, blank=True, editable=False)
    # Messages a second when last there was a backlog.
    speed = models.FloatField(null=True, blank=True, editable=False)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        constraints = [models.UniqueConstraint(fields=["owner", "address"], name="mailbox_once")]

    def __str__(self) -> str:
        return str(self.address)


class Folder(Governed):
    """A folder of a mailbox and how far it was read: every message with a lower or equal number is here, or was left
    out with its reason."""

    governed = Through("mailbox")

    class Kind(models.TextChoices):
        INBOX = "inbox", _("Inbox")
        SENT = "sent", _("What was sent")
        DRAFTS = "drafts", _("Drafts")
        JUNK = "junk", _("Unwanted mail")
        TRASH = "trash", _("Thrown away")
        ALL = "all", _("Everything once more")
        OTHER = "other", ""

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="folders")
    name = models.CharField(_("name"), max_length=250)
    kind = models.CharField(_("for what"), max_length=6, choices=Kind.choices, default=Kind.OTHER, editable=False)
    read = models.BooleanField(_("is read"), default=False)
    there = models.BooleanField(_("still at the server"), default=True, editable=False)
    validity = models.BigIntegerField(null=True, blank=True, editable=False)  # UIDVALIDITY
    last_uid = models.BigIntegerField(default=0, editable=False)
    backlog = models.PositiveIntegerField(_("still to come"), default=0, editable=False)
    newest_at = models.DateTimeField(_("newest message"), null=True, blank=True, editable=False)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("folder")
        verbose_name_plural = _("folders")
        constraints = [models.UniqueConstraint(fields=["mailbox", "name"], name="mail_folder_once")]

    def __str__(self) -> str:
        return str(self.name)


class Thread(models.Model):
    """Messages that answer each other."""

    subject = models.CharField(max_length=250, blank=True)
    started_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.subject


@dataclass(frozen=True)
class WithCustomer(Rule):
    """All mail is its mailbox's owner's; what was filed with a customer and is not private is also seen by all who may
    see mail and that customer. So is what stands on a record of a type that a package names by the door `mail_follows`
    (leads: he who gets one is seldom he whose mailbox it came to)."""

    binds_administrators = True
    subject: str = "mail"

    def reach(self, model: type[models.Model], rights: Rights, verb: str) -> Reach:
        if rights.viewer_id is None:  # the house itself
            return Reach.ALL if rights.everything else Reach.NONE
        if not rights.works_here:
            return Reach.NONE
        return Reach.TEAM if verb in ("view", "export") and rights.reach(self.subject, verb) else Reach.OWN

    def among(
        self, model: type[models.Model], rights: Rights, verb: str, reach: Reach, walking: bool | str, shared: str
    ) -> Q | None:
        mine = Q(mailbox__owner=rights.viewer_id)
        if reach is Reach.OWN:
            return mine
        seen = rule_of(Party).narrow(Party, rights, "view")
        with_customer = Q(party__isnull=False) if seen is None else Q(party__in=Party._base_manager.filter(seen))
        return mine | (Q(private=False) & (with_customer | self._on_records(rights)))

    @staticmethod
    def _on_records(rights: Rights) -> Q:
        found = Q(pk__in=[])
        for label in hooks.get("mail_follows"):
            record = apps.get_model(label)
            condition = rule_of(record).narrow(record, rights, "view")
            if condition is None:
                found |= Q(object_type=label)
            elif condition is not governing.NOTHING:
                rows = record._base_manager.filter(condition).order_by().values("pk")
                found |= Q(object_type=label, object_id__in=rows)
        return found

    def covers(self, row: Any, rights: Rights, verb: str, reach: Reach, shared: str) -> bool:
        if row.mailbox.owner_id == rights.viewer_id:
            return True
        if reach is Reach.OWN or row.private:
            return False
        if row.party is not None and rule_of(Party).allows(row.party, rights, "view"):
            return True
        if row.object_type not in hooks.get("mail_follows"):
            return False
        record = apps.get_model(row.object_type)._base_manager.filter(pk=row.object_id).first()
        return record is not None and rule_of(type(record)).allows(record, rights, "view")


class Message(Governed):
    """One message of one mailbox."""

    governed = WithCustomer()

    class Direction(models.TextChoices):
        IN = "in", _("received")
        OUT = "out", _("sent")

    class State(models.TextChoices):
        KEPT = "kept", _("At the server")
        WAITING = "waiting", _("Waits to be sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Could not be sent")

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="messages", db_index=False)
    thread = models.ForeignKey(Thread, models.PROTECT, related_name="messages")
    message_id = models.CharField(max_length=250, editable=False)
    in_reply_to = models.CharField(max_length=250, blank=True, editable=False)
    references = models.JSONField(default=list, editable=False)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices)
    state = models.CharField(_("state"), max_length=7, choices=State.choices, default=State.KEPT, editable=False)
    sent_at = models.DateTimeField(_("when"), default=timezone.now)
    sender = models.CharField(_("from"), max_length=320)
    sender_name = models.CharField(max_length=250, blank=True)
    recipients = models.JSONField(_("to"), default=list)  # [[field, address, name], ...]
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    text = models.TextField(_("text"), blank=True)  # what was written this time
    quoted = models.TextField(blank=True)  # what was quoted of earlier ones
    html = models.TextField(blank=True)  # cleaned
    calendar = models.TextField(blank=True, editable=False)  # what it tells calendars (iCalendar), as it was written
    automatic = models.BooleanField(_("automatic"), default=False)  # RFC 3834
    private = models.BooleanField(_("private"), default=False)
    whole = models.BooleanField(default=True, editable=False)  # else too large: the beginning is here, without files
    flaws = models.JSONField(default=list, editable=False)  # what of it could not be understood or kept
    size = models.PositiveBigIntegerField(default=0, editable=False)
    party = models.ForeignKey(
        Party,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="messages",
        verbose_name=_("customer"),
    )
    origin = origin_field()
    # What it is about beside the customer: a deal, a case.
    object_type = models.CharField(max_length=60, blank=True, editable=False)
    object_id = models.BigIntegerField(null=True, blank=True, editable=False)
    error = models.CharField(max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            # A copy of our own in the folder of what was sent is known by it; another mailbox may hold the same.
            models.UniqueConstraint(fields=["mailbox", "message_id"], name="message_once"),
        ]
        indexes = [
            models.Index(fields=["-sent_at", "-id"], name="message_newest"),
            models.Index(fields=["party", "-sent_at", "-id"], name="message_of_party"),
            models.Index(fields=["mailbox", "-sent_at", "-id"], name="message_of_mailbox"),
            models.Index(fields=["message_id"], name="message_by_id"),
            models.Index(fields=["in_reply_to"], condition=~Q(in_reply_to=""), name="message_by_parent"),
            models.Index(fields=["sender"], condition=Q(party__isnull=True), name="message_unfiled"),
            models.Index(
                fields=["object_type", "object_id", "-sent_at"],
                condition=Q(object_id__isnull=False),
                name="message_of_record",
            ),
            models.Index(fields=["state", "id"], condition=Q(state="waiting"), name="message_to_send"),
            origin_index("message_origin"),
        ]

    def __str__(self) -> str:
        return str(self.subject or _("(no subject)"))

    def addresses(self, *fields: str) -> list[str]:
        """The addresses that it goes to; of some fields (to, cc) where these are named."""
        return [address for field, address, _name in self.recipients if not fields or field in fields]


class LeftOut(Governed):
    """A message that was not kept, and why; it can be tried again."""

    governed = Through("folder")

    folder = models.ForeignKey(Folder, models.CASCADE, related_name="left_out")
    uid = models.BigIntegerField()
    why = models.CharField(_("why"), max_length=300)
    subject = models.CharField(_("subject"), max_length=250, blank=True)
    sender = models.CharField(_("from"), max_length=320, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects: Any = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("message left out")
        verbose_name_plural = _("messages left out")
        constraints = [models.UniqueConstraint(fields=["folder", "uid"], name="left_out_once")]

    def __str__(self) -> str:
        return str(self.why)
