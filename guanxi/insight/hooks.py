"""What insight hangs into lower floors."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell
from guanxi.foundation.api.additions import Addition
from guanxi.foundation.shell import Command, MenuEntry
from guanxi.insight import (
    api,
    desk,  # noqa: F401  registers the desk
)

# What people see -----------------------------------------------------------------------------------------------------

hooks.register("palette", Command(_("Cost rates"), "/costs/", "coins"))

# What programs see ---------------------------------------------------------------------------------------------------

hooks.register("answer:parties", Addition("standing", api.StandingOut, api.standings))
hooks.register("api", ("/parties", api.of_party), order=13)
hooks.register("api", ("/insight", api.router), order=60)
