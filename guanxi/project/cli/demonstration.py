"""`guanxi demo`: the import of the demonstration data, which also freezes the business's date."""

from __future__ import annotations

import os
from typing import Any

import click

from guanxi.foundation.parent import end_with_parent
from guanxi.intake.demo.commands import demo as importing
from guanxi.project.cli.first_run import CHILD, freeze_today


class Demonstration(click.Command):
    """The command of the package `intake`, in a home that keeps the demonstration's day."""

    def invoke(self, context: click.Context) -> Any:
        if os.environ.get(CHILD):
            end_with_parent()
        freeze_today()
        return super().invoke(context)


demo = Demonstration("demo", callback=importing.callback, params=importing.params, help=importing.help)
