"""Sending what was written, through the server of its mailbox."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from django.utils import timezone

from guanxi.channels.mail import actions, files, hosts
from guanxi.channels.mail.models import Mailbox, Message, Security
from guanxi.foundation.attachments import storing
from guanxi.foundation.visibility import SYSTEM

METHOD = re.compile(r"^METHOD:([A-Z]+)\s*$", re.MULTILINE)
FOR_GOOD = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPAuthenticationError)


def send_waiting(limit: int = 200) -> dict[str, int]:
    """Send what waits, mailbox by mailbox; what is refused for good is shown to its writer, the rest waits on."""
    rows = (
        Message.objects.filter(state=Message.State.WAITING).select_related("mailbox__owner").order_by("mailbox", "id")
    )
    sent = failed = 0
    servers: dict[int, smtplib.SMTP | str] = {}
    for row in rows[:limit]:
        server = servers.get(row.mailbox_id) or _opened(row.mailbox)
        servers[row.mailbox_id] = server
        fault, final = (server, False) if isinstance(server, str) else _sent(server, row)
        if fault:
            failed += 1
            actions.note_unsent(row.pk, fault, final, by=SYSTEM)
        else:
            sent += 1
            actions.note_sent(row.pk, by=row.mailbox.owner)
    for server in servers.values():
        if not isinstance(server, str):
            _closed(server)
    return {"sent": sent, "failed": failed}


def is_needed() -> bool:
    """Whether anything waits."""
    return bool(Message.objects.filter(state=Message.State.WAITING).exists())


def composed(row: Message) -> EmailMessage:
    """The message as it goes over the wire."""
    made = EmailMessage()
    made["From"] = formataddr((row.sender_name, row.sender))
    for field in ("to", "cc"):
        if addresses := row.addresses(field):
            made[field.title()] = ", ".join(addresses)
    made["Subject"] = row.subject
    made["Date"] = format_datetime(timezone.now())
    made["Message-ID"] = f"<{row.message_id}>"
    if row.in_reply_to:
        made["In-Reply-To"] = f"<{row.in_reply_to}>"
        made["References"] = " ".join(f"<{one}>" for one in row.references)
    made.set_content("\n\n".join(part for part in (row.text, row.quoted) if part))
    if row.calendar:  # RFC 6047: for mail programs beside the text, for others as a file
        method = METHOD.search(row.calendar)
        params = {"method": method[1]} if method else {}
        made.add_alternative(row.calendar, subtype="calendar", params=params)
        made.add_attachment(row.calendar.encode(), maintype="application", subtype="ics", filename="invite.ics")
    for file in files.of([row])[row.pk]:
        main, _slash, sub = file.media_type.partition("/")
        if main in ("message", "multipart") or not sub:  # these have a structure of their own
            main, sub = "application", "octet-stream"
        with storing.shelf().open(file.content.path) as content:
            made.add_attachment(content.read(), maintype=main, subtype=sub, filename=file.name)
    return made


def _sent(server: smtplib.SMTP, row: Message) -> tuple[str, bool]:
    """Why it could not be sent, and whether that is final; no words where it was."""
    try:
        server.send_message(composed(row), row.sender, row.addresses())
    except FOR_GOOD as fault:
        return _words(fault), True
    except smtplib.SMTPResponseException as fault:
        return _words(fault), 500 <= fault.smtp_code < 600
    except (OSError, smtplib.SMTPException) as fault:
        return _words(fault), False
    return "", False


def _opened(mailbox: Mailbox) -> smtplib.SMTP | str:
    """The server, logged in; or why not."""
    try:
        server = hosts.smtp(mailbox.smtp_host, mailbox.smtp_port, mailbox.smtp_security)
        if server.has_extn("auth") or mailbox.smtp_security != Security.NONE:
            server.login(mailbox.username, mailbox.password)
    except (OSError, smtplib.SMTPException, hosts.Forbidden) as fault:
        return _words(fault)
    return server


def _closed(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def _words(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}"[:500]
