"""What every page shows around its content: the side bar, the palette, the languages, the theme, the bell.

Higher floors add to it through hooks: `menu` (MenuEntry), `palette` (Command), `pinned_views` (a function
(viewer) -> list of MenuEntry) and `banner` (a function (viewer) -> Banner or None).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guanxi.foundation import hooks, keys, notifications
from guanxi.foundation.counting import counted
from guanxi.foundation.notifications import COUNTED
from guanxi.foundation.templatetags.icons import icon
from guanxi.foundation.visibility import Viewer, is_staff, may

Text = str | Promise

TOP = ""
RELATIONSHIPS = "relationships"
WORK = "work"
SELLING = "selling"
TRADE = "trade"
KNOW = "know"
SYSTEM = "system"
PINNED = "pinned"
SECTIONS: dict[str, Text] = {
    TOP: "",
    RELATIONSHIPS: gettext_lazy("Relationships"),
    WORK: gettext_lazy("Work"),
    SELLING: gettext_lazy("Selling"),
    TRADE: gettext_lazy("Orders and goods"),
    KNOW: gettext_lazy("Know"),
    PINNED: gettext_lazy("Pinned views"),
    SYSTEM: gettext_lazy("System"),
}
SHORT_LANGUAGES = {"en": "EN", "zh-hant": "繁中", "zh-hans": "简中"}
THEMES = ("light", "dark", "auto")
THEME_COOKIE = "theme"
# Which sections of the side bar somebody folded away; written by shell.js.
FOLDED_COOKIE = "folded"
FOLDED_AT_FIRST = SYSTEM


def address(url: Text) -> str:
    """The path of `url`, which is a path or the name of a URL; empty where no such name exists (yet)."""
    text = str(url)
    if text.startswith(("/", "http:", "https:")):
        return text
    try:
        return _path(text, get_urlconf(), get_script_prefix())
    except NoReverseMatch:
        return ""


@cache
def _path(name: str, _urlconf: str | None, _prefix: str) -> str:
    """The path of a name; every page asks for the same forty."""
    return reverse(name)


def own_path(request: HttpRequest, target: str) -> str:
    """`target` where it is a page of ours, else the first page."""
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else "/"


@dataclass(frozen=True)
class MenuEntry:
    """A line of the side bar, and by that a command of the palette. `url` is a path or a URL's name.

    `waiting` gives the rows whose number stands behind the line. They are counted at every page, though no further
    than a hundred: finding as many must be cheap.
    """

    section: str
    label: Text
    url: Text
    icon: str
    order: int = 100
    waiting: Callable[[Viewer], QuerySet[Any]] | None = None
    keywords: Iterable[Text] = ()
    needs: tuple[str, Any] | None = None  # the right (verb, model or subject) of whoever gets to see it
    key: str = ""  # the letter that leads there after “g”


@dataclass(frozen=True)
class Command:
    """A command of the palette that is not in the side bar, such as “New customer”."""

    label: Text
    url: Text
    icon: str
    keywords: Iterable[Text] = ()
    quick: str = ""  # what the dialogue of new records opens with, in place of the page
    needs: tuple[str, Any] | None = None


@dataclass(frozen=True)
class Banner:
    """A sentence above every page, with where it leads. Asked for at every page, without asking the database."""

    words: Text
    url: str = ""
    link: Text = ""


@dataclass
class Line:
    """A menu entry as one page shows it."""

    label: Text
    href: str
    icon: str
    count: int = 0
    active: bool = False
    key: str = ""

    @property
    def html(self) -> SafeString:
        begins, ends = _drawn(self.href, str(self.label), self.icon, self.key, self.active)
        if not self.count:
            return begins + ends
        told = f"{COUNTED - 1}+" if self.count >= COUNTED else self.count
        return begins + format_html('<span class="count">{}</span>', told) + ends


@lru_cache(maxsize=4096)  # every page shows the same forty, for which a template takes longer than many a page's query
def _drawn(href: str, label: str, icon_name: str, key: str, active: bool) -> tuple[SafeString, SafeString]:
    """A line of the side bar, before and after its count."""
    here = SafeString(' class="active" aria-current="page"') if active else ""
    keys_told = format_html(' aria-keyshortcuts="g {}" title="g {}"', key, key) if key else ""
    begins = format_html('<li><a href="{}"{}{}>{}<span>{}</span>', href, here, keys_told, icon(icon_name), label)
    return begins, SafeString("</a></li>")


@dataclass
class Section:
    """A group of lines under a heading, by which it is folded away; the first has none."""

    name: str
    label: Text
    items: list[Line]
    folded: bool = False


class Shell:
    """The frame of one page; each part is worked out only when a template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.viewer = getattr(request, "user", None)

    @cached_property
    def sections(self) -> list[Section]:
        if not is_staff(self.viewer):
            return []
        shown: dict[str, list[Line]] = {name: [] for name in SECTIONS}
        for entry, href in self._entries:
            shown[entry.section].append(Line(entry.label, href, entry.icon, self._numbers.get(href, 0), key=entry.key))
        self._mark_active([line for lines in shown.values() for line in lines])
        folded = self.folded.split(".")
        return [
            Section(name, SECTIONS[name], lines, name in folded and not any(line.active for line in lines))
            for name, lines in shown.items()
            if lines
        ]

    @cached_property
    def _entries(self) -> list[tuple[MenuEntry, str]]:
        """The lines of the side bar that are open to the viewer, with where they lead."""
        entries: list[MenuEntry] = list(hooks.get("menu"))
        for pinned in hooks.get("pinned_views"):
            entries.extend(pinned(self.viewer))
        open_to = ((entry, address(entry.url)) for entry in sorted(entries, key=lambda entry: entry.order))
        return [(entry, href) for entry, href in open_to if href and _open_to(self.viewer, entry)]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The numbers of the side bar, by where their lines lead, and of the bell (""), counted in one question."""
        rows: dict[str, QuerySet[Any]] = {"": notifications.unread_rows(self.viewer)}
        rows |= {href: entry.waiting(self.viewer) for entry, href in self._entries if entry.waiting}
        return dict(zip(rows, counted(list(rows.values()), COUNTED), strict=True))

    @property
    def folded(self) -> str:
        """The names of the sections that are folded away, with points between them."""
        return str(self.request.COOKIES.get(FOLDED_COOKIE, FOLDED_AT_FIRST))

    def _mark_active(self, lines: list[Line]) -> None:
        path, full = self.request.path, self.request.get_full_path()

        def fits(line: Line) -> tuple[bool, int, bool]:
            """The very address, else the longest that this page is under; of two, the one that shows all."""
            over, _mark, query = line.href.partition("?")
            under = len(over) if path == over or (over != "/" and path.startswith(over)) else 0
            return line.href == full, under, not query

        best = max(lines, key=fits, default=None)
        if best is not None and any(fits(best)[:2]):
            best.active = True

    @cached_property
    def unread(self) -> int:
        return self._numbers[""] if is_staff(self.viewer) else 0

    @cached_property
    def banners(self) -> list[Banner]:
        found = [find(self.viewer) for find in hooks.get("banner")] if is_staff(self.viewer) else []
        return [banner for banner in found if banner is not None]

    @property
    def layout(self) -> str:
        """The template that frames a page of errors: with the side bar for those who work here."""
        return "foundation/base.html" if is_staff(self.viewer) else "foundation/entrance.html"

    @property
    def initial(self) -> str:
        return str(self.viewer)[:1].upper()

    @property
    def theme(self) -> str:
        chosen = self.request.COOKIES.get(THEME_COOKIE, "auto")
        return chosen if chosen in THEMES else "auto"

    @property
    def languages(self) -> list[dict[str, Any]]:
        current = translation.get_language()
        return [
            {"code": code, "name": name, "short": SHORT_LANGUAGES.get(code, name), "current": code == current}
            for code, name in settings.LANGUAGES
        ]

    @cached_property
    def urls(self) -> dict[str, str]:
        names = {"palette": "palette", "suggest": "search_suggest", "search": "search", "create": "desk:create"}
        names |= {"keys": "habits:keys", "habits": "habits:menu", "lines": "habits:lines"}
        found = {key: address(name) for key, name in names.items()}
        return {**found, "icons": reverse("icon", args=["NAME"])}

    @property
    def shortcuts(self) -> bool:
        """Whether single keys do something for this person (guanxi.foundation.habits)."""
        return bool(getattr(self.request, "session", {}).get("shortcuts", True))

    @property
    def places_by_key(self) -> list[tuple[str, Text]]:
        """The letters that lead somewhere after “g”, with the names of the places."""
        return [(line.key, line.label) for section in self.sections for line in section.items if line.key]

    @property
    def keys(self) -> dict[str, Any]:
        """What the scripts know of single keys."""
        go = {line.key: line.href for section in self.sections for line in section.items if line.key}
        return {"on": self.shortcuts, "names": keys.names(), "go": go}

    @property
    def words(self) -> dict[str, str]:
        """What the scripts say to people."""
        return {
            "close": _("Close"),
            "commands": _("Commands"),
            "records": _("Records"),
            "nothing": _("Nothing found."),
            "searchAll": _("Search everything for “%(text)s”"),
            "searchFailed": _("The search did not answer. Try again."),
            "failed": _("The server could not do that. What you typed is still here: try again."),
            "unreachable": _("The server cannot be reached. What you typed is still here: try again."),
            "notAllowed": _("You may not do that."),
            "copied": _("Copied."),
            "throwAway": _("Throw it away"),
            "keptHere": _("What you typed before is here again."),
            "keptWaiting": _("No network: kept on this device, and sent as soon as there is one."),
            "keptSent": _("What waited on this device was sent."),
            "keptRefused": _(
                "What waited on this device was refused. Open its form again: what you typed is still there."
            ),
            "plot": _("Plot"),
            "figures": _("figures as a table"),
            "noData": _("No data for this choice."),
        }


def context(request: HttpRequest) -> dict[str, Any]:
    """Context for the base templates: `shell`."""
    return {"shell": Shell(request)}


def _open_to(viewer: Viewer, one: MenuEntry | Command) -> bool:
    return one.needs is None or may(viewer, *one.needs)


def commands(viewer: Viewer) -> list[dict[str, Any]]:
    """What the palette offers: every menu entry and command that `viewer` may open, findable by its label in each
    language."""
    offered: list[MenuEntry | Command] = [*sorted(hooks.get("menu"), key=lambda e: e.order), *hooks.get("palette")]
    found = []
    for one in offered:
        href = address(one.url) if _open_to(viewer, one) else ""
        if href:
            quick = getattr(one, "quick", "")
            line = {"label": str(one.label), "url": href, "icon": one.icon, "keywords": _spoken(one)}
            found.append({**line, "quick": quick} if quick else line)
    return found


def _spoken(one: MenuEntry | Command) -> str:
    """The label and the keywords in every language, for matching."""
    words: dict[str, None] = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            words.update(dict.fromkeys(str(word).lower() for word in (one.label, *one.keywords)))
    return " ".join(words)


hooks.register("palette", Command(gettext_lazy("My account"), "account", "user-circle"), order=900)
hooks.register("palette", Command(gettext_lazy("Change the password"), "account_change_password", "lock"), order=910)
