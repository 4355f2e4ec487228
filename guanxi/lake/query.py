"""Asking the lake: measures, by dimensions, where; one Ibis expression, with only the joins that it needs.

Measures over different tables (sales lines, standings of customers) are worked out each over its own, and put side by
side where their dimensions agree.

::

    result = run(Query(["sales", "orders"], by=["department"], where={"month": ["2017-03"]}, order=["-sales"]), viewer)
    for row in result.rows:
        row["department"], row["sales"]     # None stands for "not known"; money is a Decimal

`where` maps dimensions to a value, a list of values (None among them for "not known"), or a range: {"from": …, "to":
…}, both ends included. Dimensions that are records (product, place, staff, customer) are named by id, number or name,
and their rows carry the id besides, as `product_id`, `place_id`, `sales_person_id`, `party_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from guanxi.foundation import engine, visibility
from guanxi.foundation.visibility import Viewer
from guanxi.lake import allowed, asking, dimensions, measures, schema, store, tables
from guanxi.lake.asking import BadQuery, CannotCut, UnknownName
from guanxi.lake.dimensions import Dimension
from guanxi.lake.measures import SALES_LINES, Measure

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = [
    "BadQuery",
    "CannotCut",
    "Column",
    "Query",
    "Result",
    "UnknownName",
    "ask",
    "customers_behind",
    "drill",
    "orders_behind",
    "run",
    "sight",
]

LIMIT, LARGEST = 1_000, 100_000
CENT = Decimal("0.01")
WITHOUT_COST = "_without_cost"
REST = "__rest"  # behind the name of a dimension: whether a row is of all values that are not kept apart
UNTIL = "_until"


@dataclass(frozen=True)
class Query:
    """What is asked. `order` names measures or dimensions of the query, with "-" for the largest first.

    `keep` maps a dimension of `by` to the values that stay apart; all others become one group, whose rows carry
    `<dimension>__rest` as True. `until` is a period of `by`: figures are those from the first day until its end.
    """

    measures: Sequence[str]
    by: Sequence[str] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    order: Sequence[str] = ()
    limit: int = LIMIT
    totals: bool = False
    keep: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    until: str = ""


@dataclass(frozen=True)
class Column:
    """What a column of the answer is; `labels` says what people read for coded values, `key` where the record's id
    is.
    """

    name: str
    label: str
    role: str  # dimension, measure
    format: str  # of a measure: money, number, percent; of a dimension: its kind
    key: str = ""
    labels: Mapping[Any, str] = field(default_factory=dict)
    base: str = ""  # of a measure: the table it is worked out over
    parts: str = ""  # of a measure: how its parts make the whole


@dataclass(frozen=True)
class Result:
    """The answer: rows by column name, until when the data are complete, in which currency, and what to know of it."""

    columns: list[Column]
    rows: list[dict[str, Any]]
    as_of: datetime | None
    notes: list[str]
    currency: str
    totals: dict[str, Any] | None = None


def run(query: Query, viewer: Viewer) -> Result:
    """Answer a query. Raises BadQuery (UnknownName) where it cannot be, NotAllowed, LakeBroken."""
    with visibility.seeing(viewer):
        asked = _Asked(query, viewer)
    shown = _fetch(asked.expression())
    cut = len(shown) > query.limit
    rows = [asked.present(row) for row in shown[: query.limit]]
    totals = None
    if query.totals:
        totals = asked.present({name: value for total in asked.totals() for name, value in _fetch(total)[0].items()})
    notes = [*asked.notes, *_on_cost(shown)]
    if cut:
        notes.append(_("Only the first %(limit)s rows are shown.") % {"limit": query.limit})
    return Result(asked.columns(), rows, tables.as_of(), notes, asked.currency, totals)


def ask(query: Query, viewer: Viewer) -> list[dict[str, Any]]:
    """The rows of the answer alone."""
    return run(query, viewer).rows


def sight(viewer: Viewer) -> tuple[Any, ...]:
    """All that decides what `viewer` sees of the lake: an answer given under one sight may be given under it again."""
    rights = visibility.rights_of(viewer)
    models = {model._meta.label_lower: model for model in (allowed.model_of(table.name) for table in schema.all())}
    reaches = {name: visibility.rule_of(model).reach(model, rights, "view") for name, model in models.items()}
    hidden = {name: sorted(visibility.hidden_fields(viewer, model)) for name, model in models.items()}
    if all(reach is visibility.Reach.ALL for reach in reaches.values()):
        return ("all", hidden)
    shared = {name: sorted(rights.shared(name, "view")) for name in sorted(models)}
    return (rights.viewer_id, sorted(rights.peers), shared, sorted(reaches.items()), hidden)


def drill(where: Mapping[str, Any], viewer: Viewer) -> ir.Table:
    """The orders behind a figure, newest first: an Ibis expression of `order_id` and `day`."""
    import ibis

    with visibility.seeing(viewer):
        asked = _Asked(Query(["lines"], where=where), viewer)
    orders = asked.rows(SALES_LINES).group_by("order_id").aggregate(day=ibis._.day.max())
    return orders.order_by(ibis.desc("day"), ibis.desc("order_id"))


def orders_behind(where: Mapping[str, Any], viewer: Viewer, limit: int = 10_000) -> list[int]:
    """The ids of at most `limit` orders behind a figure, newest first."""
    return [row["order_id"] for row in _fetch(drill(where, viewer).limit(limit))]


def customers_behind(base: str, where: Mapping[str, Any], viewer: Viewer, limit: int = 10_000) -> list[int]:
    """The ids of at most `limit` customers behind a figure over `base`, a table of customers; the newest first."""
    return records_behind(base, where, viewer, limit, "party_id")


def records_behind(
    base: str, where: Mapping[str, Any], viewer: Viewer, limit: int = 10_000, key: str = ""
) -> list[int]:
    """The ids of at most `limit` records behind a figure over `base`, as its key names them; the newest first."""
    names = [name for name, measure in measures.all().items() if measure.base == base]
    key = key or schema.named(base).key
    with visibility.seeing(viewer):
        rows = _Asked(Query(names[:1], where=where), viewer).rows(base)
    found = rows.select(key).distinct()
    return [row[key] for row in _fetch(found.order_by(found[key].desc()).limit(limit))]


class _Asked:
    """A query whose names are known, and the expression it becomes."""

    def __init__(self, query: Query, viewer: Viewer) -> None:
        self.query = query
        self.viewer = viewer
        self.measures: list[Measure] = _named(query.measures, measures.all(), "measures")
        self.bases = list(dict.fromkeys(measure.base for measure in self.measures)) or [SALES_LINES]
        for base in self.bases:
            allowed.require(viewer, base)
        known = dimensions.all()
        self.by: list[Dimension] = _named(query.by, known, "by")
        if not isinstance(query.where, Mapping):
            raise BadQuery(_("“where” maps dimensions to values or ranges."), "where")
        filtered = _named(list(query.where), known, "where")
        self.where = {dimension: query.where[dimension.name] for dimension in filtered}
        for dimension in (*self.by, *filtered):
            if dimension.own_key == "party_id":  # who sees no customers cuts nothing by them
                allowed.require(viewer, dimension.table)
        if not self.measures:
            raise BadQuery(_("Name at least one measure."), "measures")
        if isinstance(query.limit, bool) or not isinstance(query.limit, int) or not 1 <= query.limit <= LARGEST:
            raise BadQuery(_("The limit is a number from 1 to %(largest)s.") % {"largest": LARGEST}, "limit")
        self._check_cuts(known)
        if query.until and query.until not in {one.name for one in self.by if one.kind in dimensions.PERIODS}:
            raise BadQuery(_("“So far” needs a period among the dimensions."), "until")
        self.order = self._order()
        self.notes: list[str] = []
        self.of_lines: dict[Dimension, Any] = {}  # what is asked of sales lines besides
        self.currency = self._settle_currency(known["currency"])

    def _check_cuts(self, known: Mapping[str, Dimension]) -> None:
        """Raises BadQuery for a dimension that a measure cannot be cut by; says which it can."""
        for measure in self.measures:
            for name, asked in (("by", self.by), ("where", self.where)):
                for dimension in asked:
                    if not dimension.cuts(measure.base):
                        raise CannotCut(measure, dimension, known.values(), name)

    def _order(self) -> list[tuple[str, bool]]:
        """Columns and whether they run down: as asked, else periods from the first, figures from the largest."""
        names = [*(one.name for one in self.measures), *(one.name for one in self.by)]
        chosen: dict[str, bool] = {}
        for item in _list(self.query.order, "order"):
            name = item.removeprefix("-")
            if name not in names:
                reason = _("“%(name)s” is not part of the query; order by one of: %(known)s.")
                raise BadQuery(reason % {"name": name, "known": ", ".join(names)}, "order")
            chosen.setdefault(name, item.startswith("-"))
        if not chosen and not any(dimension.kind in dimensions.PERIODS for dimension in self.by):
            chosen[self.measures[0].name] = True
        for dimension in self.by:
            chosen.setdefault(dimension.name, False)
        return list(chosen.items())

    def _settle_currency(self, dimension: Dimension) -> str:
        """The currency of the amounts; amounts of several are never added up."""
        if SALES_LINES not in self.bases:
            return str(settings.GUANXI_CURRENCY)
        named = any(item.name == "currency" for item in (*self.by, *self.where))
        found = currencies()
        if named or len(found) < 2:
            return found[0] if len(found) == 1 else settings.GUANXI_CURRENCY if not found else ""
        self.of_lines = {dimension: [settings.GUANXI_CURRENCY]}
        others = ", ".join(currency for currency in found if currency != settings.GUANXI_CURRENCY)
        self.notes.append(
            _("Only sales in %(currency)s are counted; there are others in %(others)s. Group or filter by currency.")
            % {"currency": settings.GUANXI_CURRENCY, "others": others}
        )
        return str(settings.GUANXI_CURRENCY)

    def rows(self, base: str) -> ir.Table:
        """The rows asked for of a table, joined with what the query needs of other tables."""
        where = self.where | (self.of_lines if base == SALES_LINES else {})
        rows = allowed.rows_for(self.viewer, base)
        for name, columns in self._joins(base, where).items():
            if name == base:
                rows = rows.mutate(**{f"{name}__{column}": rows[column] for column in columns})
                continue
            key = schema.named(name).key
            # Of a customer whom one does not see, nothing is told by a record of one's own.
            beside = allowed.rows_for(self.viewer, name) if key == "party_id" else tables.table(name)
            chosen = beside.select(**{f"{name}__{key}": beside[key]}, **{f"{name}__{c}": beside[c] for c in columns})
            rows = rows.left_join(chosen, rows[key] == chosen[f"{name}__{key}"])
        conditions = [asking.condition(rows, dimension, asked) for dimension, asked in where.items()]
        return rows.filter(conditions) if conditions else rows

    def _joins(self, base: str, where: Iterable[Dimension]) -> dict[str, list[str]]:
        needed: dict[str, list[str]] = {}
        for dimension in (*self.by, *where):
            if dimension.needs_join and dimension.column not in needed.setdefault(dimension.table, []):
                needed[dimension.table].append(dimension.column)
        if any(measure.needs == "first_purchase" for measure in self._over(base)):
            needed["first_purchase"] = ["first_day"]
        return needed

    def _over(self, base: str) -> list[Measure]:
        return [measure for measure in self.measures if measure.base == base]

    def _figures(self, base: str, rows: ir.Table) -> dict[str, ir.Value]:
        figures = {measure.name: measure.formula(rows) for measure in self._over(base)}
        if any(measure.of_cost for measure in self._over(base)):
            figures[WITHOUT_COST] = rows.cost.isnull().sum()
        return figures

    def _answer(self, base: str) -> ir.Table:
        """The figures over one table, by the dimensions; records by their key."""
        rows = self.rows(base)
        if self.query.until:
            rows = _until_each_end(rows, next(one for one in self.by if one.name == self.query.until))
        groups: dict[str, ir.Value] = {}
        for dimension in self.by:
            groups |= self._group(rows, dimension)
        return (
            rows.aggregate(self._figures(base, rows), by=groups)
            if groups
            else rows.aggregate(self._figures(base, rows))
        )

    def _group(self, rows: ir.Table, dimension: Dimension) -> dict[str, ir.Value]:
        """The column that groups by a dimension; with what is kept apart, a second one that says what is the rest."""
        import ibis

        if dimension.name == self.query.until:
            return {_grouped(dimension): rows[UNTIL]}
        values = dimension.values(rows)
        if dimension.name not in self.query.keep:
            return {_grouped(dimension): values}
        kept = list(self.query.keep[dimension.name])
        rest = asking.condition(rows, dimension, {"not": kept}) if kept else ibis.literal(True)
        return {_grouped(dimension): rest.ifelse(ibis.null(values.type()), values), f"{dimension.name}{REST}": rest}

    @property
    def _groups(self) -> list[str]:
        return [_grouped(one) for one in self.by] + [
            f"{one.name}{REST}" for one in self.by if one.name in self.query.keep
        ]

    def _answers(self) -> ir.Table:
        """The figures over all tables side by side: one row per group that any of them knows."""
        answers = [self._answer(base) for base in self.bases]
        return answers[0] if len(answers) == 1 else _side_by_side(answers, self._groups)

    def expression(self) -> ir.Table:
        """The whole query: rows, groups, the names of records, order, limit (one more, to see whether there are
        more).
        """
        import ibis  # here, not above: it takes half a second, which only questions should cost

        answer = self._answers()
        for dimension in self.by:
            if dimension.kind == dimensions.RECORD:
                answer = _with_names(answer, dimension, self.viewer)
        order = [ibis.desc(name, nulls_first=False) if down else ibis.asc(name) for name, down in self.order]
        order += [ibis.asc(one.key) for one in self.by if one.kind == dimensions.RECORD]
        return (answer.order_by(order) if order else answer).limit(self.query.limit + 1)

    def totals(self) -> list[ir.Table]:
        """The measures over all rows asked for, table by table."""
        wholes = [(base, self.rows(base)) for base in self.bases]
        return [rows.aggregate(self._figures(base, rows)) for base, rows in wholes]

    def present(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row as callers get it: dimensions (records with their ids), then measures; money to the cent where it
        is.
        """
        named: dict[str, Any] = {}
        for dimension in self.by:
            if dimension.name in row:
                named[dimension.name] = row[dimension.name]
            if dimension.kind == dimensions.RECORD and dimension.key in row:
                named[dimension.key] = row[dimension.key]
            if f"{dimension.name}{REST}" in row:
                named[f"{dimension.name}{REST}"] = row[f"{dimension.name}{REST}"]
        return named | {measure.name: _figure(row[measure.name], measure.format) for measure in self.measures}

    def columns(self) -> list[Column]:
        """The columns of the answer."""
        by = [
            Column(
                one.name,
                str(one.label),
                "dimension",
                one.kind,
                one.key if one.kind == dimensions.RECORD else "",
                one.labels,
            )
            for one in self.by
        ]
        return by + [
            Column(one.name, str(one.label), "measure", one.format, base=one.base, parts=one.parts)
            for one in self.measures
        ]


def currencies() -> list[str]:
    """The currencies of the sales lines; looked up once per version of the table."""
    version = tables.version_of("sales_line")
    if _currencies.get("version") != version:
        line = tables.table("sales_line")
        found = _fetch(line.select("currency").distinct().order_by("currency"))
        _currencies.update(version=version, found=[row["currency"] for row in found if row["currency"]])
    return list(_currencies["found"])


_currencies: dict[str, Any] = {}


def _grouped(dimension: Dimension) -> str:
    """The column that groups: of a record its key, whose name is joined to the few rows of the answer."""
    return dimension.key if dimension.kind == dimensions.RECORD else dimension.name


def _side_by_side(answers: list[ir.Table], groups: list[str]) -> ir.Table:
    """Answers over different tables as one: stacked and grouped, for so "not known" meets "not known"."""
    import ibis

    types = {name: answer[name].type() for answer in answers for name in answer.columns if name not in groups}
    stacked = ibis.union(
        *(
            answer.select(
                *groups,
                **{n: answer[n] if n in answer.columns else ibis.null(kind) for n, kind in types.items()},
            )
            for answer in answers
        )
    )
    return stacked.aggregate({name: stacked[name].max() for name in types}, by=groups)


def _until_each_end(rows: ir.Table, period: Dimension) -> ir.Table:
    """Each row once for its own period and for every later one that there is: sums, and different customers, so far."""
    dated = rows.mutate(_own=period.values(rows))
    ends = dated.select(**{UNTIL: dated._own}).distinct()
    return ends.join(dated, ends[UNTIL] >= dated._own)


def _with_names(answer: ir.Table, dimension: Dimension, viewer: Viewer) -> ir.Table:
    records = allowed.rows_for(viewer, dimension.table)
    beside = f"{dimension.name}__key"
    names = records.select(**{beside: records[dimension.own_key], dimension.name: records[dimension.column]})
    return answer.left_join(names, answer[dimension.key] == names[beside]).drop(beside)


def _fetch(expression: ir.Table) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = expression.to_pyarrow().to_pylist()
    except engine.unreadable() as error:  # a file of the lake is gone or damaged
        told = tables.ready()
        raise (store.LakeBroken(told) if told else store.broken(schema.SALES_LINE, error)) from error
    return rows


def _list(items: Any, field_name: str) -> list[str]:
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise BadQuery(_("“%(field)s” is a list of names.") % {"field": field_name}, field_name)
    chosen = list(items)
    wrong = [item for item in chosen if not isinstance(item, str)]
    if wrong:
        raise BadQuery(_("“%(value)s” is not a name.") % {"value": wrong[0]}, field_name)
    return list(dict.fromkeys(chosen))


def _named(names: Any, known: Mapping[str, Any], field_name: str) -> list[Any]:
    chosen = _list(names, field_name)
    for name in chosen:
        if name not in known:
            raise UnknownName(field_name, name, known)
    return [known[name] for name in chosen]


def _figure(value: Any, shape: str) -> Any:
    if isinstance(value, Decimal):
        if shape == measures.MONEY:
            cents = value.quantize(CENT)
            return cents if cents == value else value
        return int(value) if value == value.to_integral_value() else value.normalize()
    return value


def _on_cost(rows: list[dict[str, Any]]) -> list[str]:
    unknown = sum(row.get(WITHOUT_COST) or 0 for row in rows)
    if not unknown:
        return []
    return [_("The cost of %(count)s lines is not known; cost and margin leave them out.") % {"count": unknown}]
