"""What is stored of access: the rules, locks after failed attempts, invitations."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part
from guanxi.foundation.visibility import VisibleQuerySet

ADMINISTRATED = Part("people", {"view": "edit", "create": "edit", "delete": "edit"})


class Rules(Governed):
    """What holds for everybody who logs in; one row."""

    governed = ADMINISTRATED

    second_factor = models.BooleanField(_("second factor for everybody"), default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("rules of access")
        verbose_name_plural = _("rules of access")

    def __str__(self) -> str:
        return str(Rules._meta.verbose_name)


class Lock(Governed):
    """Failed attempts at one account or from one address, and until when no more are let in."""

    governed = ADMINISTRATED

    class Kind(models.TextChoices):
        ACCOUNT = "account", _("Account")
        ADDRESS = "address", _("Address")

    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices)
    key = models.CharField(max_length=160)
    label = models.CharField(_("of"), max_length=160)
    failures = models.PositiveIntegerField(_("failed attempts"), default=0)
    since = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateTimeField(_("locked until"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("lock")
        verbose_name_plural = _("locks")
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="lock_once")]

    def __str__(self) -> str:
        return self.label


class Invitation(Governed):
    """A colleague was asked in by mail; who opens the link makes the account, once, in time."""

    governed = Part("people", {"view": "create", "edit": "create", "delete": "create"})

    email = models.EmailField(_("mail address"))
    role = models.CharField(_("role"), max_length=60, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("invited by")
    )
    invited_at = models.DateTimeField(_("invited"), default=timezone.now)
    expires_at = models.DateTimeField(_("valid until"))
    nonce = models.CharField(max_length=32, editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("user")
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return self.email
