"""The lists of what concerns the customer's rights: requests, consents, erasures, rules of retention, looks."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers import purposes
from guanxi.customers.models import Consent
from guanxi.customers.panels import CHANNEL_LABELS, PROOF
from guanxi.customers.rights import actions, fields
from guanxi.customers.rights.models import OPEN, Erasure, Request, RetentionRule, SensitiveField, SensitiveLook
from guanxi.foundation import clock, desk, hooks, shell
from guanxi.foundation.desk import Board, Button, Calendar, Column, Filter, Lanes, Menu, Pill, record_url
from guanxi.foundation.visibility import Viewer

TONES = {Request.State.OPEN: "info", Request.State.WORKING: "info", Request.State.DONE: "good"}


def customer(row: Any) -> Any:
    """Whom it is about, as a link."""
    if row.party_id is None:
        return ""
    return format_html('<a href="{}">{}</a>', record_url("customers", row.party_id), row.party)


def str_party(row: Any) -> str:
    """Whom it is about, for files."""
    return row.party.name if row.party_id else ""


def state(row: Request) -> Pill:
    """The state, overdue ones in red."""
    if row.is_overdue:
        return Pill(_now("Overdue"), "bad")
    return Pill(Request.State(row.state).label, TONES.get(Request.State(row.state), "neutral"))


def overdue(values: list[Any]) -> Q:
    """Requests whose day has passed."""
    return OPEN & Q(due_on__lt=clock.today())


def purpose_choices() -> list[tuple[str, str]]:
    """All purposes."""
    known = purposes.every()
    return [(code, purposes.label_of(code, known)) for code in known]


@desk.register
class Requests(desk.Desk):
    """Cases with a deadline."""

    model = Request
    slug = "requests"
    general = False  # no notes, files or labels: they would be kept beside what this is about
    label = _("Requests of customers")
    icon = "shield-check"
    menu = Menu(section=shell.RELATIONSHIPS, icon="shield-check", order=60, label=_("Rights of customers"))
    empty_words = _("What customers ask about their data stands here, each with the day until which it must be done.")
    columns = (
        Column("kind", link=True, sort=False),
        Column("party", label=_("Customer"), render=customer, needs=["party.name"], sort=False),
        Column("state", render=state, needs=["state", "due_on"], sort=False),
        Column("due_on", sort=False),
        Column("received_at", kind="date"),
        Column("done_at", kind="date", sort=False, shown=False),
    )
    default_sort = "-received_at"
    filters = (
        "kind",
        "state",
        "due_on",
        "received_at",
        Filter("overdue", label=_("Overdue"), kind="boolean", condition=overdue),
    )
    search_fields = ("party__name",)
    lanes = (Lanes("state", move=actions.move_request),)
    board = Board(by="state", card=("party", "due_on"), sort="due_on")
    calendar = Calendar(by="due_on", card=("party", "state"))
    facts = (
        Column("party", label=_("Customer"), render=customer, editable=False),
        Column("kind", editable=False),
        Column("state", render=state, editable=False),
        Column("due_on", editable=False),
        Column("extension", editable=False),
        Column("received_at", editable=False),
        "asked_by",
        "verified",
        Column("purpose", when=lambda row: row.kind == Request.Kind.OBJECT, editable=False,
               render=lambda row: purposes.label_of(row.purpose) if row.purpose else _now("All purposes")),
        "words",
        Column("answer", editable=False),
        Column("done_at", editable=False),
        Column("done_by", editable=False),
    )  # fmt: skip
    edit = actions.edit_request
    new = (
        Column("party", label=_("Customer"), required=True),
        Column("kind", required=True),
        "asked_by",
        "verified",
        Column("purpose", choices=purpose_choices, label=_("Purpose (of an objection; empty: all)")),
        "words",
    )  # fmt: skip
    create = actions.open_request

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Requests with whom they are about."""
        return super().rows(viewer).select_related("party")

    def title(self, row: Request) -> str:
        return str(row.get_kind_display())

    def subtitle(self, row: Request) -> str:
        return str(row.party) if row.party_id and row.party else ""


def purpose(row: Consent) -> str:
    """The purpose as people know it."""
    return purposes.label_of(row.purpose)


def channel(row: Consent) -> str:
    """The channel as people know it."""
    return str(CHANNEL_LABELS.get(row.channel, row.channel))


def word(row: Consent) -> Pill:
    """Given, withdrawn or lapsed."""
    end = purposes.ends_at(row)
    if end is not None and end <= clock.now():
        return Pill(_now("lapsed"), "warn")
    return Pill(_now("given"), "good") if row.given else Pill(_now("withdrawn"), "bad")


def proof(row: Consent) -> str:
    """What proves it, in a line."""
    said = [f"{PROOF.get(name, name)}: {value}" for name, value in row.proof.items() if value not in ("", None)]
    return " · ".join(said)


def lapse(row: Consent) -> Any:
    """When it ends of itself."""
    from guanxi.foundation.desk import display
    from guanxi.foundation.desk.kinds import Kind

    return display.text(Kind.DATE, purposes.ends_at(row))


@desk.register
class Consents(desk.Desk):
    """Every word that was said on consents, with its proof."""

    model = Consent
    slug = "consents"
    general = False  # no notes, files or labels: they would be kept beside what this is about
    label = _("Consents and their proofs")
    icon = "checkbox"
    columns = (
        Column("at", link=True),
        Column(
            "party",
            label=_("Customer"),
            render=customer,
            export=lambda row: row.party.name,
            needs=["party.name"],
            sort=False,
        ),
        Column("purpose", render=purpose, export=purpose, needs=["purpose"], sort=False),
        Column("channel", render=channel, export=channel, needs=["channel"], sort=False),
        Column("given", render=word, export=lambda row: str(word(row).label), sort=False),
        Column("basis", sort=False),
        Column("lapses", label=_("Lapses"), render=lapse, export=lapse, sort=False),
        Column("source", sort=False),
        Column("proof", render=proof, export=proof, needs=["proof"], sort=False),
    )
    default_sort = "-at"
    filters = (
        Filter("purpose", choices=purpose_choices),
        Filter("channel", choices=list(CHANNEL_LABELS.items())),
        "given", "basis", "source", "at",
    )  # fmt: skip
    facts = (
        Column("party", label=_("Customer"), render=customer),
        Column("purpose", render=purpose),
        Column("channel", render=channel),
        Column("given", render=word),
        "basis", "at",
        Column("lapses", label=_("Lapses"), render=lapse),
        "source",
        Column("proof", render=proof),
    )  # fmt: skip

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Consents with whose they are."""
        return super().rows(viewer).select_related("party")

    def title(self, row: Consent) -> str:
        return f"{purpose(row)} · {channel(row)}"


@desk.register
class Erasures(desk.Desk):
    """That customers were erased; not who."""

    model = Erasure
    slug = "erasures"
    general = False  # no notes, files or labels: they would be kept beside what this is about
    label = _("Erasures")
    icon = "eraser"
    columns = (
        Column("begun_at", link=True),
        "state",
        Column("rows", label=_("What went"), render=lambda row: sum(row.counts.values()), needs=["counts"], sort=False),
        Column("by_name", sort=False),
        Column("reason", sort=False),
        Column("replays", sort=False),
    )
    default_sort = "-begun_at"
    filters = ("state", "begun_at")
    facts = (
        "state", "begun_at", "done_at", "by_name", "reason", "replays",
        Column("counts", render=lambda row: ", ".join(f"{name} {count}" for name, count in row.counts.items())),
    )  # fmt: skip


def rule_pill(row: RetentionRule) -> Pill:
    """The state of a rule."""
    tones = {RetentionRule.State.ACTIVE: "good", RetentionRule.State.PROPOSED: "info"}
    return Pill(RetentionRule.State(row.state).label, tones.get(RetentionRule.State(row.state), "neutral"))


def whats() -> list[tuple[str, Any]]:
    """What rules can be narrowed to."""
    return [pair for kind in hooks.get("retention") if kind.choices for pair in kind.choices()]


@desk.register
class Rules(desk.Desk):
    """How long what is kept."""

    model = RetentionRule
    slug = "retention"
    general = False  # no notes, files or labels: they would be kept beside what this is about
    label = _("Rules of retention")
    icon = "history-off"
    empty_words = _(
        "Say how long a kind of data is kept. A rule shows what it would delete before it deletes anything."
    )
    columns = (
        Column("kind", label=_("Kind of data"), link=True, render=str, export=str, sort=False),
        Column("months", sort=False),
        Column("state", render=rule_pill, sort=False),
        Column("last_run", sort=False),
        Column("last_deleted", sort=False),
        Column("deleted", sort=False),
    )
    facts = (
        Column("kind", render=str, editable=False),
        "months",
        Column("state", render=rule_pill, editable=False),
        Column("confirmed_at", editable=False),
        Column("confirmed_by", editable=False),
        Column("last_run", editable=False),
        Column("last_deleted", editable=False),
        Column("deleted", editable=False),
    )
    edit = actions.edit_rule
    new = (
        Column("kind", choices=lambda: [(kind.code, kind.label) for kind in hooks.get("retention")], required=True),
        Column("what", choices=whats, label=_("Kind of event (for events)")),
        Column("months", required=True, initial=24),
    )  # fmt: skip
    create = actions.propose_rule

    def title(self, row: RetentionRule) -> str:
        return str(row)


@desk.register
class Looks(desk.Desk):
    """Who looked at sensitive fields."""

    model = SensitiveLook
    slug = "looks"
    general = False  # no notes, files or labels: they would be kept beside what this is about
    label = _("Looks at sensitive fields")
    icon = "eye"
    columns = (
        Column("at", link=True),
        Column("who", sort=False),
        Column("party", label=_("Customer"), render=customer, needs=["party.name"], sort=False),
        Column("field", render=lambda row: fields.label_of(row.field), export=lambda row: row.field, sort=False),
        Column("via", sort=False),
        Column("why", sort=False),
    )
    default_sort = "-at"
    filters = ("who", "via", "at", Filter("field", choices=fields.choices))
    facts = (
        "at", "who", Column("party", label=_("Customer"), render=customer),
        Column("field", render=lambda row: fields.label_of(row.field)), "via", "why",
    )  # fmt: skip
    history = False

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Looks with at whom."""
        return super().rows(viewer).select_related("party")


@desk.register
class SensitiveFields(desk.Desk):
    """Which fields are shown only when asked for."""

    model = SensitiveField
    slug = "sensitive"
    general = False  # no notes, files or labels: they would be kept beside what this is about
    label = _("Sensitive fields")
    icon = "eye-off"
    empty_words = _("A sensitive field is shown only when somebody asks for it, and each look is recorded.")
    columns = (Column("field", link=True, render=lambda row: fields.label_of(row.field), sort=False),)
    facts = (Column("field", render=lambda row: fields.label_of(row.field), editable=False),)
    new = (Column("field", choices=fields.choices, required=True),)
    create = actions.mark_sensitive

    def title(self, row: SensitiveField) -> str:
        return fields.label_of(row.field)

    def buttons(self, row: SensitiveField, viewer: Viewer) -> list[Button]:
        """To those who looked."""
        return [Button(_now("Looks"), desk.list_url("looks", {"f.field": row.field}), "eye")]


def exportable(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Customers who may be taken out: those who had their data restricted stay in the house."""
    from guanxi.customers.models import Restriction

    kinds = [Restriction.Kind.RESTRICT, Restriction.Kind.ERASE]
    return rows.exclude(pk__in=Restriction.objects.filter(kind__in=kinds, lifted_at=None).values("party"))
