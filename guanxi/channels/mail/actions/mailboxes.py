"""Connecting mailboxes, choosing their folders, and noting how they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.channels.actions import change_connection, keep_failure, keep_success, pause_connection
from guanxi.channels.mail import hosts, strangers
from guanxi.channels.mail.models import Folder, LeftOut, Mailbox, Message, Thread
from guanxi.foundation import search
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.attachments.actions import remove_of
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, require

AT_ONCE = 1_000  # messages that are taken away in one statement


@action
def connect(*, by: Viewer, **values: Any) -> Mailbox:
    """Let one's own mailbox be read and written through. `values` are fields of Mailbox."""
    owner = User.objects.filter(pk=by.pk).first()
    if owner is None:
        raise Refused(_("A mailbox is somebody's own."), "owner")
    _check_hosts(values)
    return create(Mailbox, owner=owner, **values, **_leads(values, None, by))


@action
def edit(number: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Mailbox:
    """Change a mailbox; an empty password leaves it as it is. It is looked at again at once."""
    mailbox = Mailbox.objects.visible_to(by).get(pk=number)
    _check_hosts(changes)
    return change_connection(mailbox, expected, changes, **_leads(changes, mailbox, by))


@action
def pause(number: int, paused: bool, *, by: Viewer) -> Mailbox:
    """Read a mailbox no more, or again."""
    return pause_connection(Mailbox.objects.visible_to(by).get(pk=number), paused)


@action
def disconnect(number: int, *, by: Viewer) -> None:
    """Forget a mailbox with all its messages; those at the server stay."""
    mailbox = Mailbox.objects.visible_to(by).get(pk=number)
    while some := list(mailbox.messages.values_list("pk", flat=True)[:AT_ONCE]):
        search.remove(Message, some)
        remove_of("mail.message", some, by=by)
        mailbox.messages.filter(pk__in=some).delete()
    Thread.objects.filter(messages=None).delete()
    delete(mailbox)


@action
def note_failure(number: int, fault: str, *, by: Viewer) -> None:
    """That a mailbox could not be read, and why."""
    keep_failure(Mailbox, number, fault)


@action
def note_success(number: int, speed: float | None, *, by: Viewer) -> None:
    """That a mailbox was read."""
    keep_success(Mailbox, number, **({} if speed is None else {"speed": speed}))


def _leads(values: dict[str, Any], mailbox: Mailbox | None, by: Viewer) -> dict[str, Any]:
    """From when on mail of strangers becomes leads: what came before that is switched on, is none."""
    if "lead_addresses" in values:
        for address in strangers.addresses_in(values["lead_addresses"] or ""):
            _refuse_no_address(address)
    if not values.get("makes_leads") or (mailbox is not None and mailbox.makes_leads):
        return {}
    if not strangers.may_be_taken(by):
        raise Refused(_("You may not make leads."), "makes_leads")
    return {"leads_since": timezone.now().replace(microsecond=0)}  # mails know no parts of seconds


def _refuse_no_address(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        message = _("“%(address)s” is no mail address.")
        raise Refused(message % {"address": address[:100]}, "lead_addresses") from error


def _check_hosts(values: dict[str, Any]) -> None:
    for name in ("imap_host", "smtp_host"):
        if values.get(name):
            try:
                hosts.check(values[name])
            except hosts.Forbidden as forbidden:
                raise Refused(str(forbidden), name) from forbidden


@action
def note_folders(number: int, listed: Mapping[str, str], *, by: Viewer) -> None:
    """Which folders a server has, by name with what each is for. A new one is read where it is the inbox or what was
    sent; one that is gone is kept with what was read of it."""
    kinds = Folder.Kind
    Folder.objects.bulk_create(
        (
            Folder(mailbox_id=number, name=name, kind=kind, read=kind in (kinds.INBOX, kinds.SENT))
            for name, kind in listed.items()
        ),
        ignore_conflicts=True,
    )
    rows = Folder.objects.filter(mailbox=number)
    for folder in rows:
        kind, there = listed.get(folder.name, folder.kind), folder.name in listed
        if (kind, there) != (folder.kind, folder.there):
            Folder.objects.filter(pk=folder.pk).update(kind=kind, there=there)


@action
def choose_folders(number: int, folders: Collection[int], *, by: Viewer) -> None:
    """Read these folders of a mailbox, and no others. What was read of a folder stays where it is read no more."""
    mailbox = Mailbox.objects.visible_to(by).get(pk=number)
    require(by, "edit", mailbox)
    known = {folder.pk: folder for folder in mailbox.folders.select_related("mailbox")}
    if not set(folders) <= known.keys():
        raise Refused(_("This mailbox has no such folder."), "folders")
    if not folders:
        raise Refused(_("Choose at least one folder, or pause the mailbox."), "folders")
    for folder in known.values():
        read = folder.pk in folders
        if folder.read != read:
            change(folder, read=read)


@action
def begin_folder(number: int, validity: int, *, by: Viewer) -> Folder:
    """Read a folder from its beginning, for its numbers are new; what is here already is known by its id."""
    Folder.objects.filter(pk=number).update(validity=validity, last_uid=0)
    LeftOut.objects.filter(folder=number).delete()
    return Folder.objects.select_related("mailbox").get(pk=number)


@action
def note_backlog(number: int, backlog: int, *, by: Viewer) -> None:
    """How many messages are still to come."""
    Folder.objects.filter(pk=number).update(backlog=backlog)


@action
def move_on(number: int, uid: int, backlog: int, *, by: Viewer) -> None:
    """That everything up to `uid` is here, or was left out with its reason."""
    Folder.objects.filter(pk=number, last_uid__lt=uid).update(last_uid=uid, backlog=backlog)
