"""The lists of what is settled about deals: pipelines, their stages, reasons of loss, checklists and playbooks."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import desk, shell
from guanxi.foundation.actions import action, change, create
from guanxi.foundation.desk import Button, Column, Filter, Menu, conditions, list_url, standard
from guanxi.foundation.visibility import Viewer
from guanxi.sales.deals import queries
from guanxi.sales.deals.models import Check, LostReason, Pipeline, Stage

ENTRY_HELP = _(
    "What a deal must fulfil to come into this stage: filter the list of deals so that it shows such deals, and paste "
    "its address here. Custom fields count too."
)


@desk.register
class Pipelines(desk.Desk):
    """The ways that deals go."""

    model = Pipeline
    slug = "pipelines"
    general = False
    menu = Menu(section=shell.SYSTEM, icon="stairs", order=50)
    columns = (Column("name", link=True, render=str, needs=["name"], sort=False), "position",
               Column("active", sort=False))  # fmt: skip
    default_sort = "position"
    facts = ("name", "position", "active")
    new = (Column("name", required=True), "position")
    create, edit, remove = standard.creating(Pipeline), standard.editing(Pipeline), standard.removing(Pipeline)

    def buttons(self, row: Pipeline, viewer: Viewer) -> list[Button]:
        """To its stages, and to its board."""
        return [
            Button(_("Stages"), list_url("deal-stages", {"f.pipeline": row.pk}), "stairs"),
            Button(_("Board"), list_url("deals", {"as": "board", "by": f"pipeline-{row.pk}"}), "layout-kanban"),
        ]


@action
def create_stage(*, by: Viewer, **values: Any) -> Stage:
    """Make a stage. Raises Refused where its conditions cannot be understood."""
    values["entry"] = conditions.cleaned("deals", values.get("entry") or "", "entry")
    return create(Stage, **{name: value for name, value in values.items() if value is not None})


@action
def edit_stage(row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer) -> Stage:
    """Change a stage; deals that are in it keep their probability. Raises Conflict, Refused."""
    row = Stage.objects.visible_to(by).get(pk=row_id)
    if "entry" in changes:
        changes = {**changes, "entry": conditions.cleaned("deals", changes["entry"] or "", "entry")}
    return change(row, expected, **changes)


def entry_words(row: Stage) -> str:
    """The conditions in words."""
    return conditions.in_words("deals", row.entry)


CATEGORY_HELP = _("Of the deals in it of which nobody says anything else. Empty: by the probability.")
CATEGORY = Column(
    "category",
    label=_("Forecast category"),
    render=lambda row: str(row.category.label),
    needs=["forecast_category", "probability"],
)


@desk.register
class Stages(desk.Desk):
    """The steps of pipelines."""

    model = Stage
    slug = "deal-stages"
    general = False
    menu = Menu(section=shell.SYSTEM, icon="stairs", order=51)
    columns = (
        Column("name", link=True, render=str, needs=["name"], sort=False),
        Column("pipeline", sort=False),
        "position",
        Column("probability", sort=False),
        Column("expected_days", sort=False),
        CATEGORY,
        Column("entry", render=entry_words, needs=["entry"], sort=False),
    )
    default_sort = "position"
    filters = ("pipeline",)
    facts = (
        "name",
        "pipeline",
        "position",
        "probability",
        "expected_days",
        Column("forecast_category", help=CATEGORY_HELP),
        Column("entry", render=entry_words, help=ENTRY_HELP, editable=True),
    )
    new = (
        Column("pipeline", required=True),
        Column("name", required=True),
        "position",
        "probability",
        "expected_days",
        Column("forecast_category", help=CATEGORY_HELP, required=False),
        Column("entry", help=ENTRY_HELP, required=False),
    )
    create, edit, remove = create_stage, edit_stage, standard.removing(Stage)

    def buttons(self, row: Stage, viewer: Viewer) -> list[Button]:
        """To its checklist."""
        return [Button(_("Checklist"), list_url("deal-checks", {"f.stage": row.pk}), "list-check")]


@desk.register
class LostReasons(desk.Desk):
    """Why deals are lost."""

    model = LostReason
    slug = "lost-reasons"
    general = False
    menu = Menu(section=shell.SYSTEM, icon="mood-sad", order=52)
    columns = (
        Column("name", link=True, render=str, needs=["name"], sort=False),
        Column("needs_competitor", sort=False),
        "position",
        Column("active", sort=False),
    )
    default_sort = "position"
    facts = ("name", "needs_competitor", "position", "active")
    new = (Column("name", required=True), "needs_competitor", "position")
    create, edit, remove = standard.creating(LostReason), standard.editing(LostReason), standard.removing(LostReason)


@desk.register
class Checks(desk.Desk):
    """What is to be done in stages, and in the buyer's steps by kind of purchase."""

    model = Check
    slug = "deal-checks"
    label = _("Checklists and playbooks")
    general = False
    menu = Menu(section=shell.SYSTEM, icon="list-check", order=53)
    columns = (
        Column("text", link=True, render=str, needs=["text"], sort=False),
        Column("purchase_kind", sort=False),
        Column("step", sort=False),
        Column("stage", sort=False),
        Column("required", sort=False),
        "position",
    )
    default_sort = "id"
    filters = ("purchase_kind", "step", Filter("stage", choices=queries.stage_choices), "required")
    facts = ("text", "purchase_kind", "step", Column("stage", choices=queries.stage_choices), "required", "position")
    new = (
        Column("text", required=True),
        "purchase_kind",
        "step",
        Column("stage", choices=queries.stage_choices, required=False),
        "required",
        "position",
    )
    create, edit, remove = standard.creating(Check), standard.editing(Check), standard.removing(Check)
