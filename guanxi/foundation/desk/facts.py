"""The facts of a record as HTML. A page shows some twenty, for each of which a template takes five times as long."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from guanxi.foundation.desk import addresses
from guanxi.foundation.desk.declaration import Desk, Field
from guanxi.foundation.templatetags.icons import icon

NOTHING = SafeString("")


@dataclass(frozen=True)
class Fact:
    """A fact as its record shows it: `html` is its value."""

    desk: Desk
    record: Any
    field: Field
    html: SafeString
    editable: bool = False
    masked: bool = False  # shown to who asks for it, which is recorded
    story: str = ""  # the address that tells where the value comes from
    leads: str = ""  # an address outside

    @property
    def shown(self) -> SafeString:
        """Its name, its value, and what can be done with it."""
        return format_html(
            '<div class="fact" data-fact="{}"><dt>{}</dt><dd>{}{}{}{}</dd></div>',
            self.field.name, self.field.label, self._value(), self._way_out(), self._show(), self._told(),
        )  # fmt: skip

    @property
    def _url(self) -> str:
        return addresses.of_record("desk:fact", self.desk.slug, self.record.pk, self.field.name)

    def _value(self) -> SafeString:
        if not self.editable:
            return self.html
        title, ends = _edit(get_language())
        return format_html(
            '<button type="button" class="fact-value" hx-get="{}?edit" hx-target="closest .fact" hx-swap="outerHTML" '
            'title="{}"><span>{}</span>{}</button>',
            self._url, title, self.html, ends,
        )  # fmt: skip

    def _way_out(self) -> SafeString:
        if not self.leads:
            return NOTHING
        words = _("Open “%(field)s”") % {"field": self.field.label}
        return format_html(
            '<a class="fact-leads" href="{}" rel="noopener noreferrer" aria-label="{}">{}</a>',
            self.leads, words, icon("external-link"),
        )  # fmt: skip

    def _show(self) -> SafeString:
        if not self.masked:
            return NOTHING
        return format_html(
            '<button type="button" class="btn-link" hx-get="{}?show" hx-target="closest .fact" hx-swap="outerHTML" '
            'title="{}">{}</button>',
            self._url, _("Who looks is recorded"), _("Show"),
        )  # fmt: skip

    def _told(self) -> SafeString:
        if not self.story:
            return NOTHING
        words = _("Where “%(field)s” comes from") % {"field": self.field.label}
        title, waiting = _story(get_language())
        return format_html(
            '<details class="menu fact-story"><summary aria-label="{}" title="{}">{}</summary>'
            '<div class="menu-panel story" hx-get="{}" hx-trigger="opened once">{}</div></details>',
            words, title, icon("info-circle"), self.story, waiting,
        )  # fmt: skip


@lru_cache(maxsize=16)
def _edit(_language: str | None) -> tuple[str, SafeString]:
    """What the button that edits says, and how it ends."""
    ends = format_html('{}<span class="visually-hidden">{}</span>', icon("pencil"), _("Edit"))
    return _("Click to edit"), ends


@lru_cache(maxsize=16)
def _story(_language: str | None) -> tuple[str, SafeString]:
    """What the button says that tells where a value comes from, and what is there until it is told."""
    return _("Where this comes from"), format_html('<p class="menu-wait">{}</p>', _("One moment …"))
