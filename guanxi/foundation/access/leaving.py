"""A colleague leaves: what is his in each list, and handing it over to one or several others, undone with one click."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from guanxi.foundation.access import actions
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk_changes import actions as changes
from guanxi.foundation.bulk_changes import tasks
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.bulk_changes.views import person_field
from guanxi.foundation.desk import Desk
from guanxi.foundation.desk import declaration as desks
from guanxi.foundation.desk.choosing import Chosen
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, may, require

MOST_SUCCESSORS = 200


@dataclass(frozen=True)
class Held:
    """What is a colleague's in one list: how much of it the viewer may hand over, and how much there is."""

    desk: Desk
    field: str
    label: str
    count: int
    all: int
    successors: list[User]

    @property
    def slug(self) -> str:
        return self.desk.slug

    @property
    def others(self) -> int:
        """What somebody else has to hand over."""
        return self.all - self.count


@dataclass(frozen=True)
class _Of(Chosen):
    """The records of a colleague in a list, or a part of them by number."""

    field: str = ""
    user_id: int = 0
    first: int = 0
    last: int | None = None

    def rows(self) -> QuerySet[Any]:
        rows = _his(self.desk, self.field, self.user_id, self.viewer).filter(pk__gte=self.first)
        return rows if self.last is None else rows.filter(pk__lt=self.last)


def held(user: User, viewer: Viewer) -> list[Held]:
    """What is his, list by list; lists in which nothing is are left out."""
    rows = User.objects.filter(is_active=True, is_staff=True).exclude(pk=user.pk).order_by("username")
    others = list(rows[:MOST_SUCCESSORS])  # the same for all lists: what each may is looked up once
    return [one for desk, field in _lists() if (one := _held(desk, field, user, others, viewer)) is not None]


def handed_over(user: User, viewer: Viewer) -> list[BulkChange]:
    """What was handed over of his, newest first."""
    queries = [_query(field, user) for field in {field for _desk, field in _lists()}]
    return list(BulkChange.objects.visible_to(viewer).filter(query__in=queries, kind=changes.EDIT).order_by("-id")[:50])


def named(chosen: Mapping[str, Sequence[int]]) -> dict[str, list[User]]:
    """The successors in each list, by name; `chosen` holds their numbers. Raises Refused where there is no such list
    or nobody of that number."""
    known = {desk.slug: desk for desk, _field in _lists()}
    found = User.objects.in_bulk([number for numbers in chosen.values() for number in numbers])
    for slug, numbers in chosen.items():
        if slug not in known:
            raise Refused(_("There is no list “%(name)s”.") % {"name": slug[:60]}, slug[:60])
        for number in set(numbers) - found.keys():
            raise _unfit(number, str(known[slug].plural), slug)
    return {
        slug: sorted((found[number] for number in set(numbers)), key=lambda user: user.username)
        for slug, numbers in chosen.items()
    }


def leave(user: User, successors: Mapping[str, Sequence[User]], *, close: bool, by: Viewer) -> list[BulkChange]:
    """Hand over what is his in each list (by slug) to those named, in equal parts where they are several, and `close`
    his account.

    All is begun or nothing; then the lists go over one after another, large ones in the background. Raises Refused
    where a successor may not have such records, or nothing was asked for.
    """
    require(by, "edit", user)
    if not close and not any(successors.values()):
        raise Refused(_("Choose who takes over, or close the account."))
    with transaction.atomic():
        begun = [change for one in held(user, by) for change in _begin(one, user, successors.get(one.slug, []), by)]
        if close:
            actions.deactivate(user, by=by)
    return [tasks.start(change, by=by) for change in begun]


def _begin(one: Held, user: User, successors: Sequence[User], by: Viewer) -> list[BulkChange]:
    for new in successors:
        if new not in one.successors:
            raise _unfit(new, one.label, one.slug)
    parts = min(len(successors), one.count)
    pairs = zip(successors[:parts], _parts(one, user, parts, by), strict=True)
    return [changes.begin(part, changes.EDIT, {one.field: new.pk}, by=by) for new, part in pairs]


def _unfit(who: User | int, what: str, slug: str) -> Refused:
    words = _("%(name)s cannot take over %(what)s: he does not work here, or his roles show him none.")
    return Refused(words % {"name": who, "what": what}, slug)


def _lists() -> Iterator[tuple[Desk, str]]:
    """The lists whose records say in a field that can be edited whose they are."""
    for desk in desks.registered():
        field = person_field(desk)
        if field is not None:
            yield desk, field.name


def _held(desk: Desk, field: str, user: User, others: list[User], viewer: Viewer) -> Held | None:
    everything = desk.model._base_manager.filter(**{field: user})
    if any(one.name == "merged_into" for one in desk.model._meta.get_fields()):
        everything = everything.filter(merged_into__isnull=True)
    count = everything.count()
    if not count:
        return None
    mine = _his(desk, field, user.pk, viewer).count() if may(viewer, "edit", desk.model) else 0
    successors = [one for one in others if may(one, "view", desk.model)]
    return Held(desk, field, str(desk.plural), mine, count, successors)


def _his(desk: Desk, field: str, user_id: int, viewer: Viewer) -> QuerySet[Any]:
    allowed: Any = desk.model._default_manager
    return desk.rows(viewer).filter(**{field: user_id}, pk__in=allowed.allowed_to(viewer, "edit").values("pk"))


def _parts(one: Held, user: User, parts: int, viewer: Viewer) -> Iterator[_Of]:
    """What is his in as many parts: by number, each as large as the others."""
    numbers = _his(one.desk, one.field, user.pk, viewer).order_by("pk").values_list("pk", flat=True)
    starts = [0, *(numbers[one.count * part // parts] for part in range(1, parts))]
    query = _query(one.field, user)
    for first, last in zip(starts[:parts], [*starts[1:], None], strict=False):
        yield _Of(one.desk, viewer, query, (), True, field=one.field, user_id=user.pk, first=first, last=last)


def _query(field: str, user: User) -> str:
    """His records as the list is asked for them."""
    return f"f.{field}={user.pk}"
