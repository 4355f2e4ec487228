"""Collect every string that people see into guanxi/locale: `make messages`. Then translate what is empty, by hand.

Entries stand in the order of the files they come from, named without line numbers, so that diffs stay small. Nothing is
guessed from similar strings: a new string stays empty until someone translates it, and `make test` says so.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.core.management.commands.makemessages import Command

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ["zh_Hant", "zh_Hans"]
NOT_SEEN = [".venv", "node_modules", "var", "tests", "benchmarks", "docs", "scripts"]


class Messages(Command):
    """Django's makemessages, sorted and without guesses."""

    # `gettext as _now` where `_` is the lazy one, `gettext_lazy as _lazy` where it is not.
    xgettext_options = [*Command.xgettext_options, "--keyword=_now", "--keyword=_lazy", "--sort-by-file"]
    msgmerge_options = [*Command.msgmerge_options, "--sort-by-file", "--no-fuzzy-matching"]


def main() -> None:
    """Bring the catalogues up to date with the sources."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guanxi.project.settings")
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    django.setup()
    call_command(
        Messages(),
        locale=LANGUAGES,
        extensions=["html", "txt", "py"],
        ignore_patterns=NOT_SEEN,
        add_location="file",
        no_wrap=True,
        no_obsolete=True,
    )
    for language in LANGUAGES:
        forget_when(ROOT / "guanxi" / "locale" / language / "LC_MESSAGES" / "django.po")


def forget_when(catalogue: Path) -> None:
    """Leave out when the catalogue was made, which would change it each time."""
    lines = catalogue.read_text().splitlines(keepends=True)
    catalogue.write_text("".join(line for line in lines if not line.startswith('"POT-Creation-Date:')))


if __name__ == "__main__":
    main()
