"""What of the lake a viewer may ask: rows of customers whom he may see, figures and dimensions of what is not hidden.

A table says by its `model` which right it hangs on (`schema.LakeTable`). Whose customers they are stands in the table
`party`, as of its last refresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models

from guanxi.customers.models import Party
from guanxi.foundation import visibility
from guanxi.foundation.visibility import Reach, Viewer
from guanxi.lake import schema, tables

if TYPE_CHECKING:
    import ibis.expr.types as ir

# What columns are called that are not called as the field that they come from.
FIELDS = {("party", "birth_year"): "date_of_birth", ("party", "known_since"): "created_at"}


def model_of(table: str) -> type[models.Model]:
    """The model whose right a table hangs on."""
    found: Any = apps.get_model(schema.named(table).model) if schema.named(table).model else Party
    return found  # type: ignore[no-any-return]


def require(viewer: Viewer, table: str) -> None:
    """Raise NotAllowed where the viewer may see nothing of what the table holds."""
    visibility.require(viewer, "view", model_of(table))


def rows_for(viewer: Viewer, table: str) -> ir.Table:
    """The rows of a table about customers that the viewer may see."""
    rows = tables.table(table)
    rights, model = visibility.rights_of(viewer), model_of(table)
    reach = visibility.rule_of(model).reach(model, rights, "view")
    if reach is Reach.ALL or "party_id" not in rows.columns:
        return rows
    party = tables.table("party")
    whose = sorted(rights.peers) if reach is Reach.TEAM else [rights.viewer_id]
    seen = party.owner_id.isin(whose)
    shared = sorted(rights.shared(Party._meta.label_lower, "view"))
    if shared:
        seen = seen | party.party_id.isin(shared)
    return rows.semi_join(party.filter(seen).select("party_id"), "party_id")


def is_hidden(viewer: Viewer, table: str, column: str) -> bool:
    """Whether what stands in a column is hidden from the viewer."""
    if viewer is None:
        return False
    hidden = visibility.hidden_fields(viewer, model_of(table))
    if not hidden:
        return False
    name = FIELDS.get((table, column), column)
    if column.startswith(schema.PROFILE):
        name = f"profile.{column.removeprefix(schema.PROFILE)}"
    if column.startswith(schema.COMPUTED):
        name = f"computed.{column.removeprefix(schema.COMPUTED)}"
    return name in hidden or name.partition(".")[0] in hidden


def reads_hidden(viewer: Viewer, measure: Any) -> bool:
    """Whether a measure is worked out from anything that is hidden from the viewer."""
    if viewer is None or not visibility.hidden_fields(viewer, model_of(measure.base)):
        return False
    import ibis
    import ibis.expr.operations as ops

    table = schema.named(measure.base)
    empty = ibis.table({**ibis.schema(table.schema), "first_purchase__first_day": "date"}, name=table.name)
    read = {field.name for field in measure.formula(empty).op().find(ops.Field)}
    return any(is_hidden(viewer, measure.base, name) for name in read)
