"""What the page of models shows: the model in use beside those it was compared with, and the last learnings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from guanxi.foundation.desk import display
from guanxi.foundation.visibility import Viewer
from guanxi.insight import naming, notes, queries
from guanxi.insight.models import Learning, ModelVersion
from guanxi.lake import figures

EPOCH = date(1970, 1, 1)
GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "mu": "μ",
    "lambda": "λ",
}
PARAMETRIC = (ModelVersion.Family.PURCHASES, ModelVersion.Family.SPEND, ModelVersion.Family.CONTRACT)
PAST = 7  # past purchases from which on customers are one group


@dataclass(frozen=True)
class Parameter:
    """A parameter with its standard error."""

    name: str
    value: str
    error: str


class Version:
    """A fitted model as pages show it."""

    def __init__(self, row: ModelVersion) -> None:
        self.row = row
        self.name = naming.model(row.name)
        self.pill = naming.state_pill(row)
        self.tone = display.tone(self.pill)
        self.family = naming.FAMILIES.get(row.family, row.get_family_display())
        self.used = row.state == ModelVersion.State.USED

    @property
    def why(self) -> str:
        """Why it is not in use, or what limits it."""
        return notes.words(self.row.reason) if self.row.reason else ""

    @property
    def parameters(self) -> list[Parameter]:
        """Those fitted on everything; where it was only compared, those of the calibration period."""
        if self.row.family not in PARAMETRIC:
            return []
        own = self.row.parameters or self.holdout.get("parameters") or {}
        errors = self.row.errors if self.row.parameters else self.holdout.get("errors") or {}
        return [
            Parameter(
                GREEK.get(name, name), _figure(value), _figure(errors[name]) if _is_number(errors.get(name)) else ""
            )
            for name, value in own.items()
            if _is_number(value)
        ]

    @property
    def of_calibration(self) -> bool:
        """Whether the parameters are those of the calibration period."""
        return not self.row.parameters

    @property
    def holdout(self) -> Mapping[str, Any]:
        return self.row.holdout or {}

    @property
    def calibration(self) -> str:
        """The log-likelihood of the calibration period."""
        return _figure(self.holdout.get("log_likelihood"), 2)

    @property
    def predictive(self) -> str:
        """The log-likelihood of the hold-out."""
        return _figure(self.holdout.get("predictive"), 2)

    @property
    def fit(self) -> str:
        """The log-likelihood on everything."""
        return _figure(self.row.log_likelihood, 2)

    @property
    def mean_error(self) -> str:
        """By how many purchases it was off for a customer, on average."""
        return _figure(self.holdout.get("mean_error"), 3)

    @property
    def bias(self) -> str:
        """By how much it expected too many (+) or too few (−) purchases in all."""
        bias: Any = self.holdout.get("bias")
        if not _is_number(bias):
            return ""
        sign = "+" if bias >= 0 else "−"
        return f"{sign}{figures.share(abs(bias), 1)}"

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What else is known of it: single figures."""
        rows = [
            (_("Customers"), figures.whole(self.row.customers)),
            (_("Log-likelihood on everything"), self.fit),
            (_("Log-likelihood of the calibration"), self.calibration),
            (_("Log-likelihood of the hold-out"), self.predictive),
            (_("Error of a customer, in purchases"), self.mean_error),
            (_("Purchases expected too many or too few"), self.bias),
            (_("Correlation of frequency and spend"), _figure(self.holdout.get("correlation"), 3)),
            (_("Share of customers below the line"), _percent(self.holdout.get("coverage"))),
            (_("Fitted on a sample of"), self._whole("sample")),
        ]
        return [(label, value) for label, value in rows if value]

    @cached_property
    def tracking(self) -> dict[str, Any] | None:
        """The plot of repeat purchases by week: those that came and those expected, cumulated."""
        weeks = self.holdout.get("by_week") or []
        if not weeks:
            return None
        shape = pgettext("date format", "j M Y")
        return {
            "type": "line",
            "format": "number",
            "x": [date_format(_day(day), shape) for day, _actual, _expected in weeks],
            "series": [
                {"name": _("Actual"), "data": [actual for _day, actual, _expected in weeks], "muted": True},
                {"name": _("Expected"), "data": [round(expected, 1) for _day, _actual, expected in weeks], "colour": 1},
            ],
        }

    @cached_property
    def by_past(self) -> dict[str, Any] | None:
        """The plot of purchases in the hold-out by purchases before it: mean of a customer."""
        groups = self.holdout.get("by_past") or []
        if not groups:
            return None
        return {
            "type": "bar",
            "format": "number",
            "x": [f"{past}+" if past == PAST else str(past) for past, *_rest in groups],
            "series": [
                {"name": _("Actual"), "data": [round(actual, 3) for _p, _n, actual, _e in groups], "muted": True},
                {"name": _("Expected"), "data": [round(expected, 3) for _p, _n, _a, expected in groups], "colour": 1},
            ],
        }

    @cached_property
    def importance(self) -> dict[str, Any] | None:
        """The plot of what the model of growth goes by."""
        parts = sorted(self.holdout.get("importance") or [], key=lambda part: -part[1])
        if not parts:
            return None
        return {
            "type": "hbar",
            "format": "number",
            "x": [naming.feature(name) for name, _weight in parts],
            "series": [{"name": _("Weight"), "data": [round(weight, 4) for _name, weight in parts]}],
        }

    @property
    def states(self) -> list[dict[str, Any]]:
        """The states of the model of stages, from the least active on, and the chance of each to follow."""
        known = self.holdout.get("states") or []
        chances = self.holdout.get("transition") or []
        touches = self.holdout.get("touches") or []
        names = [_("Level %(number)s") % {"number": number + 1} for number in range(len(known))]
        if names and len(chances) == len(known) and not known[-1].get("purchases"):
            names[-1] = _("Lost")
        return [
            {
                "name": name,
                "purchases": _figure(state.get("purchases"), 2),
                "spend": _figure(state.get("spend"), 2),
                "chances": [_percent(chance) for chance in chances[index]] if index < len(chances) else [],
                # How a touch multiplies the odds of being lost a period later, where the data tell.
                "touch": self._odds(touches[index]) if index < len(touches) else "",
            }
            for index, (name, state) in enumerate(zip(names, known, strict=True))
        ]

    @property
    def has_touches(self) -> bool:
        """Whether touches drive the moves between states."""
        return any(touch is not None for touch in self.holdout.get("touches") or [])

    @staticmethod
    def _odds(touch: float | None) -> str:
        return "" if touch is None else _figure(math.exp(touch), 2)

    @property
    def state_names(self) -> list[str]:
        """The heads of the columns of chances."""
        return [str(row["name"]) for row in self.states]

    @property
    def period(self) -> str:
        """How long a period of the model of stages is, in days."""
        return self._whole("length")

    def _whole(self, name: str) -> str:
        value = self.holdout.get(name)
        return figures.whole(value) if _is_number(value) else ""


@dataclass(frozen=True)
class Family:
    """The models that answer one question."""

    code: str
    title: Any
    versions: list[Version]

    @property
    def in_use(self) -> Version | None:
        return next((version for version in self.versions if version.used and not version.row.segment), None)

    @property
    def shown(self) -> Version | None:
        """The model whose plots stand on the page."""
        return self.in_use or next((version for version in self.versions if version.holdout), None)

    @property
    def parametric(self) -> bool:
        """Whether there are parameters to show."""
        return any(version.parameters for version in self.versions)

    @property
    def compared(self) -> bool:
        """Whether there is something to hold against each other."""
        return any(version.predictive for version in self.versions)


@dataclass(frozen=True)
class Run:
    """A learning in the list of the last ones."""

    row: Learning

    @property
    def tone(self) -> str:
        return {"published": "teal", "failed": "red"}.get(self.row.state, "blue")

    @property
    def seconds(self) -> str:
        """How long it took."""
        if self.row.finished_at is None:
            return ""
        return _figure((self.row.finished_at - self.row.started_at).total_seconds(), 1)

    @property
    def steps(self) -> str:
        """How long each step took, in seconds."""
        known = self.row.figures.get("seconds") or {}
        return " · ".join(f"{naming.step(name)} {_figure(value, 1)}" for name, value in known.items())


def context(viewer: Viewer) -> dict[str, Any]:
    """All that the page of models shows."""
    learning = queries.current(viewer)
    rows = [Version(row) for row in queries.models(viewer)]
    groups = {code: [one for one in rows if one.row.family == code] for code in ModelVersion.Family}
    return {
        "learning": learning,
        "periods": _periods(learning),
        "families": [
            Family(code, naming.FAMILIES[code], sorted(versions, key=_standing_of))
            for code, versions in groups.items()
            if versions
        ],
        "runs": [Run(row) for row in queries.learnings(viewer)],
        "task": queries.under_way(viewer),
        "failed": queries.last_failed(viewer),
        "notes": notes.listed(learning.figures.get("notes")) if learning else [],
    }


def _standing_of(one: Version) -> tuple[Any, ...]:
    """Those in use first, then by what they came to on the hold-out."""
    predictive: Any = one.holdout.get("predictive")
    return (bool(one.row.segment), not one.used, -predictive if _is_number(predictive) else float("inf"), one.row.pk)


def _periods(learning: Learning | None) -> str:
    """On which days models were fitted, and on which they were judged."""
    known = (learning.figures.get("calibration") if learning else None) or {}
    try:
        days = {name: date_format(_day(known[name]), "DATE_FORMAT") for name in ("from", "until", "holdout_until")}
    except (KeyError, TypeError, ValueError):
        return ""
    return _(
        "Fitted on purchases from %(begin)s to %(until)s, judged by those until %(end)s; the best is then fitted on "
        "everything."
    ) % {"begin": days["from"], "until": days["until"], "end": days["holdout_until"]}


def _day(value: Any) -> date:
    """A day from its number (since 1970) or as ISO has it."""
    return EPOCH + timedelta(days=value) if isinstance(value, int) else date.fromisoformat(str(value)[:10])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value and abs(value) < 1e300


def _figure(value: Any, places: int | None = None) -> str:
    """A number with a sensible count of digits; empty where there is none."""
    if not _is_number(value):
        return ""
    if places is None:
        size = abs(float(value))
        places = 4 if size < 1 else 3 if size < 10 else 2 if size < 1000 else 0
        if 0 < size < 0.001:
            return f"{float(value):.2e}"
    return number_format(round(float(value), places), places, use_l10n=True, force_grouping=True)


def _percent(value: Any) -> str:
    return figures.share(value, 1) if _is_number(value) else ""
