"""What the pages of the win score show: how good it is, what it goes by, what has moved since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation.desk import Pill, display
from guanxi.foundation.visibility import Viewer
from guanxi.insight.explaining import percent
from guanxi.lake.figures import Note, Tile, rounded, whole
from guanxi.sales.winning import counting, queries, wording
from guanxi.sales.winning.models import WinModel, WinRun

WATCH, MOVED, OFF = 0.10, 0.25, 2.0  # from where on drift is named, and from where it is much
TONES = {
    WinModel.State.USED: "good",
    WinModel.State.COMPARED: "neutral",
    WinModel.State.REFUSED: "warn",
    WinModel.State.REPLACED: "neutral",
}
RUN_TONES = {WinRun.State.PUBLISHED: "teal", WinRun.State.FAILED: "red"}


@dataclass(frozen=True)
class Version:
    """A model as pages show it."""

    row: WinModel

    @property
    def name(self) -> str:
        return str(self.row.get_kind_display())

    @property
    def pill(self) -> Pill:
        return Pill(self.row.get_state_display(), TONES[WinModel.State(self.row.state)])

    @property
    def tone(self) -> str:
        return display.tone(self.pill)

    @property
    def why(self) -> str:
        """Why it is not in use."""
        return wording.remark(self.row.reason) if self.row.reason else ""

    @property
    def quality(self) -> Mapping[str, Any]:
        return self.row.quality or {}

    @property
    def brier(self) -> str:
        return rounded(self.quality.get("brier"), 4)

    @property
    def auc(self) -> str:
        auc = self.quality.get("auc")
        return "–" if auc is None else rounded(auc, 3)

    @property
    def skill(self) -> str:
        """How much smaller its squared error is than that of the base rate."""
        skill = float(self.quality.get("skill") or 0.0)
        return f"{'−' if skill < 0 else ''}{rounded(abs(100 * skill), 1)} %"

    @property
    def best_tenth(self) -> str:
        lift = self.quality.get("lift") or []
        return f"× {rounded(lift[0], 2)}" if lift else "–"

    @property
    def tiles(self) -> list[Tile]:
        """The figures at the head."""
        told, known = self.quality, self.row
        deals = _("%(snapshots)s moments of %(deals)s later deals")
        return [
            Tile(_("Area under the curve"), self.auc, notes=[Note(_("0.5 is chance, 1 is perfect"))]),
            Tile(
                _("Brier score"),
                self.brier,
                notes=[
                    Note(_("%(base)s for the base rate") % {"base": rounded(told.get("base_brier"), 4)}),
                    Note(
                        _("%(skill)s better") % {"skill": self.skill}, "up" if (told.get("skill") or 0) > 0 else "down"
                    ),
                ],
            ),
            Tile(
                _("Off by, on average"),
                f"{rounded(100 * float(told.get('error') or 0.0), 1)} %",
                notes=[Note(_("chance told against share won, by tenths"))],
            ),
            Tile(_("Lift of the best tenth"), self.best_tenth, notes=[Note(_("times the share won of all"))]),
            Tile(
                _("Tried on"),
                whole(told.get("deals")),
                notes=[
                    Note(deals % {"snapshots": whole(told.get("snapshots")), "deals": whole(told.get("deals"))}),
                    Note(_("learned from %(deals)s closed deals") % {"deals": whole(known.deals)}),
                ],
            ),
        ]

    @cached_property
    def reliability(self) -> dict[str, Any] | None:
        """The plot of what was told beside what came, tenth by tenth."""
        bins = self.quality.get("reliability") or []
        if not bins:
            return None
        return {
            "type": "line",
            "format": "percent",
            "x": [percent(one["told"]) for one in bins],
            "series": [
                {"name": _("Won"), "data": [round(one["won"], 4) for one in bins], "colour": 1},
                {"name": _("Told"), "data": [round(one["told"], 4) for one in bins], "muted": True},
                {"name": _("Likely at least"), "data": [round(one["low"], 4) for one in bins], "colour": 3},
                {"name": _("Likely at most"), "data": [round(one["high"], 4) for one in bins], "colour": 3},
            ],
        }

    @cached_property
    def lift(self) -> dict[str, Any] | None:
        """The plot of how many times the share of all was won in the best tenths."""
        values = self.quality.get("lift") or []
        if not values:
            return None
        return {
            "type": "bar",
            "format": "number",
            "x": [_("best %(share)s") % {"share": f"{10 * place} %"} for place in range(1, len(values) + 1)],
            "series": [{"name": _("Lift"), "data": [round(value, 2) for value in values]}],
        }

    @cached_property
    def weights(self) -> dict[str, Any] | None:
        """The plot of what it goes by: how far each theme moves a deal on average."""
        known = self.quality.get("weights") or {}
        parts = sorted(((weight, code) for code, weight in known.items() if weight >= 0.005), reverse=True)
        if not parts:
            return None
        return {
            "type": "hbar",
            "format": "number",
            "x": [str(wording.LABELS.get(code, code)) for _weight, code in parts],
            "series": [{"name": _("Weight"), "data": [round(weight, 3) for weight, _code in parts]}],
        }

    @property
    def bins(self) -> list[dict[str, str]]:
        """The same as the plot of reliability, for reading."""
        return [
            {
                "told": percent(one["told"]),
                "won": percent(one["won"]),
                "between": f"{percent(one['low'])} – {percent(one['high'])}",
                "deals": whole(one["deals"]),
            }
            for one in self.quality.get("reliability") or []
        ]


@dataclass(frozen=True)
class Run:
    """A scoring in the list of the last ones."""

    row: WinRun

    @property
    def tone(self) -> str:
        return RUN_TONES.get(WinRun.State(self.row.state), "blue")

    @property
    def seconds(self) -> str:
        """How long it took."""
        if self.row.finished_at is None:
            return ""
        return rounded((self.row.finished_at - self.row.started_at).total_seconds(), 1)

    @property
    def steps(self) -> str:
        """How long each step took, in seconds."""
        names = {"read": _("Read"), "models": _("Models"), "scores": _("Scores"), "publish": _("Publish")}
        known = self.row.figures.get("seconds") or {}
        return " · ".join(f"{names.get(name, name)} {rounded(value, 1)}" for name, value in known.items())


def page(viewer: Viewer) -> dict[str, Any]:
    """All that the page of the win score shows."""
    used, newest = queries.in_use(viewer), queries.newest_run(viewer)
    figures = newest.figures if newest is not None else {}
    counts = figures.get("closed") or counting.closed()
    return {
        "one": Version(used) if used is not None else None,
        "run": newest,
        "missing": "" if used is not None else wording.not_enough(counts),
        "counts": counts,
        "versions": [Version(row) for row in queries.versions(viewer)],
        "runs": [Run(row) for row in queries.runs(viewer)],
        "moved": moved(figures.get("stability") or {}) if used is not None else [],
        "later": later(figures.get("later") or {}) if used is not None else "",
        "remarks": [wording.remark(note) for note in figures.get("notes") or []],
        "task": queries.under_way(viewer),
    }


def moved(stability: Mapping[str, float]) -> list[tuple[str, str, str, str]]:
    """Features that are spread otherwise than those learned from: name, index, words and tone; the most first."""
    found = []
    for name, value in sorted(stability.items(), key=lambda one: -one[1]):
        words, tone = (_("much"), "red") if value >= MOVED else (_("somewhat"), "amber") if value >= WATCH else ("", "")
        if words:
            found.append((str(wording.FEATURES.get(name, name)), rounded(value, 2), words, tone))
    return found


def later(told: Mapping[str, Any]) -> str:
    """How deals that closed since the model was fitted ended, against what it told."""
    if not told:
        return ""
    words = _("Of %(deals)s deals that closed since it was fitted, it expected %(told)s to be won; %(won)s were.") % {
        "deals": whole(told["deals"]),
        "told": rounded(told["told"], 1),
        "won": whole(told["won"]),
    }
    if abs(told.get("off") or 0.0) < OFF:
        return words
    return words + " " + _("That is more than chance explains.")
