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
    declared = schema.named(table)
    rights, model = visibility.rights_of(viewer), model_of(table)
    reach = visibility.rule_of(model).reach(model, rights, "view")
    if declared.with_customers:
        return _with_customers(rows, rights, reach)
    if reach is Reach.ALL or "party_id" not in rows.columns:
        return rows
    if declared.owner:
        return rows.filter(_among(rows, declared.owner, declared.key, rights, reach, model))
    return rows.semi_join(_customers(rights, reach), "party_id")


def _customers(rights: visibility.Rights, reach: Reach) -> ir.Table:
    """The customers that a right reaches to, by their numbers."""
    party = tables.table("party")
    return party.filter(_among(party, "owner_id", "party_id", rights, reach, Party)).select("party_id")


def _among(
    rows: ir.Table, owner: str, key: str, rights: visibility.Rights, reach: Reach, model: type[models.Model]
) -> ir.BooleanValue:
    """The condition on rows with an owner: one's own or the team's, and what was shared."""
    seen = rows[owner].isin(_whose(rights, reach))
    shared = sorted(rights.shared(model._meta.label_lower, "view"))
    return seen | rows[key].isin(shared) if shared else seen


def _whose(rights: visibility.Rights, reach: Reach) -> list[int | None]:
    return [*sorted(rights.peers)] if reach is Reach.TEAM else [rights.viewer_id]


def _with_customers(rows: ir.Table, rights: visibility.Rights, reach: Reach) -> ir.Table:
    """Rows that are seen by whoever sees their customer; those without one as far as the right itself reaches."""
    of_customers = visibility.rule_of(Party).reach(Party, rights, "view")
    if of_customers is Reach.ALL is reach:
        return rows
    alone = rows.filter(rows.party_id.isnull())
    if reach is not Reach.ALL:
        alone = alone.filter(alone.owner_id.isin(_whose(rights, reach)))
    if of_customers is Reach.NONE:
        return alone
    with_one = rows.filter(rows.party_id.notnull())
    if of_customers is not Reach.ALL:
        with_one = with_one.semi_join(_customers(rights, of_customers), "party_id")
    return with_one.union(alone)


def _hidden_fields(viewer: Viewer, table: str) -> frozenset[str]:
    """The fields of what a table tells of that are hidden from the viewer, mostly none; a page asks often."""
    if viewer is None or not visibility.rights_of(viewer).hidden:
        return frozenset()
    models_ = [model_of(table), *(apps.get_model(name) for name in schema.named(table).also)]
    return frozenset().union(*(visibility.hidden_fields(viewer, model) for model in models_))


def is_hidden(viewer: Viewer, table: str, column: str) -> bool:
    """Whether what stands in a column is hidden from the viewer."""
    hidden = _hidden_fields(viewer, table)
    if not hidden:
        return False
    name = FIELDS.get((table, column), column.removesuffix("_id"))
    if column.startswith(schema.PROFILE):
        name = f"profile.{column.removeprefix(schema.PROFILE)}"
    if column.startswith(schema.COMPUTED):
        name = f"computed.{column.removeprefix(schema.COMPUTED)}"
    return name in hidden or name.partition(".")[0] in hidden


def reads_hidden(viewer: Viewer, measure: Any) -> bool:
    """Whether a measure is worked out from anything that is hidden from the viewer."""
    if not _hidden_fields(viewer, measure.base):
        return False
    import ibis
    import ibis.expr.operations as ops

    table = schema.named(measure.base)
    empty = ibis.table({**ibis.schema(table.schema), "first_purchase__first_day": "date"}, name=table.name)
    read = {field.name for field in measure.formula(empty).op().find(ops.Field)}
    return any(is_hidden(viewer, measure.base, name) for name in read)
