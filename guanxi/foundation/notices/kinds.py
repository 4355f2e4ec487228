"""The kinds of notification, each once, with how it reaches people who chose nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks

NONE, APP, MAIL, DIGEST = CHANNELS = ("none", "app", "mail", "digest")
CHANNEL_LABELS: dict[str, Any] = {
    NONE: _("not at all"),
    APP: _("in the app"),
    MAIL: _("in the app and by mail at once"),
    DIGEST: _("in the app and in a daily mail"),
}


@dataclass(frozen=True)
class Kind:
    """A kind of notification; `channel` is how it comes until somebody chooses otherwise."""

    name: str
    label: Any
    channel: str = APP


MENTION = Kind("mention", _("Somebody mentions me"))
ASSIGNED = Kind("assigned", _("Somebody gives me a task"))
REMINDER = Kind("reminder", _("A task of mine is due"), MAIL)
DONE = Kind("done", _("Something that I asked for is done"))
FAILED = Kind("failed", _("Something that I asked for failed"))
SHARED = Kind("shared", _("Somebody shares something with me"))
REPORT = Kind("report", _("Reports that I subscribed to"))
OTHER = Kind("", _("Everything else"))
DECLARED = (MENTION, ASSIGNED, REMINDER, DONE, FAILED, SHARED, REPORT)


def all() -> dict[str, Kind]:  # noqa: A001  read as kinds.all()
    """Every kind by name; the last, for what names none, has an empty one."""
    return {kind.name: kind for kind in [*DECLARED, *hooks.get("notification_kind"), OTHER]}
