"""What territories hang into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.customers.hanging import Hanging
from guanxi.customers.rights.kept import Kept
from guanxi.foundation import hooks
from guanxi.foundation.desk import Column, Filter, Panel, Question
from guanxi.foundation.governing import Subject
from guanxi.foundation.tasks import Daily
from guanxi.sales.territories import actions, api, applying, desk, lake, leads, panels, tasks
from guanxi.sales.territories.models import Assigned, Move, NamedAccount, RecutRow

hooks.register(
    "subject", Subject("territories", _("Territories"), ("view", "create", "edit", "delete", "run")), order=16
)
for model in (Assigned, Move, NamedAccount, RecutRow):
    hooks.register("hangs_on_party", Hanging(model))
    hooks.register("kept_about", Kept(model, given=model in (Assigned, Move)))
hooks.register("bulk_kind", applying.RECUT)
hooks.register("lead_owner", leads.owner_of)
hooks.register("schedule", Daily(tasks.place_new, at="02:05"))
hooks.register("button:territories", desk.simulate_button)
hooks.register("button:territories", desk.recuts_button)
hooks.register(
    "columns:customers",
    [
        Column(
            "territory", label=_("Territory"), fetch=desk.names, condition=desk.within, choices=desk.choices,
            shown=False,
        )
    ],
)  # fmt: skip
hooks.register(
    "filters:customers",
    [
        Filter("postcode", label=_("Postcode"), kind="text", condition=desk.postcodes),
        Filter("region", label=_("State, province or county"), kind="text", condition=desk.regions),
    ],
)
hooks.register("questions:customers", Question(actions.QUESTION, desk.of_recut, desk.recut_words))
hooks.register(
    "panel:customers",
    Panel(
        "right", _("Territory"), "territories/of_party.html", context=panels.of_party, order=90, lazy=True,
        key="territory", rows=panels.territories_of,
    ),
)  # fmt: skip
hooks.register(
    "panel:recuts",
    Panel("middle", _("What moves"), "territories/recut.html", context=panels.of_recut, order=10, key="figures"),
)
hooks.register("lake_source", lake.SOURCE)
hooks.register("dimension", lake.DIMENSION)
hooks.register("hierarchy", lake.HIERARCHY)
for tile in lake.TILES:
    hooks.register("dashboard_tile:sales", tile)
hooks.register("api", ("/territories", api.router), order=27)
