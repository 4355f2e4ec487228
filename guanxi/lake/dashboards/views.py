"""Dashboards and saved questions on the screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from guanxi.foundation.actions import Refused
from guanxi.foundation.desk.sharing import groups_offered
from guanxi.foundation.reports.models import Subscription
from guanxi.foundation.visibility import Viewer, require
from guanxi.lake.dashboards import actions, boards, declaration, reporting
from guanxi.lake.dashboards.models import Dashboard, Question, Reader, Sharing, Tile
from guanxi.lake.explore.state import State, choices
from guanxi.lake.explore.views import offers, pills

MOST = 200


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All dashboards and saved questions that one may see."""
    require(request.user, "view", "reports")
    kept = Dashboard.objects.visible_to(request.user).select_related("owner").order_by("name", "id")[:MOST]
    questions = Question.objects.visible_to(request.user).select_related("owner").order_by("name", "id")[:MOST]
    context = {
        "ready": [boards.of_ready(one) for one in declaration.all()],
        "kept": kept,
        "questions": questions,
        "first": boards.first_of(request.user),
    }
    return render(request, "dashboards/index.html", context)


@require_GET
def page(request: HttpRequest, key: str) -> HttpResponse:
    """A dashboard; its tiles are fetched one after the other, when they come into sight."""
    board = _board(request, key)
    frame = reporting.frame_of(board, request.GET)
    asked = frame.url().removeprefix("?")
    context = {
        "board": board,
        "state": frame,
        "query": asked,
        "changed": board.own and asked != State.parse(board.query).url().removeprefix("?"),
        "choices": choices([]),
        "offers": offers(),
        "pills": [one | {"off": f"{board.url}{one['off']}"} for one in pills(frame, request.user)],
        "days": reporting.days_in_words(frame),
        "first": boards.first_of(request.user) == board.key,
        "sharings": Sharing.choices,
        "forms": Tile.Form.choices,
        "sizes": Tile.Size.choices,
        "questions": _questions(request) if board.own else [],
        "readers": _readers(board.row) if board.own else "",
        "groups": _groups(board.row, request.user) if board.own else [],
        "report": f"{reporting.DASHBOARD}{board.key}",
        "rhythm": _rhythm(request, f"{reporting.DASHBOARD}{board.key}"),
        "arranging": board.own and "arrange" in request.GET,
    }
    return render(request, "dashboards/page.html", context)


@require_GET
def tile(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """One tile with its answer."""
    board = _board(request, key)
    placed = next((one for one in board.tiles if one.number == number), None)
    if placed is None:
        raise Http404
    drawn = boards.draw(placed, reporting.frame_of(board, request.GET), request.user)
    return render(request, "dashboards/tile.html", {"drawn": drawn, "tile": True, "opens_at": reverse("explore")})


@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """A new dashboard, or a ready-made one as one's own."""
    require(request.user, "create", Dashboard)
    try:
        if ready := request.POST.get("ready", ""):
            row = actions.copy_ready(ready, by=request.user)
        else:
            row = actions.make_dashboard(request.POST.get("name", ""), by=request.user, query="period=last_30")
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("dashboards:index")
    return redirect(f"{reverse('dashboards:page', args=[row.pk])}?arrange")


@require_POST
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Do with a dashboard what `do` says; scripts get no page for an answer."""
    board, do = _board(request, key), request.POST.get("do", "")
    here = f"{board.url}?{request.POST.get('back', '')}".rstrip("?")
    try:
        said = _done(request, board, do)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return _answer(request, here, 422)
    if do == "delete":
        return redirect("dashboards:index")
    if said:
        messages.success(request, said)
    return _answer(request, here, 204)


def _answer(request: HttpRequest, here: str, status: int) -> HttpResponse:
    return HttpResponse(status=status) if request.headers.get("X-Requested-With") == "fetch" else redirect(here)


def _done(request: HttpRequest, board: boards.Board, do: str) -> str:
    """Do it; returns what there is to say."""
    said, by = request.POST, request.user
    if do in ("first", "unfirst"):
        actions.open_first(board.key if do == "first" else "", by=by)
        return _("This dashboard opens first.") if do == "first" else _("No dashboard opens first.")
    if board.row is None:
        raise Refused(_("A ready-made dashboard cannot be changed; copy it, and change the copy."))
    number = board.row.pk
    deeds: dict[str, Callable[[], Any]] = {
        "rename": lambda: actions.change_dashboard(number, name=said.get("name", ""), by=by),
        "keep": lambda: actions.change_dashboard(number, query=said.get("query", ""), by=by),
        "share": lambda: actions.share(Dashboard, number, said.get("sharing", ""), *_named(said), by=by),
        "delete": lambda: actions.remove(Dashboard, number, by=by),
        "add": lambda: actions.add_tile(number, _number(said.get("question")), said.get("form", "plot"), by=by),
        "arrange": lambda: actions.arrange(number, [_number(one) for one in said.getlist("tile")], by=by),
        "tile": lambda: actions.change_tile(
            _number(said.get("tile")), by=by, **{name: said[name] for name in ("form", "size") if name in said}
        ),
        "remove": lambda: actions.remove_tile(_number(said.get("tile")), by=by),
    }
    if do not in deeds:
        raise Refused(_("A dashboard can be renamed, shared, arranged or deleted."))
    deeds[do]()
    return _("Saved.") if do in ("rename", "keep", "share", "add") else ""


# Saved questions ------------------------------------------------------------------------------------------------------


@require_GET
def question(request: HttpRequest, pk: int) -> HttpResponse:
    """A saved question, on Explore."""
    row = _question(request, pk)
    return redirect(f"{reverse('explore')}?{row.query}&saved={row.pk}")


@require_POST
def save_question(request: HttpRequest) -> HttpResponse:
    """Keep a question, and put it on a dashboard where one is named."""
    require(request.user, "create", Question)
    query = request.POST.get("query", "")
    try:
        row = actions.save_question(request.POST.get("name", ""), query, by=request.user)
        messages.success(request, _("The question “%(name)s” is saved.") % {"name": row.name})
        board = _number(request.POST.get("dashboard"))
        if board:
            actions.add_tile(board, row.pk, request.POST.get("form", "plot"), by=request.user)
            return redirect("dashboards:page", board)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect(f"{reverse('explore')}?{query}")
    return redirect("dashboards:question", row.pk)


@require_POST
def change_question(request: HttpRequest, pk: int) -> HttpResponse:
    """Do with one's own question what `do` says."""
    _question(request, pk)
    said, by = request.POST, request.user
    try:
        if said.get("do") == "delete":
            actions.remove(Question, pk, by=by)
            messages.success(request, _("The question is deleted."))
            return redirect(f"{reverse('explore')}?{said.get('query', '')}")
        if said.get("do") == "share":
            actions.share(Question, pk, said.get("sharing", ""), *_named(said), by=by)
        elif said.get("do") == "add":
            actions.add_tile(_number(said.get("dashboard")), pk, said.get("form", "plot"), by=by)
            return redirect("dashboards:page", _number(said.get("dashboard")))
        else:
            actions.change_question(pk, by=by, **{name: said[name] for name in ("name", "query") if name in said})
        messages.success(request, _("Saved."))
    except Refused as refusal:
        messages.error(request, refusal.message)
    return redirect("dashboards:question", pk)


def _question(request: HttpRequest, pk: int) -> Question:
    require(request.user, "view", Question)
    row = Question.objects.visible_to(request.user).filter(pk=pk).first()
    if row is None:
        raise Http404(_("This question is not there any more, or is not shared with you."))
    return row


def saving(state: State, viewer: Any) -> dict[str, Any]:
    """What Explore shows of saved questions: which one is open, and where to put it (door “explore_saving”)."""
    row = Question.objects.visible_to(viewer).filter(pk=state.saved).first() if state.saved else None
    report = f"{reporting.QUESTION}{row.pk}" if row else ""
    subscription = Subscription.objects.filter(user=viewer, report=report).first() if row else None
    return {
        "template": "dashboards/saving.html",
        "row": row,
        "own": row is not None and row.owner_id == viewer.pk,
        "changed": row is not None and state.url(saved=0).removeprefix("?") != row.query,
        "known": Question.objects.visible_to(viewer).order_by("name", "id")[:50],
        "dashboards": Dashboard.objects.filter(owner=viewer).order_by("name")[:50],
        "sharings": Sharing.choices,
        "forms": Tile.Form.choices,
        "readers": _readers(row) if row is not None and row.owner_id == viewer.pk else "",
        "groups": _groups(row, viewer) if row is not None and row.owner_id == viewer.pk else [],
        "report": report,
        "rhythm": subscription.rhythm if subscription else "",
    }


def _questions(request: HttpRequest) -> Any:
    return Question.objects.visible_to(request.user).order_by("name", "id")[:MOST]


def _readers(row: Any) -> str:
    people = row.readers.filter(group="").order_by("id") if row is not None else Reader.objects.none()
    return ", ".join(people.values_list("user__username", flat=True))


def _groups(row: Any, viewer: Viewer) -> list[tuple[str, Any, bool]]:
    """The teams that it can be shared with: key, name, and whether it is."""
    chosen = set(row.readers.values_list("group", flat=True)) if row is not None else set()
    return [(key, label, key in chosen) for key, label in groups_offered(viewer)]


def _named(said: QueryDict) -> tuple[list[str], list[str]]:
    """The people and the teams that a form names."""
    return said.get("names", "").split(","), said.getlist("groups")


def _rhythm(request: HttpRequest, report: str) -> str:
    viewer: Viewer = request.user
    found = Subscription.objects.filter(user=viewer, report=report).first()
    return found.rhythm if found else ""


def _number(text: Any) -> int:
    return int(text) if text and str(text).isdecimal() and len(str(text)) < 16 else 0


def _board(request: HttpRequest, key: str) -> boards.Board:
    require(request.user, "view", "reports")
    board = boards.find(key, request.user)
    if board is None:
        raise Http404(_("This dashboard is not there any more, or is not shared with you."))
    return board
