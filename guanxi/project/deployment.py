"""What an installation that others reach must have besides what Django checks: for `guanxi check --deploy`."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register, run_checks

LOCAL = {"127.0.0.1", "localhost", "[::1]"}


@register(Tags.security, deploy=True)
def reached(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """By which names and over what it is reached."""
    found: list[CheckMessage] = []
    if not settings.SECURE_SSL_REDIRECT:
        found.append(
            checks.Warning(
                "Passwords and cookies go over the network in clear.", "Set GUANXI_HTTPS=1.", id="guanxi.W001"
            )
        )
    if urlsplit(settings.GUANXI_URL).scheme != "https":
        hint = "Set GUANXI_URL=https://…, the address that mails lead to."
        found.append(checks.Warning(f"Mails lead to {settings.GUANXI_URL}.", hint, id="guanxi.W002"))
    if set(settings.ALLOWED_HOSTS) <= LOCAL:
        found.append(
            checks.Warning("Only this machine reaches it.", "Name its hosts in GUANXI_HOSTS.", id="guanxi.W003")
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            checks.Warning("Any name of a host is believed.", "Name its hosts in GUANXI_HOSTS.", id="guanxi.W004")
        )
    if not settings.GUANXI_PROXIES:
        hint = "Set GUANXI_PROXIES to the number of proxies before it (mostly 1)."
        words = "Locks and the audit log take the proxy's address for everybody's."
        found.append(checks.Warning(words, hint, id="guanxi.W005"))
    return found


@register(Tags.security, deploy=True)
def kept(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Who else may read what is kept, and whether mail goes out."""
    found: list[CheckMessage] = []
    home = Path(settings.GUANXI_HOME)
    if home.exists() and home.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        words = f"Every user of this machine may read {home}."
        found.append(checks.Warning(words, f"chmod o= {home}", id="guanxi.W006"))
    if not settings.EMAIL_HOST:
        words = "Mails are written to files: nobody gets invitations or new passwords."
        found.append(checks.Warning(words, "Set GUANXI_MAIL_HOST.", id="guanxi.W007"))
    return found


def findings() -> list[CheckMessage]:
    """Everything that Django and we find wrong with the settings of an installation that others reach."""
    return [one for one in run_checks(include_deployment_checks=True) if not one.is_silenced()]
