"""The language of formulas: arithmetic, comparisons and a few functions over the fields of one record.

    IF(credit_limit > 0, amount / credit_limit, 0)
    UPPER(city) & " " & tier
    DAYS(TODAY(), last_order)

simpleeval walks the parsed expression; of what it knows only names, literals, operators and calls are left in, so that
nothing reaches an attribute, an index or a loop. Numbers are exact decimals. What is blank stays blank: an operation on
nothing gives nothing.
"""

from __future__ import annotations

import ast
import functools
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, localcontext
from typing import Any

import simpleeval
from django.utils.translation import gettext as _

from guanxi.foundation import clock

LONGEST = 2000
LONGEST_TEXT = 10_000
DEEPEST = 60
CONTEXT = Context(prec=28)
ALLOWED = (ast.Expr, ast.Name, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.Call, ast.Constant)


class FormulaError(Exception):
    """A formula cannot be read, or not be worked out for a record; the message says why."""


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise FormulaError(_("“%(value)s” is not a number.") % {"value": value})
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _blank_stays(work: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(work)
    def run(*values: Any) -> Any:
        return None if any(value is None for value in values) else work(*values)

    return run


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return clock.day_of(value)
    if not isinstance(value, date):
        raise FormulaError(_("“%(value)s” is not a date.") % {"value": value})
    return value


def _later(value: date, days: Any) -> Any:
    number = _number(days)
    if abs(number) > 1_000_000:
        raise FormulaError(_("This date lies too far away."))
    try:
        return value + timedelta(days=float(number) if isinstance(value, datetime) else int(number))
    except OverflowError:
        raise FormulaError(_("This date lies too far away.")) from None


def _add(one: Any, other: Any) -> Any:
    if isinstance(one, date):
        return _later(one, other)
    if isinstance(other, date):
        return _later(other, one)
    return _number(one) + _number(other)


def _subtract(one: Any, other: Any) -> Any:
    if isinstance(one, date):
        return Decimal((_day(one) - _day(other)).days) if isinstance(other, date) else _later(one, -_number(other))
    return _number(one) - _number(other)


def _divide(one: Any, other: Any) -> Any:
    if _number(other) == 0:
        raise FormulaError(_("Division by zero."))
    return _number(one) / _number(other)


def _remainder(one: Any, other: Any) -> Any:
    if _number(other) == 0:
        raise FormulaError(_("Division by zero."))
    return _number(one) % _number(other)


def _power(one: Any, other: Any) -> Any:
    if abs(_number(other)) > 100:
        raise FormulaError(_("This power is too large."))
    return _number(one) ** _number(other)


def _said(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value != value.to_integral_value() else f"{value.quantize(Decimal(1)):f}"
    return "" if value is None else str(value)


def _joined(*values: Any) -> str:
    text = "".join(_said(value) for value in values)
    if len(text) > LONGEST_TEXT:
        raise FormulaError(_("This text is too long."))
    return text


def _comparing(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def run(one: Any, other: Any) -> bool:
        if one is None or other is None:
            return False
        one, other = _alike(one, other)
        try:
            return compare(one, other)
        except TypeError:
            words = _("“%(one)s” and “%(other)s” cannot be compared.")
            raise FormulaError(words % {"one": _said(one), "other": _said(other)}) from None

    return run


def _alike(one: Any, other: Any) -> tuple[Any, Any]:
    """Days and moments compare as days."""
    if isinstance(one, date) and isinstance(other, date) and type(one) is not type(other):
        return _day(one), _day(other)
    return one, other


def _same(one: Any, other: Any) -> bool:
    one, other = _alike(one, other)
    return bool(one == other)


OPERATORS: dict[Any, Callable[..., Any]] = {
    ast.Add: _blank_stays(_add),
    ast.Sub: _blank_stays(_subtract),
    ast.Mult: _blank_stays(lambda one, other: _number(one) * _number(other)),
    ast.Div: _blank_stays(_divide),
    ast.Mod: _blank_stays(_remainder),
    ast.Pow: _blank_stays(_power),
    ast.BitAnd: _joined,
    ast.USub: _blank_stays(lambda value: -_number(value)),
    ast.UAdd: _blank_stays(_number),
    ast.Not: lambda value: not value,
    ast.Eq: _same,
    ast.NotEq: lambda one, other: not _same(one, other),
    ast.Lt: _comparing(operator.lt),
    ast.LtE: _comparing(operator.le),
    ast.Gt: _comparing(operator.gt),
    ast.GtE: _comparing(operator.ge),
}


def _rounded(value: Any, places: Any = Decimal(0)) -> Decimal:
    digits = int(_number(places))
    if abs(digits) > 15:
        raise FormulaError(_("At most %(limit)s places.") % {"limit": 15})
    return _number(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _present(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _edges(choose: Callable[..., Any]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        known = _present(values)
        try:
            return choose(known) if known else None
        except TypeError:
            raise FormulaError(_("These values cannot be compared.")) from None

    return run


def _part(text: Any, length: Any) -> str:
    return _said(text)[: max(0, int(_number(length)))]


def _months_later(value: Any, months: Any) -> date:
    day, number = _day(value), int(_number(months))
    if abs(number) > 12_000:
        raise FormulaError(_("This date lies too far away."))
    count = day.year * 12 + day.month - 1 + number
    year, month = divmod(count, 12)
    last = [31, 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    if not 1 <= year <= 9999:
        raise FormulaError(_("This date lies too far away."))
    return date(year, month + 1, min(day.day, last[month]))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ABS": _blank_stays(lambda value: abs(_number(value))),
    "ROUND": _blank_stays(_rounded),
    "MIN": _edges(min),
    "MAX": _edges(max),
    "SUM": lambda *values: sum((_number(value) for value in _present(values)), Decimal(0)),
    "BLANK": lambda value: value is None or value == "",
    "OR_ELSE": lambda value, other: other if value is None or value == "" else value,
    "TODAY": clock.today,
    "DAYS": _blank_stays(lambda last, first: Decimal((_day(last) - _day(first)).days)),
    "YEAR": _blank_stays(lambda value: Decimal(_day(value).year)),
    "MONTH": _blank_stays(lambda value: Decimal(_day(value).month)),
    "DAY": _blank_stays(lambda value: Decimal(_day(value).day)),
    "ADD_MONTHS": _blank_stays(_months_later),
    "UPPER": _blank_stays(lambda value: _said(value).upper()),
    "LOWER": _blank_stays(lambda value: _said(value).lower()),
    "LEFT": _blank_stays(_part),
    "LENGTH": _blank_stays(lambda value: Decimal(len(_said(value)))),
    "CONTAINS": _blank_stays(lambda text, part: _said(part).casefold() in _said(text).casefold()),
    "TEXT": _said,
}
LAZY = ("IF",)
KNOWN = (*LAZY, *FUNCTIONS)
OF_TIME = ("TODAY",)  # what gives another value by itself


class _Evaluator(simpleeval.SimpleEval):  # type: ignore[misc]
    """simpleeval with exact numbers, a lazy IF, and nothing of what formulas do not need."""

    def __init__(self) -> None:
        super().__init__(operators=OPERATORS, functions={}, names={})
        self.nodes: dict[Any, Any] = {kind: handler for kind, handler in self.nodes.items() if kind in ALLOWED}
        self.nodes[ast.Constant] = self._constant
        self.nodes[ast.Call] = self._call
        self.nodes[ast.Name] = self._name

    def _constant(self, node: ast.Constant) -> Any:
        return literal(node.value)

    def _name(self, node: ast.Name) -> Any:
        if node.id not in self.names:
            raise FormulaError(_("There is no field “%(name)s”.") % {"name": node.id})
        return self.names[node.id]

    def _call(self, node: ast.Call) -> Any:
        assert isinstance(node.func, ast.Name)
        name = node.func.id.upper()
        if name == "IF":
            condition, yes, *no = node.args
            if self._eval(condition):
                return self._eval(yes)
            return self._eval(no[0]) if no else None
        try:
            return FUNCTIONS[name](*[self._eval(one) for one in node.args])
        except TypeError:
            raise FormulaError(_("%(name)s got the wrong number of values.") % {"name": name}) from None


def literal(value: Any) -> Any:
    """A literal of a formula as it is worked with."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return value
    raise FormulaError(_("Only numbers and texts can be written in a formula."))


@functools.lru_cache(maxsize=500)
def parsed(text: str) -> ast.AST:
    """The formula as a tree, of which every node is one that formulas may have. Raises FormulaError."""
    if len(text) > LONGEST:
        raise FormulaError(_("At most %(limit)s characters.") % {"limit": LONGEST})
    try:
        tree = ast.parse(_with_upper_if(text).strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = getattr(error, "offset", None)
        hint = _(" To compare, write ==.") if re.search(r"(?<![=<>!])=(?!=)", text) else ""
        words = _("This formula cannot be read (near character %(place)s).") % {"place": where or 1}
        raise FormulaError(f"{words}{hint}") from None
    _check(tree.body, 0)
    return tree.body


def _with_upper_if(text: str) -> str:
    """`if(` is a word of Python; written in capitals it is none. What stands in quotes is left alone."""
    parts = re.split(r"(\"[^\"]*\"|'[^']*')", text.replace("\n", " "))
    return "".join(
        part if place % 2 else re.sub(r"\bif\s*\(", "IF(", part, flags=re.IGNORECASE)
        for place, part in enumerate(parts)
    )


_PIECES = (ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context)


def _check(node: ast.AST, depth: int) -> None:
    if depth > DEEPEST:
        raise FormulaError(_("This formula is nested too deeply."))
    if isinstance(node, _PIECES):
        known = isinstance(node, ast.And | ast.Or | ast.Load) or type(node) in OPERATORS
    else:
        known = isinstance(node, ALLOWED)
    if not known:
        raise FormulaError(_("“%(what)s” has no place in a formula.") % {"what": type(node).__name__})
    if isinstance(node, ast.Call):
        _check_call(node)
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.Call) and child is node.func):
            _check(child, depth + 1)


def _check_call(node: ast.Call) -> None:
    name = node.func.id.upper() if isinstance(node.func, ast.Name) else ""
    if name not in KNOWN or node.keywords:
        words = _("There is no function “%(name)s”; known are %(known)s.")
        raise FormulaError(words % {"name": name or "?", "known": ", ".join(sorted(KNOWN))})
    if name == "IF" and len(node.args) not in (2, 3):
        raise FormulaError(_("IF takes a condition, what is then, and what is otherwise."))


def names_in(text: str) -> set[str]:
    """The fields that a formula reads."""
    tree = parsed(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def changes_with_time(text: str) -> bool:
    """Whether a formula gives another value tomorrow though nothing changed."""
    calls = (node.func for node in ast.walk(parsed(text)) if isinstance(node, ast.Call))
    return any(isinstance(func, ast.Name) and func.id.upper() in OF_TIME for func in calls)


def evaluate(text: str, values: Mapping[str, Any]) -> Any:
    """What a formula gives for one record. Raises FormulaError with the reason."""
    evaluator = _Evaluator()
    evaluator.names = values
    try:
        with localcontext(CONTEXT):
            return evaluator._eval(parsed(text))
    except FormulaError:
        raise
    except (DecimalException, OverflowError):
        raise FormulaError(_("The result is no number that can be kept.")) from None
    except (simpleeval.InvalidExpression, ValueError, TypeError, RecursionError) as error:
        raise FormulaError(_("This cannot be worked out: %(reason)s") % {"reason": str(error)[:120]}) from None
