"""The list, the calendar and the record of calls, meetings and visits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from guanxi.channels.activities import actions, queries, repeating, rhythms
from guanxi.channels.activities.models import Activity
from guanxi.customers.links import link_to_party
from guanxi.foundation import clock, desk, shell
from guanxi.foundation.desk import Board, Button, Calendar, Column, Filter, Menu, Panel, Pill, Quick
from guanxi.foundation.visibility import SYSTEM, Viewer, may

TONES = {Activity.State.PLANNED: "info", Activity.State.HELD: "good", Activity.State.CANCELLED: "neutral"}
ICONS = {Activity.Kind.CALL: "phone", Activity.Kind.MEETING: "users", Activity.Kind.VISIT: "map-pin"}

STATE = ["state", "outcome", "starts_at", "minutes", "series", "by_rule"]  # what `state` reads


def about(rows: Sequence[Activity]) -> dict[int, Any]:
    """The records that the activities of a page are about."""
    links = {}
    for number, place in queries.abouts(rows, SYSTEM).items():
        links[number] = format_html('<a href="{}">{}</a>', place.url, place.title)
    return links


def state(row: Activity) -> Pill:
    """The state, and of what was held what it came to."""
    if row.goes_on:
        return Pill(_("It repeats"), "info")
    if row.is_open:
        return Pill(_("How did it go?"), "warn")
    label = row.get_outcome_display() if row.outcome else row.get_state_display()
    return Pill(label, TONES[Activity.State(row.state)])


def rhythm(row: Activity) -> str:
    """How often it repeats."""
    return rhythms.in_words(row.series)


def kind(row: Activity) -> SafeString:
    """The kind with its sign."""
    return mark_safe(
        render_to_string("activities/kind.html", {"icon": ICONS[Activity.Kind(row.kind)], "activity": row})
    )


@desk.register
class Activities(desk.Desk):
    """All calls, meetings and visits."""

    model = Activity
    slug = "activities"
    label = _("Calls and meetings")
    icon = "calendar-event"
    menu = Menu(section=shell.WORK, icon="calendar-event", order=8, key="m")
    empty_words = _("Note a call or arrange a meeting on any customer, or here with “New”.")
    columns = [
        Column("kind", render=kind, sort=False),
        Column("subject", link=True, sort=False),
        "starts_at",
        Column("party.name", label=_("Customer"), sort=False, render=link_to_party, needs=["party.name"]),
        Column("about", label=_("On"), fetch=about),
        Column("owner", sort=False),
        Column("state", render=state, sort=False, needs=STATE),
        Column("minutes", shown=False, sort=False),
        Column("place", shown=False, sort=False),
        Column("kilometres", shown=False, sort=False),
        Column("expenses", shown=False, sort=False),
        Column("direction", shown=False, sort=False),
        Column("outcome", shown=False, sort=False),
    ]
    default_sort = "-starts_at"
    filters = ["kind", "state", "outcome", "owner", "starts_at", Filter("party", label=_("Customer")), "direction"]
    search_type = "activities.activity"
    board = Board(by="state", card=["party.name", "starts_at", "owner"])
    calendar = Calendar(by="starts_at", card=["party.name", "owner"], again=queries.further_times)
    facts = [
        Column("kind", editable=False),
        "subject",
        "starts_at",
        "minutes",
        Column("whole_day", when=lambda row: row.whole_day),
        Column("party.name", label=_("Customer"), render=link_to_party, editable=False),
        "place",
        Column("kilometres", when=lambda row: row.kind != Activity.Kind.CALL, help=_("There and back.")),
        Column("expenses", when=lambda row: row.kind != Activity.Kind.CALL, help=_("Tickets, parking, a meal.")),
        Column("direction", when=lambda row: row.kind == Activity.Kind.CALL),
        "owner",
        "text",
        "private",
        Column("series", label=_("How often"), words=rhythms.in_words, render=rhythm, when=lambda row: row.goes_on),
        Column("organizer", when=lambda row: row.organizer),
        Column("outcome", editable=False, when=lambda row: row.outcome),
        Column("created_at", editable=False),
    ]
    edit = actions.edit
    custom = "custom"
    remove = actions.remove
    new = [
        Column("kind", initial=Activity.Kind.MEETING),
        Column("subject", required=True),
        "party",
        Column("starts_at", required=True),
        Column("minutes", initial=60),
        "place",
        Column("owner", initial=None),
        "text",
        "private",
    ]
    create = actions.plan
    quick = [
        Quick(_("Call"), "phone", {"kind": "call", "minutes": "0"}, "call"),
        Quick(_("Meeting"), "users", {"kind": "meeting"}, "meeting"),
        Quick(_("Visit"), "map-pin", {"kind": "visit"}, "visit"),
    ]

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        return queries.activities(viewer)

    def subtitle(self, row: Activity) -> str:
        return row.party.name if row.party else ""

    def pills(self, row: Activity) -> list[Pill]:
        private = [Pill(_("private"), "warn")] if row.private else []
        return [Pill(row.get_kind_display(), "accent"), state(row), *private]

    def buttons(self, row: Activity, viewer: Viewer) -> list[Button]:
        place = queries.abouts([row], viewer).get(row.pk)
        return [Button(place.title, place.url, place.icon)] if place else []


def panel_of(record: Any, viewer: Viewer, some: bool = True) -> dict[str, Any]:
    """The panel on a customer, or on another record that may have activities."""
    party = record if record._meta.label_lower == "customers.party" else getattr(record, "party", None)
    return {
        "record": record,
        "object_type": record._meta.label_lower,
        "planned": queries.planned(record, viewer) if some else [],
        "held": queries.held_last(record, viewer) if some else [],
        "kinds": [(kind.value, kind.label, ICONS[kind]) for kind in Activity.Kind],
        "may_add": may(viewer, "create", Activity) and (party is None or may(viewer, "view", party)),
    }


def how_it_went(row: Activity, viewer: Viewer) -> dict[str, Any]:
    """The panel on an activity: how it went, of a series each time, and who takes part."""
    times = _times_to_say(row) if row.goes_on else []
    return {
        "activity": row,
        "repeats": row.goes_on,
        "times": times,
        "begins": row.goes_on and not times and row.starts_at > clock.now(),
        "held_times": queries.held_of(row, viewer) if row.series else [],
        "of_series": queries.series_of(row, viewer),
        "outcomes": [(one.value, one.label) for one in actions.OUTCOMES[Activity.Kind(row.kind)]],
        "participants": list(row.participants.select_related("user", "party").order_by("id")),
        "may_edit": may(viewer, "edit", row),
    }


def _times_to_say(series: Activity) -> list[Activity]:
    """The times of which one can say how they went, the one that is meant if nothing is said first."""
    first = repeating.to_say(series)
    others = [*repeating.unsaid(series), *repeating.upcoming(series, 2)]
    return [first, *(one for one in others if one.by_rule != first.by_rule)] if first is not None else []


def has_activities(record: Any, viewer: Viewer) -> bool:
    """Whether calls and meetings can be on such a record: on customers, and on what has one."""
    label = record._meta.label_lower
    return label == "customers.party" or (hasattr(record, "party_id") and label != "activities.activity")


PANEL = Panel(
    "right",
    _("Calls and meetings"),
    "activities/panel.html",
    context=panel_of,
    order=12,
    lazy=True,
    key="activities",
    when=has_activities,
    rows=lambda record, viewer: queries.all_of(record),
    always=True,
)
OWN_PANEL = Panel("main", _("How it went"), "activities/held.html", context=how_it_went, order=5, key="held")
