"""A report as a mail: the figures in the text, the whole as PDF."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from guanxi.foundation.models import User
from guanxi.foundation.reports import Report, pdf


def send(report: Report, user: User) -> None:
    """Mail `report` to `user` in the active language. Raises OSError or SMTPException where the server does not take
    it.
    """
    context = report.context(user, {}) | {
        "report": report,
        "address": f"{settings.GUANXI_URL}{report.url}",
        "print": True,
    }
    subject = f"{context['heading']} · {context['subheading']}"
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string("reports/mail.txt", context),
        to=[user.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach(f"{report.slug}.pdf", pdf.render(report, context), "application/pdf")
    message.send()
