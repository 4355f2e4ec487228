"""Saved questions and dashboards as reports: on paper, and by mail to whoever subscribed, with what he may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from guanxi.foundation.reports import Report, Rhythm
from guanxi.foundation.reports.declaration import Gone
from guanxi.foundation.visibility import Viewer
from guanxi.lake.dashboards import boards, declaration
from guanxi.lake.dashboards.models import Question, Tile
from guanxi.lake.explore.state import State
from guanxi.lake.figures import Tile as Figure

DASHBOARD, QUESTION = "dashboard-", "question-"
TEMPLATE = "dashboards/report.html"


def find(slug: str) -> Report | None:
    """The report of a dashboard or a saved question (“dashboard-3”, “dashboard-management”, “question-12”)."""
    if slug.startswith(DASHBOARD):
        key = slug.removeprefix(DASHBOARD)
        if not key.isdecimal() and declaration.find(key) is None:
            return None
        path = f"/dashboards/{key}/"
        return Report(slug, _("Dashboard"), TEMPLATE, _of_dashboard(key), Rhythm.WEEKLY, "layout-dashboard", path)
    number = slug.removeprefix(QUESTION)
    if slug.startswith(QUESTION) and number.isdecimal() and len(number) < 16:
        path = f"/questions/{number}/"
        return Report(slug, _("Saved question"), TEMPLATE, _of_question(int(number)), Rhythm.WEEKLY, "chart-dots", path)
    return None


def frame_of(board: boards.Board, parameters: Mapping[str, str] | QueryDict) -> State:
    """Period and filters of a dashboard: those of the address, else those that it opens with."""
    if isinstance(parameters, QueryDict):
        asked = parameters
    else:
        asked = QueryDict(mutable=True)
        asked.update(parameters)
    said = any(key in asked for key in ("period", "compare")) or any(key.startswith("f.") for key in asked)
    return State.read(asked) if said else State.parse(board.query)


def _of_dashboard(key: str) -> Any:
    def context(viewer: Viewer, parameters: Mapping[str, str]) -> dict[str, Any]:
        board = boards.find(key, viewer)
        if board is None:
            raise Gone
        frame = frame_of(board, parameters)
        return {"heading": board.title, **_context([boards.draw(tile, frame, viewer) for tile in board.tiles], frame)}

    return context


def _of_question(number: int) -> Any:
    def context(viewer: Viewer, parameters: Mapping[str, str]) -> dict[str, Any]:
        question = Question.objects.visible_to(viewer).filter(pk=number).first()
        if question is None:
            raise Gone
        state = State.parse(question.query)
        form = Tile.Form.TABLE if state.plot == "none" else Tile.Form.PLOT
        tile = boards.Placed(0, question.name, question.query, form, Tile.Size.FULL)
        drawn = boards.draw(tile, State.parse(""), viewer)
        return {"heading": question.name, **_context([drawn], state)}

    return context


def _context(drawn: list[boards.Drawn], frame: State) -> dict[str, Any]:
    figures = [one for one in drawn if one.number]
    return {
        "subheading": days_in_words(frame),
        "drawn": drawn,
        "parameters": frame.url().removeprefix("?"),
        "tiles": [Figure(one.tile.title, one.text, one.url, boards.mail_notes(one)) for one in figures],
    }


def days_in_words(frame: State) -> str:
    """The days that figures are of."""
    from django.utils.formats import date_format

    span = frame.span
    if span is None:
        return _("all days")
    first, last = (date_format(day, "DATE_FORMAT") for day in span)
    return first if first == last else f"{first} – {last}"
