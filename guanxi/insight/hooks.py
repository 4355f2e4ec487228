"""What insight hangs into lower floors."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.api.additions import Addition
from guanxi.foundation.shell import Command
from guanxi.foundation.tasks import Daily, Every
from guanxi.insight import (
    api,
    bulk,
    desk,  # noqa: F401  registers the desk
    tasks,
)

# What people see -----------------------------------------------------------------------------------------------------

hooks.register("palette", Command(_("Cost rates"), "/costs/", "coins"))

# What programs see ---------------------------------------------------------------------------------------------------

hooks.register("answer:parties", Addition("standing", api.StandingOut, api.standings))
hooks.register("api", ("/parties", api.of_party), order=13)
hooks.register("api", ("/insight", api.router), order=60)

# What happens by itself ----------------------------------------------------------------------------------------------

hooks.register("schedule", Daily(tasks.learn, at="02:30"))
hooks.register("schedule", Every(tasks.learn_when_much_is_new, minutes=5))
hooks.register("lake_table", bulk.STANDING)
hooks.register("lake_table", bulk.HISTORY)
