"""The text of a note: whom it mentions, and how it is shown (a little Markdown, made harmless)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from html import unescape

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from guanxi.foundation.models import User

MENTION = re.compile(r"(?<![\w@./+-])@([\w.+-]{1,150})")
TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "a", "blockquote", "span"}
ATTRIBUTES = {"a": {"href"}, "span": {"class", "title"}}
RULES = [
    "paragraph", "list", "fence", "code", "blockquote", "newline", "backticks", "emphasis", "strikethrough", "link",
    "autolink", "escape", "entity",
]  # fmt: skip
SHORTEST = 40  # characters of a handle that are looked up from its end: people write on without a space after it


def mentioned(text: str) -> dict[str, User]:
    """The users that `text` mentions, by what it says of them; also those who do not work here any more.

    “@meihua.” and “@meihua請看” mention meihua: the longest user name that a mention begins with counts.
    """
    said = {found[1] for found in MENTION.finditer(text)}
    beginnings = {word: [word[:length] for length in range(len(word), 0, -1)][:SHORTEST] for word in said}
    names = {name.lower() for options in beginnings.values() for name in options}
    users = {user.username.lower(): user for user in _users(names)}
    found: dict[str, User] = {}
    for options in beginnings.values():
        for name in options:
            if name.lower() in users:
                found[name] = users[name.lower()]
                break
    return found


def _users(names: Iterable[str]) -> list[User]:
    from django.db.models.functions import Lower

    return list(User.objects.annotate(lower=Lower("username")).filter(lower__in=list(names))) if names else []


@functools.cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("zero", {"breaks": True, "html": False}).enable(RULES)


def shown(text: str, users: dict[str, User] | None = None) -> SafeString:
    """`text` as HTML: paragraphs, lists, emphasis, code and links; nothing else gets through."""
    html = _markdown().render(text)
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(_with_names(clean, mentioned(text) if users is None else users))


ADDRESS = r"https?://[^\s<>\"'，。；、（）]+[^\s<>\"'，。；、（）.,;:!?)\]]"
QUIET = {"a", "code", "pre"}  # within these nothing is made of what stands there


def _with_names(html: str, users: dict[str, User]) -> str:
    """`html` with addresses as links and the full names of those who are mentioned; never within a tag."""
    names = "|".join(re.escape(escape(name)) for name in sorted(users, key=len, reverse=True)) or "(?!)"
    pattern = re.compile(rf"(?P<address>{ADDRESS})|(?<![\w@./+-])@(?P<name>{names})")

    def put(found: re.Match[str]) -> str:
        if found["address"]:
            return f'<a href="{found[0]}" rel="noopener noreferrer nofollow">{found[0]}</a>'
        user = users[unescape(found["name"])]
        gone = "" if user.is_active else " gone"
        return f'<span class="mention{gone}" title="{escape(user.username)}">@{escape(user)}</span>'

    parts, depth = [], 0
    for part in re.split(r"(<[^>]*>)", html):
        tag = re.match(r"<(/?)(\w+)", part)
        if tag and tag[2] in QUIET:
            depth += -1 if tag[1] else 1
        parts.append(part if tag or depth else pattern.sub(put, part))
    return "".join(parts)
