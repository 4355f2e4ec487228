"""Connecting a mailbox, writing mail from a record, and the buttons of a message."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from guanxi.channels import connecting
from guanxi.channels.mail import actions, fetching, panels, syncing, tasks
from guanxi.channels.mail.forms import MailboxForm
from guanxi.channels.mail.models import Folder, Mailbox, Message
from guanxi.customers.models import Party
from guanxi.foundation import belonging
from guanxi.foundation import tasks as background
from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments import uploading
from guanxi.foundation.attachments.actions import too_large
from guanxi.foundation.desk import record_url
from guanxi.foundation.desk.views.making import made
from guanxi.foundation.once import FIELD, once
from guanxi.foundation.visibility import require


def connect(request: HttpRequest, desk: Any) -> HttpResponse:
    """The “New” form of a mailbox: tried before it is kept."""
    require(request.user, "create", Mailbox)
    form = MailboxForm(request.POST or None, viewer=request.user)
    if request.method == "POST" and form.is_valid() and _works(form, Mailbox(**form.cleaned_data)):
        try:
            number, _fresh = once(
                request.user,
                request.POST.get(FIELD, ""),
                lambda: actions.connect(by=request.user, **form.cleaned_data).pk,
            )
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            tasks.enqueue(Mailbox.objects.get(pk=number), by=request.user)
            told.success(request, _("Connected. What is there is being read."))
            return made(request, record_url("mailboxes", number))
    return connecting.shown(request, form, None, "mail/form.html")


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Server, user name and password."""
    row = get_object_or_404(Mailbox.objects.visible_to(request.user), pk=pk)
    require(request.user, "edit", row)
    kept = row.password
    form = MailboxForm(request.POST or None, instance=row, viewer=request.user)
    if request.method == "POST" and form.is_valid():
        values = {**form.cleaned_data, "password": form.cleaned_data["password"] or kept}
        if _works(form, Mailbox(**values)):
            try:
                actions.edit(pk, values, by=request.user)
            except Refused as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            else:
                told.success(request, _("Kept. It counts from now on."))
                return redirect("desk:record", "mailboxes", pk)
    return connecting.shown(request, form, row, "mail/form.html")


def _works(form: MailboxForm, mailbox: Mailbox) -> bool:
    """Whether the server lets us in; if not, the form says why."""
    try:
        with fetching.connected(mailbox) as server:
            server.folders()
    except (fetching.CannotConnect, *fetching.FAULTS) as fault:
        form.add_error("imap_host", str(fault))
        return False
    return True


@require_POST
def do(request: HttpRequest, pk: int) -> HttpResponse:
    """The buttons of a mailbox's page; `what` says which."""
    row = get_object_or_404(Mailbox.objects.visible_to(request.user), pk=pk)
    require(request.user, "edit", row)
    what = request.POST.get("what", "")
    try:
        if what in ("pause", "resume"):
            actions.pause(pk, what == "pause", by=request.user)
        elif what == "look":
            tasks.enqueue(row, by=request.user)
            told.success(request, _("It is being looked at."))
        elif what == "again":
            kept = sum(syncing.try_again(folder.pk) for folder in Folder.objects.filter(mailbox=row))
            told.success(request, _("Here whole now: %(count)s") % {"count": kept})
        elif what == "folders":
            chosen = [int(number) for number in request.POST.getlist("folder") if number.isdigit()]
            actions.choose_folders(pk, chosen, by=request.user)
            tasks.enqueue(row, by=request.user)
            told.success(request, _("Kept. The folders are being read."))
    except (Refused, fetching.CannotConnect, *fetching.FAULTS) as fault:
        told.error(request, str(fault))
    return redirect("desk:record", "mailboxes", pk)


@require_http_methods(["GET", "POST"])
def of(request: HttpRequest, object_type: str, object_id: int) -> HttpResponse:
    """The panel of a record (GET; with `write` the form), a mail from it (POST)."""
    record = belonging.record_or_404(object_type, object_id, request.user)
    if request.method == "GET":
        return _panel(request, record, "write" in request.GET)
    try:
        once(request.user, request.POST.get(FIELD, ""), lambda: _write(request, record=record))
    except Refused as refusal:
        return _panel(
            request, record, True, 422, draft=request.POST, wrong=refusal.field, error=refusal.message,
            ticked=request.POST.getlist("at_hand"),
        )  # fmt: skip
    background.enqueue(tasks.send, by=request.user, key="mail:send")
    return _panel(request, record)


def _panel(request: HttpRequest, record: Any, writing: bool = False, status: int = 200, **more: Any) -> HttpResponse:
    context = panels.writing(record, request.user) if writing else panels.composer(record, request.user)
    return render(request, "mail/panel.html", {**context, **more}, status=status)


def _write(request: HttpRequest, **about: Any) -> int:
    post = request.POST
    number = post.get("mailbox", "")
    if not number.isdigit():
        raise Refused(_("Connect your mailbox first: System → Mailboxes."), "mailbox")
    for name in getattr(request, uploading.SKIPPED, []):
        raise too_large(name)
    to, cc = (post.get(name, "").replace(";", ",").split(",") for name in ("to", "cc"))
    draft = actions.Draft(
        to, post.get("subject", ""), post.get("text", ""), cc=cc, quote=post.get("quote") == "1",
        files=[(file.name or "", file) for file in request.FILES.getlist("files")],
        at_hand=post.getlist("at_hand"), **about,
    )  # fmt: skip
    return int(actions.write(int(number), draft, by=request.user, purpose=post.get("purpose") or actions.LETTER).pk)


def _seen(request: HttpRequest, pk: int) -> Message:
    found: Message = get_object_or_404(Message.objects.visible_to(request.user), pk=pk)
    return found


@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The form to answer a message, all of it, or to pass it on (GET; `how`), and what was written there (POST)."""
    message = _seen(request, pk)
    how = request.POST.get("how") or request.GET.get("how", "")
    if request.method == "GET":
        return _answering(request, message, how)
    about = {"forwards": message} if how == panels.FORWARD else {"answers": message}
    try:
        number, _fresh = once(request.user, request.POST.get(FIELD, ""), lambda: _write(request, **about))
    except Refused as refusal:
        return _answering(
            request, message, how, 422, draft=request.POST, wrong=refusal.field, error=refusal.message,
            ticked=request.POST.getlist("at_hand"),
        )  # fmt: skip
    background.enqueue(tasks.send, by=request.user, key="mail:send")
    return made(request, record_url("messages", number))


def _answering(request: HttpRequest, message: Message, how: str, status: int = 200, **more: Any) -> HttpResponse:
    context = {**panels.answering(message, how, request.user), **more}
    return render(request, "mail/answer.html", context, status=status)


@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a thread private or not (`private`), file it with a customer (`party`; 0: nobody), or send again."""
    _seen(request, pk)
    post = request.POST
    try:
        if "private" in post:
            actions.set_private(pk, post["private"] == "1", by=request.user)
        elif post.get("party", "").isdigit():
            number = int(post["party"])
            party = get_object_or_404(Party.objects.visible_to(request.user), pk=number) if number else None
            actions.file(pk, party, by=request.user)
        elif "again" in post:
            actions.send_again(pk, by=request.user)
            background.enqueue(tasks.send, by=request.user, key="mail:send")
    except Refused as refusal:
        told.error(request, refusal.message)
    return redirect("desk:record", "messages", pk)


@require_GET
def customers(request: HttpRequest, pk: int) -> HttpResponse:
    """Customers with whom a message may belong, by what is typed."""
    _seen(request, pk)
    words = request.GET.get("q", "").strip()[:60]
    found = Party.objects.visible_to(request.user).filter(name__istartswith=words)[:8] if words else []
    return render(request, "mail/customers.html", {"found": found, "pk": pk})
