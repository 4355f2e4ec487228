"""What the sealed audit log hangs into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell
from guanxi.foundation.desk import Button
from guanxi.foundation.sealing import checking, tasks
from guanxi.foundation.tasks import Daily, Every
from guanxi.foundation.visibility import Viewer

hooks.register("schedule", Every(tasks.seal, minutes=1))
hooks.register("schedule", Daily(tasks.verify, at="04:40"))
hooks.register("check", ("audit log", checking.fault))
hooks.register("palette", shell.Command(_("Check of the audit log"), "sealing:chain", "link"), order=920)


@hooks.register("button:audit")
def chain_button(viewer: Viewer) -> Button:
    """From the log to its chain."""
    return Button(_("Is it untouched?"), "/audit/chain/", "link")
