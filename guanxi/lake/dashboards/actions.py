"""Saving and sharing questions and dashboards, and arranging tiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import Max, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from guanxi.foundation import notifications
from guanxi.foundation.actions import Refused, action, change, create, delete
from guanxi.foundation.desk.sharing import groups_offered
from guanxi.foundation.models import User
from guanxi.foundation.notices.kinds import SHARED
from guanxi.foundation.visibility import NotAllowed, Viewer, is_staff
from guanxi.lake.dashboards import declaration
from guanxi.lake.dashboards.models import Dashboard, FirstDashboard, Question, Reader, Shared, Sharing, Tile
from guanxi.lake.explore.state import State

S = TypeVar("S", Question, Dashboard)
MOST_TILES = 24


@action
def save_question(name: str, query: str, *, by: Viewer) -> Question:
    """Keep a question (the address behind the “?”) under a name, for oneself until it is shared."""
    return create(Question, name=_named(name), query=_asked(query), owner_id=by.pk)


@action
def change_question(number: int, *, by: Viewer, name: str | None = None, query: str | None = None) -> Question:
    """Rename one's own question, or let it ask something else."""
    values: dict[str, Any] = {} if name is None else {"name": _named(name)}
    values |= {} if query is None else {"query": _asked(query)}
    return change(_own(Question, number, by), **values)


@action
def make_dashboard(name: str, *, by: Viewer, query: str = "") -> Dashboard:
    """A new dashboard without tiles."""
    return create(Dashboard, name=_named(name), query=query, owner_id=by.pk)


@action
def copy_ready(slug: str, *, by: Viewer) -> Dashboard:
    """A ready-made dashboard as one of one's own, its questions with it."""
    ready = declaration.find(slug)
    if ready is None:
        raise Refused(_("This dashboard is not there any more."))
    copied = create(Dashboard, name=_free(Dashboard, str(ready.title), by), query=ready.query, owner_id=by.pk)
    for position, tile in enumerate(ready.tiles):
        question = create(Question, name=_free(Question, str(tile.title), by), query=tile.query, owner_id=by.pk)
        create(Tile, dashboard=copied, question=question, form=tile.form, size=tile.size, position=position)
    return copied


@action
def change_dashboard(number: int, *, by: Viewer, name: str | None = None, query: str | None = None) -> Dashboard:
    """Rename one's own dashboard, or let it open with other days and filters."""
    values: dict[str, Any] = {} if name is None else {"name": _named(name)}
    values |= {} if query is None else {"query": query}
    return change(_own(Dashboard, number, by), **values)


@action
def remove(model: type[S], number: int, *, by: Viewer) -> None:
    """Delete one's own question (its tiles go with it) or dashboard."""
    row: S = _own(model, number, by)
    tiles: QuerySet[Tile] = Tile.objects.filter(**{model._meta.model_name or "": row})
    for hanging in [*tiles, *row.readers.all()]:
        delete(hanging)
    delete(row)


@action
def share(
    model: type[S], number: int, sharing: str, names: Iterable[str] = (), groups: Iterable[str] = (), *, by: Viewer
) -> S:
    """Let nobody, the people and teams named, or everybody see one's own question or dashboard; a person who is newly
    named is told.
    """
    row = _own(model, number, by)
    users = _users(names) if sharing == Sharing.NAMED else []
    teams = _groups(groups, row, by) if sharing == Sharing.NAMED else []
    if sharing == Sharing.NAMED and not users and not teams:
        raise Refused(_("Name at least one colleague or team."), "names")
    row = change(row, sharing=sharing)
    known = {(reader.user_id, reader.group): reader for reader in row.readers.all()}
    wanted = {(user.pk, ""): user for user in users if user.pk != by.pk} | {(None, key): None for key in teams}
    for gone in set(known) - set(wanted):
        delete(known[gone])
    for (user_id, group), user in wanted.items():
        if (user_id, group) not in known:
            create(Reader, user=user, group=group, **{model._meta.model_name or "": row})
            if user is not None:
                _tell(user, row, by)
    return row


def _tell(user: User, row: Shared, by: Viewer) -> None:
    with translation.override(user.language or None):
        title = _("%(who)s shared with you: %(what)s") % {"who": by, "what": row}
        path = "dashboards" if isinstance(row, Dashboard) else "questions"
        notifications.notify(user, title, "", f"/{path}/{row.pk}/", kind=SHARED)


@action
def add_tile(dashboard: int, question: int, form: str = Tile.Form.PLOT, *, by: Viewer) -> Tile:
    """Put a question that one may see on one's own dashboard, at the end."""
    row = _own(Dashboard, dashboard, by)
    asked = Question.objects.visible_to(by).filter(pk=question).first()
    if asked is None:
        raise Refused(_("This question is not there any more."), "question")
    if row.tiles.count() >= MOST_TILES:
        raise Refused(_("A dashboard has at most %(most)s tiles.") % {"most": MOST_TILES}, "question")
    last = row.tiles.aggregate(last=Max("position"))["last"]
    size = Tile.Size.THIRD if form == Tile.Form.NUMBER else Tile.Size.HALF
    return create(Tile, dashboard=row, question=asked, form=form, size=size, position=0 if last is None else last + 1)


@action
def change_tile(tile: int, *, by: Viewer, **values: str) -> Tile:
    """Change how a tile is shown (`form`) or how wide it is (`size`)."""
    unknown = set(values) - {"form", "size"}
    if unknown:
        raise Refused(_("A tile has a form and a size, and no “%(name)s”.") % {"name": min(unknown)})
    return change(_own_tile(tile, by), None, **values)


@action
def remove_tile(tile: int, *, by: Viewer) -> None:
    """Take a tile from one's own dashboard; the question stays."""
    delete(_own_tile(tile, by))


@action
def arrange(dashboard: int, tiles: Sequence[int], *, by: Viewer) -> None:
    """Put the tiles of one's own dashboard in this order; those not named (added meanwhile) come last, as they were."""
    row = _own(Dashboard, dashboard, by)
    there = {tile.pk: tile for tile in row.tiles.all()}
    order = [pk for pk in dict.fromkeys(tiles) if pk in there]
    order += [pk for pk in there if pk not in set(order)]
    for position, pk in enumerate(order):
        if there[pk].position != position:
            change(there[pk], position=position)


@action
def open_first(key: str, *, by: Viewer) -> None:
    """Open this dashboard (a number, or a ready-made one's slug) first; an empty key: none."""
    if not key:
        for row in FirstDashboard.objects.filter(user_id=by.pk):
            delete(row)
        return
    existing = FirstDashboard.objects.filter(user_id=by.pk).first()
    if existing:
        change(existing, key=key)
    else:
        create(FirstDashboard, user_id=by.pk, key=key)


# Checks -------------------------------------------------------------------------------------------------------------


def _own(model: type[S], number: int, by: Viewer) -> S:
    row = model.objects.visible_to(by).filter(pk=number).first()
    if row is None:
        raise Refused(_("This is not there any more."))
    if row.owner_id != by.pk:
        raise NotAllowed(by, "edit", row)
    return row


def _own_tile(number: int, by: Viewer) -> Tile:
    tile = Tile.objects.select_related("dashboard").filter(pk=number).first()
    if tile is None:
        raise Refused(_("This is not there any more."))
    _own(Dashboard, tile.dashboard_id, by)
    return tile


def _named(name: str) -> str:
    if not name.strip():
        raise Refused(_("Give it a name."), "name")
    return name.strip()


def _asked(query: str) -> str:
    """The question in the form in which it is kept: read once, so that nothing else stands in it."""
    return State.parse(query).url(saved=0).removeprefix("?")


def _free(model: type[S], name: str, by: Viewer) -> str:
    """`name`, with a number where one has another of this name."""
    taken: set[str] = set(model.objects.filter(owner_id=by.pk, name__startswith=name).values_list("name", flat=True))
    return next(one for one in (name, *(f"{name} {n}" for n in range(2, len(taken) + 3))) if one not in taken)


def _groups(keys: Iterable[str], row: Shared, by: Viewer) -> list[str]:
    """Those of the groups that `by` may share with; one that it is shared with already may stay."""
    there = set(Reader.objects.filter(**{row._meta.model_name or "": row}).values_list("group", flat=True))
    offered = {key for key, _label in groups_offered(by)} | there
    return [key for key in dict.fromkeys(keys) if key and key in offered]


def _users(names: Iterable[str]) -> list[User]:
    found = []
    for name in filter(None, (name.strip().removeprefix("@") for name in names)):
        user = User.objects.filter(username__iexact=name).first()
        if user is None or not is_staff(user):
            raise Refused(_("There is no colleague “%(name)s”.") % {"name": name}, "names")
        found.append(user)
    return found
