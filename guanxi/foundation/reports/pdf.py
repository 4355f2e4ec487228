"""A report as PDF: the same template as on the screen, with a style sheet for paper and plots drawn as SVG."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.reports import Report

STYLE = Path(__file__).parent / "static" / "reports" / "print.css"
_kept = threading.local()


def render(report: Report, context: dict[str, Any]) -> bytes:
    """The PDF of `report` with its context. Raises Refused where the machine lacks the libraries for PDF."""
    return of_html(render_to_string("reports/paper.html", context | {"report": report, "print": True}), STYLE)


def of_html(html: str, style: Path, **options: Any) -> bytes:
    """A page as PDF. Raises Refused where the machine lacks the libraries for PDF."""
    try:
        from weasyprint import HTML
    except OSError as error:
        raise Refused(
            _("PDF needs the Pango library, which this machine lacks; on Debian: apt-get install libpangoft2-1.0-0")
        ) from error
    with _without_collecting():
        document: bytes = HTML(string=html).write_pdf(stylesheets=[_style(style)], font_config=_fonts(), **options)
    return document


@lru_cache
def _style(path: Path) -> Any:
    """A style sheet, read once in a process."""
    from weasyprint import CSS

    return CSS(filename=str(path))


def _fonts() -> Any:
    """The fonts of the machine, looked through once in each thread: threads must not share what Pango opened."""
    from weasyprint.text.fonts import FontConfiguration

    if not hasattr(_kept, "fonts"):
        _kept.fonts = FontConfiguration()
    return _kept.fonts


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Let no objects be counted through meanwhile: a page makes a million that all stay until it is done, and each
    count of them, with all that the process holds besides, takes nearly as long as the page.
    """
    if not gc.isenabled():  # another page is being made beside this one, and will let it go on
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
