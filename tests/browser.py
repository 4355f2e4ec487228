"""A real browser for tests: the system's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--disable-dev-shm-usage",
]
HOW = (
    "Chromium is needed for these tests: on Debian `apt-get install chromium`; elsewhere install Chrome or Chromium, "
    "or name its program in GUANXI_CHROMIUM."
)
WIDE = {"width": 1360, "height": 900}
TELEPHONE = {"width": 390, "height": 844}


class NoChromium(Exception):
    """No Chromium on this machine; the message says how to get it."""


def program() -> str:
    """The path of Chromium. Raises NoChromium."""
    named = os.environ.get("GUANXI_CHROMIUM")
    found = [named] if named else [path for name in NAMES if (path := shutil.which(name))]
    found += [place for place in PLACES if Path(place).exists()]
    if not found:
        raise NoChromium(HOW)
    return found[0]


def launch(playwright: Any) -> Any:
    """A running headless Chromium."""
    return playwright.chromium.launch(executable_path=program(), args=ARGUMENTS)


def watch(page: Any) -> list[str]:
    """The list that will hold every console error (a blocked script or style among them) and uncaught exception.

    Not so 409 and 422: forms that come back with what is wrong are answers, though Chromium notes them as errors.
    """
    errors: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error" and not message.text.endswith(("409 (Conflict)", "422 (Unprocessable Entity)")):
            errors.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors
