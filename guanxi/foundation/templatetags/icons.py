"""`{% icon "users" %}`: an icon of the installed icon package, inlined, so that it takes the colour of the text."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
log = logging.getLogger(__name__)

NAME = re.compile(r"[a-z0-9-]+")


class UnknownIcon(LookupError):
    """No such icon in the package; names are those of https://tabler.io/icons."""


@lru_cache(maxsize=1024)
def drawing(name: str) -> str:
    """The SVG file of the outline icon `name`. Raises UnknownIcon."""
    path = Path(settings.ICONS_DIR) / f"{name}.svg"
    if not NAME.fullmatch(name) or not path.is_file():
        raise UnknownIcon(f"There is no icon “{name}” in {settings.ICONS_DIR}.")
    return path.read_text()


def _strokes(name: str) -> SafeString:
    body = drawing(name).partition(">")[2].rpartition("</svg>")[0]
    lines = (line.strip() for line in body.splitlines())
    return mark_safe("".join(line for line in lines if line and 'd="M0 0h24v24H0z"' not in line))


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """Inline the icon `name`; with `label` it is announced to screen readers, without it is decoration.

    An unknown name raises where ICONS_STRICT is set (development and tests) and else leaves a gap.
    """
    try:
        return _drawn(str(name), str(label), css)
    except UnknownIcon:
        if settings.ICONS_STRICT:
            raise
        log.warning("unknown icon %s", name)
        return mark_safe("")


@lru_cache(maxsize=4096)  # a page shows some hundred
def _drawn(name: str, label: str, css: str) -> SafeString:
    spoken = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon{}" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>',
        f" {css}" if css else "",
        spoken,
        _strokes(name),
    )
