"""A paper of the business: a template with the letterhead of a language, as PDF."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation.attachments import storing
from guanxi.foundation.attachments.models import Attachment
from guanxi.foundation.reports import pdf
from guanxi.orders.papers.models import Letterhead

STYLE = Path(__file__).parent / "static" / "papers" / "paper.css"
PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")
LARGEST_LOGO = 1_000_000  # bytes
MOST_IN_COLUMN = 100_000_000  # what is less fits into the column of amounts; for more, columns are as wide as need be


def language_of(party: Party) -> str:
    """The language that papers for a customer are in: his own where the house speaks it, else the house's."""
    wanted = party.language.lower()
    known = dict(settings.LANGUAGES)
    return wanted if wanted in known else settings.LANGUAGE_CODE


def letterhead(language: str) -> Letterhead:
    """The letterhead for a language, else the one for all, else any, else one with nothing but a name."""
    rows = list(Letterhead.objects.order_by("language", "id"))
    fitting = [row for row in rows if row.language == language] or [row for row in rows if not row.language] or rows
    return fitting[0] if fitting else Letterhead(name="Guanxi")


def logo(head: Letterhead) -> tuple[bytes, str] | None:
    """The newest picture on the letterhead, with its type; one of another language where it has none."""
    pictures = Attachment.objects.filter(object_type=Letterhead._meta.label_lower, media_type__in=PICTURES)
    pictures = pictures.filter(content__size__lte=LARGEST_LOGO).select_related("content").order_by("-id")
    found = pictures.filter(object_id=head.pk).first() or pictures.first()
    if found is None or not storing.shelf().exists(found.content.path):
        return None
    with storing.shelf().open(found.content.path) as file:
        return file.read(), found.media_type


def address_lines(party: Party) -> list[str]:
    """Name and address of a customer as they stand on an envelope."""
    points = ContactPoint.objects.filter(party=party, kind=ContactPoint.Kind.ADDRESS).order_by("-preferred", "id")
    written = points.values_list("value", flat=True).first()
    lines = written.splitlines() if written else [" ".join(filter(None, [party.city, party.country]))]
    return [party.name, *(line.strip() for line in lines if line.strip())]


def context_of(party: Party, language: str) -> dict[str, Any]:
    """What every paper shows: letterhead, logo, address."""
    head = letterhead(language)
    picture = logo(head)
    shown = f"data:{picture[1]};base64,{base64.b64encode(picture[0]).decode()}" if picture else ""
    return {
        "head": head,
        "logo": shown,
        "address": address_lines(party),
        "party": party,
        "most_in_column": MOST_IN_COLUMN,
    }


def made(template: str, context: dict[str, Any], party: Party, language: str, **options: Any) -> bytes:
    """The PDF of a paper in a language. Raises Refused where the machine lacks the libraries for PDF."""
    with translation.override(language):
        html = render_to_string(template, {**context_of(party, language), **context})
    return pdf.of_html(html, STYLE, **options)
