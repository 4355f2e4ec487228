"""The list and record page of leads, and the lists of what is settled about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from guanxi.customers.models import Party
from guanxi.foundation import clock, desk, shell
from guanxi.foundation.actions import action, change, create
from guanxi.foundation.bulk_changes.writing import in_sets
from guanxi.foundation.desk import Board, Button, Calendar, Column, Filter, Menu, Pill, conditions, record_url, standard
from guanxi.foundation.visibility import SYSTEM, Viewer, may, viewer_now
from guanxi.sales.deals import naming
from guanxi.sales.leads import actions
from guanxi.sales.leads.models import AssignmentRule, Lead, LeadSource, RuleMember

S = Lead.State
TONES = {S.NEW: "accent", S.WORKING: "info", S.CONVERTED: "good", S.DROPPED: "neutral"}
SOON = 3600  # seconds after which a lead that nobody answered is shown in colour


def span(seconds: int) -> str:
    """A length of time in words, in the unit that fits."""
    minutes = seconds // 60
    if minutes < 60:
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    if minutes < 48 * 60:
        return ngettext("%(count)s hour", "%(count)s hours", minutes // 60) % {"count": minutes // 60}
    return ngettext("%(count)s day", "%(count)s days", minutes // 1440) % {"count": minutes // 1440}


def answered(row: Lead) -> Any:
    """After what time somebody answered; of one that waits, for how long."""
    if row.seconds_to_activity is not None:
        return span(row.seconds_to_activity)
    if not row.is_open:
        return ""
    seconds = int((clock.now() - row.created_at) / timedelta(seconds=1))
    words = _now("waits for %(time)s") % {"time": span(max(seconds, 0))}
    return Pill(words, "bad") if seconds > SOON else words


def known_as(rows: Sequence[Lead]) -> dict[int, Any]:
    """Whom leads are known as, where the viewer may see him."""

    parties = Party.objects.visible_to(viewer_now() or SYSTEM).in_bulk(
        {row.same_as_id for row in rows if row.same_as_id}
    )
    return {row.pk: naming.link(parties[row.same_as_id]) for row in rows if row.same_as_id in parties}


@desk.register
class Leads(desk.Desk):
    """Who showed interest."""

    model = Lead
    slug = "leads"
    icon = "user-search"
    menu = Menu(section=shell.SELLING, icon="user-search", order=8, key="l")
    empty_words = _("Leads come by a form of yours (System, Sources of leads), by the API, or by hand with “New lead”.")
    columns = (
        Column("name", link=True, render=str, needs=["name", "organisation", "mail", "phone"]),
        Column("organisation", sort=False),
        Column("source", sort=False),
        Column("state", sort=False),
        Column("owner", sort=False),
        Column("answered", label=_("Answered"), render=answered,
               needs=["seconds_to_activity", "created_at", "state"]),
        Column("known", label=_("Known as"), fetch=known_as),
        "created_at",
        Column("seconds_to_activity", label=_("Seconds to the first activity"), shown=False),
        Column("mail", sort=False, shown=False),
        Column("phone", sort=False, shown=False),
        Column("territory", sort=False, shown=False),
        Column("topic", sort=False, shown=False),
        Column("country", sort=False, shown=False),
        Column("number", sort=False, shown=False),
    )  # fmt: skip
    default_sort = "-created_at"
    filters = (
        "state",
        "owner",
        "source",
        "created_at",
        "territory",
        "topic",
        "country",
        "city",
        "language",
        "organisation",
        "mail",
        "message",
        Filter("same_as", label=_("Known as")),
        Filter("unanswered", label=_("Waits for an answer"), kind="boolean",
               condition=lambda values: _waits(not values or any(values))),
        Filter("seconds_to_activity", label=_("Seconds to the first activity")),
    )  # fmt: skip
    search_type = "leads.lead"
    board = Board(by="state", card=["organisation", "source", "owner", "answered"])
    calendar = Calendar(by="created_at", card=["organisation", "owner"])
    facts = (
        "name",
        "organisation",
        "title",
        "mail",
        "phone",
        "city",
        "country",
        "language",
        "message",
        "source",
        "territory",
        "topic",
        "owner",
        "state",
        Column("first_activity_at", editable=False),
        Column("dropped_because", editable=False, when=lambda row: row.state == S.DROPPED),
        Column("consent_text", editable=False, when=lambda row: bool(row.consent_text)),
        Column("consent_at", editable=False, when=lambda row: bool(row.consent_text)),
        "number",
        Column("created_at", editable=False),
    )
    edit = actions.edit_lead
    remove = actions.remove_lead
    in_sets = in_sets(Lead, ["territory", "topic", "source"])
    custom = "custom"
    next_action = True
    importable = "number"
    new = (
        Column("name", required=False),
        "organisation",
        "title",
        "mail",
        "phone",
        "city",
        "country",
        "message",
        "source",
        "territory",
        "topic",
        "owner",
        "number",
    )
    create = actions.create_lead

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Leads with what their pages show."""
        return Lead.objects.visible_to(viewer).select_related("source", "owner", "deal")

    def subtitle(self, row: Lead) -> str:
        return row.organisation if row.name else ""

    def pills(self, row: Lead) -> list[Pill]:
        pills = [Pill(row.get_state_display(), TONES[S(row.state)])]
        waiting = answered(row)
        if row.is_open and waiting:
            pills.append(waiting if isinstance(waiting, Pill) else Pill(waiting))
        return pills

    def buttons(self, row: Lead, viewer: Viewer) -> list[Button]:
        """To what it became."""
        if row.deal is not None and may(viewer, "view", row.deal):
            return [Button(row.deal.name, record_url("deals", row.deal_id), "target-arrow")]
        return []


def _waits(wanted: bool) -> Q:
    waiting = Q(state__in=[S.NEW, S.WORKING], first_activity_at__isnull=True)
    return waiting if wanted else ~waiting


# Settings -------------------------------------------------------------------------------------------------------------


def form_link(row: LeadSource) -> Any:
    """The address of the public form, to be linked or embedded."""
    if not row.has_form:
        return ""
    url = f"{settings.GUANXI_URL}{reverse('leads:form', args=[row.token])}"
    return format_html('<a href="{}">{}</a>', url, url)


@desk.register
class LeadSources(desk.Desk):
    """Where leads come from."""

    model = LeadSource
    slug = "lead-sources"
    general = False
    menu = Menu(section=shell.SYSTEM, icon="forms", order=54)
    columns = (
        Column("name", link=True, sort=False),
        Column("has_form", sort=False),
        Column("form", label=_("Address of the form"), render=form_link, needs=["token", "has_form"]),
        Column("territory", sort=False),
        Column("active", sort=False),
    )
    default_sort = "id"
    facts = (
        "name",
        "active",
        "has_form",
        Column("form", label=_("Address of the form"), render=form_link, editable=False),
        "heading",
        "intro",
        "thanks",
        "consent_text",
        Column("consent_purpose", help=_("Such as marketing: it is noted with the customer when a lead is converted.")),
        Column("hosts", help=_("Such as https://www.example.com, one a line: these may show the form in a frame.")),
        "territory",
        "topic",
    )
    new = (Column("name", required=True), "has_form", "heading", "intro", "consent_text", "consent_purpose",
           "hosts", "territory", "topic")  # fmt: skip
    create, edit, remove = standard.creating(LeadSource), standard.editing(LeadSource), standard.removing(LeadSource)


QUERY_HELP = _("Filter the list of leads so that it shows such leads, and paste its address here. Empty: all.")


@action
def create_rule(*, by: Viewer, **values: Any) -> AssignmentRule:
    """Make a rule. Raises Refused where its filter cannot be understood."""
    values["query"] = conditions.cleaned("leads", values.get("query") or "", "query")
    return create(AssignmentRule, **{name: value for name, value in values.items() if value is not None})


@action
def edit_rule(
    row_id: int, changes: dict[str, Any], expected: dict[str, Any] | None = None, *, by: Viewer
) -> AssignmentRule:
    """Change a rule. Raises Conflict, Refused."""
    row = AssignmentRule.objects.visible_to(by).get(pk=row_id)
    if "query" in changes:
        changes = {**changes, "query": conditions.cleaned("leads", changes["query"] or "", "query")}
    return change(row, expected, **changes)


def query_words(row: AssignmentRule) -> str:
    """For which leads, in words."""
    return conditions.in_words("leads", row.query)


@desk.register
class Rules(desk.Desk):
    """To whom leads go."""

    model = AssignmentRule
    slug = "lead-rules"
    general = False
    menu = Menu(section=shell.SYSTEM, icon="arrows-split", order=55)
    columns = (
        Column("name", link=True, sort=False),
        Column("query", render=query_words, needs=["query"], sort=False),
        Column("way", sort=False),
        Column("by_skill", sort=False),
        Column("weekdays", sort=False),
        Column("active", sort=False),
        "position",
    )
    default_sort = "position"
    facts = (
        "name",
        "position",
        "active",
        Column("query", render=query_words, help=QUERY_HELP, editable=True),
        "way",
        "by_skill",
        "weekdays",
        "from_time",
        "until_time",
    )
    new = (Column("name", required=True), "position", Column("query", help=QUERY_HELP, required=False), "way",
           "by_skill", "weekdays", "from_time", "until_time")  # fmt: skip
    create, edit, remove = create_rule, edit_rule, standard.removing(AssignmentRule)

    def buttons(self, row: AssignmentRule, viewer: Viewer) -> list[Button]:
        """To those among whom it chooses."""
        return [Button(_("Colleagues"), desk.list_url("lead-rule-members", {"f.rule": row.pk}), "users-group")]


@desk.register
class RuleMembers(desk.Desk):
    """Among whom a rule chooses."""

    model = RuleMember
    slug = "lead-rule-members"
    general = False
    icon = "users-group"
    columns = (
        Column("user", link=True, sort=False),
        Column("rule", sort=False),
        Column("skills", sort=False),
        Column("most_open", sort=False),
        Column("given_at", sort=False),
    )
    default_sort = "id"
    filters = ("rule", "user")
    facts = ("rule", "user", "skills", "most_open", Column("given_at", editable=False))
    new = (Column("rule", required=True), Column("user", required=True), "skills", "most_open")
    create, edit, remove = standard.creating(RuleMember), standard.editing(RuleMember), standard.removing(RuleMember)

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """With their names."""
        return RuleMember.objects.visible_to(viewer).select_related("rule", "user")

    def title(self, row: RuleMember) -> str:
        return f"{row.rule}: {row.user}"
