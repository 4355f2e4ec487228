"""Which columns and relations a list loads: a fixed small number of queries, whatever the rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Prefetch, QuerySet

from guanxi.foundation import visibility
from guanxi.foundation.desk.declaration import Field, Viewer, as_field
from guanxi.foundation.desk.paging import Order
from guanxi.foundation.desk.paths import Path

MOVABLE = "card_movable"
COUNTED = 1000  # beyond this, counts say “1,000+” until asked


def loading(rows: QuerySet[Any], fields: Iterable[Field], order: Order, viewer: Viewer) -> QuerySet[Any]:
    """`rows` such that showing `fields` asks the database nothing more than one query a to-many relation."""
    model = rows.model
    paths, whole = _read_paths(model, fields, order)
    single = [path for path in paths if not path.many]
    only = {model._meta.pk.name, *(path.stored for path in single)}
    if whole:
        only |= {field.attname for field in model._meta.concrete_fields}
    joined: set[str] = set()
    for path in single:
        if path.field.is_relation and not path.keys:
            joined.add(path.orm)
        if path.relations:
            joined.add(path.prefix)
            only |= _links(path)
    rows = rows.select_related(None)  # a declaration's own would clash with `only`
    rows = rows.select_related(*sorted(joined)) if joined else rows
    many = {path.prefix: path for path in paths if path.many}
    return rows.only(*sorted(only)).prefetch_related(*[_prefetch(path, viewer) for path in many.values()])


def with_movable(rows: QuerySet[Any], viewer: Viewer) -> QuerySet[Any]:
    """`rows`, each of which knows as `MOVABLE` whether the viewer may edit it; without that he may edit all of them."""
    model = rows.model
    condition = visibility.rule_of(model).narrow(model, visibility.rights_of(viewer), "edit")
    if condition is None:
        return rows
    told: QuerySet[Any] = rows.annotate(**{MOVABLE: ExpressionWrapper(condition, output_field=BooleanField())})
    return told


def _read_paths(model: Any, fields: Iterable[Field], order: Order) -> tuple[list[Path], bool]:
    paths: list[Path] = [order.field.path] if order.field and order.field.path else []
    whole = False
    for field in fields:
        if field.path is not None:
            paths.append(field.path)
        if field.column.needs:
            needed = [as_field(model, name).path for name in field.column.needs]
            paths += [path for path in needed if path is not None]
        elif field.column.render or field.column.export:
            whole = True
    return paths, whole


def _links(path: Path) -> set[str]:
    """The columns that tie the tables on the way together."""
    links: set[str] = set()
    for position, relation in enumerate(path.relations):
        before = "__".join(path.names[: position + 1])
        links.add(f"{before}__{relation.field.name}" if relation.auto_created else f"{before}__{_pk(relation)}")
    if path.field.primary_key and path.names[-1] != path.field.name:  # the path ends on the relation itself
        links.discard(path.stored)
    return links


def _pk(relation: Any) -> str:
    return str(relation.related_model._meta.pk.name)


def _prefetch(path: Path, viewer: Viewer) -> Any:
    if len(path.relations) != 1:
        return path.prefix
    queryset = path.relations[0].related_model._default_manager.all()
    return Prefetch(path.prefix, queryset.visible_to(viewer) if hasattr(queryset, "visible_to") else queryset)


def capped_count(rows: QuerySet[Any]) -> int:
    """How many rows there are, counted no further than one beyond COUNTED."""
    return rows.order_by().values("pk")[: COUNTED + 1].count()
