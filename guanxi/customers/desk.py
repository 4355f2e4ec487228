"""The list and the record page of customers."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import formats
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers import actions, contacting, panels, profile, queries
from guanxi.customers.actions import in_sets
from guanxi.customers.entry import views as entry_views
from guanxi.customers.merged import root_of
from guanxi.customers.models import Party, PartyRole
from guanxi.foundation import clock, desk, hooks, shell
from guanxi.foundation.desk import Button, Column, Filter, Menu, Pill, Quick
from guanxi.foundation.desk.declaration import Field, as_field
from guanxi.foundation.visibility import Viewer

TONES = {PartyRole.Role.CUSTOMER: "accent", PartyRole.Role.COMPETITOR: "bad", PartyRole.Role.PROSPECT: "info"}
KINDS = {profile.NUMBER: "number", profile.TEXT: "text", profile.YES_NO: "boolean"}


def role_pills(row: Party) -> list[Pill]:
    """What the party is to us, as pills."""
    held = {role.role: role for role in queries.roles_of(row)}
    if PartyRole.Role.CUSTOMER in held:  # of merged parties one may still have been a prospect
        held.pop(PartyRole.Role.PROSPECT, None)
    return [Pill(role.get_role_display(), TONES.get(PartyRole.Role(role.role), "neutral")) for role in held.values()]


def known_since(row: Party) -> str:
    """Since when and from which sources we know the party."""
    day = formats.date_format(clock.day_of(row.created_at), "DATE_FORMAT")
    names = row.source_records.order_by("source__name").values_list("source__name", flat=True).distinct()[:5]
    sources = ", ".join(_now(name) for name in names)
    return _now("%(day)s · %(sources)s") % {"day": day, "sources": sources} if sources else day


def language_name(row: Party) -> str:
    """The language by its name, where we know it."""
    try:
        return str(get_language_info(row.language)["name_translated"])
    except KeyError:
        return row.language


def is_person(row: Party) -> bool:
    """Whether facts that only people have are shown."""
    return row.kind == Party.Kind.PERSON


def declared() -> list[profile.ProfileField]:
    """The profile fields that packages declare; those that administrators add come as custom fields."""
    return [field for field in profile.fields() if field.custom is None]


def as_column(field: profile.ProfileField, **options: Any) -> Column:
    """A profile field as the desk shows and edits it."""
    kind = {"choices": field.choices} if field.kind == profile.CHOICE else {"kind": KINDS[field.kind]}
    return Column(field.path, label=field.label, sort=False, **kind, **options)


@desk.register
class Customers(desk.Desk):
    """People and organisations."""

    model = Party
    slug = "customers"
    icon = "users"
    menu = Menu(section=shell.RELATIONSHIPS, icon="users", order=10, key="c")
    columns = [
        Column("name", link=True),
        Column("latin_name", shown=False, sort=False),
        Column("roles.role", many=True, label=_("Role"), render=role_pills, choices=PartyRole.Role.choices),
        "city",
        Column("kind", shown=False, sort=False),
        Column("country", shown=False, sort=False),
        Column("owner", sort=False),
        Column("created_at", kind="date"),
    ]
    default_sort = "name"
    filters = [
        "owner",
        "kind",
        "city",
        "country",
        "created_at",
        Filter("roles.role", choices=PartyRole.Role.choices),
        "made_up",
    ]
    search_type = "customers.party"

    facts = [
        "name",
        Column("latin_name", when=lambda row: bool(row.latin_name) or not row.name.isascii()),
        "kind",
        Column("gender", when=is_person),
        Column("date_of_birth", when=is_person),
        Column("occupation", when=is_person),
        "city",
        "country",
        Column("language", render=language_name),
        "owner",
        Column("created_at", editable=False, render=known_since),
    ]
    edit = actions.edit_party
    next_action = True
    custom = "profile"
    custom_by_edit = True
    in_sets = in_sets.IN_SETS
    new = [
        Column("kind", initial=Party.Kind.PERSON),
        Column("name", required=True),
        "latin_name",
        "city",
        Column("phone", kind="text", label=_("Telephone")),
        Column("mail", kind="text", label=_("Mail")),
    ]
    create = actions.create_party
    new_view = entry_views.new
    quick = [
        Quick(_("Person"), "user-plus", {"kind": "person"}, "person", [_("New customer")]),
        Quick(_("Organisation"), "building-plus", {"kind": "organisation"}, "organisation", [_("New customer")]),
    ]

    def all_columns(self) -> list[Field]:
        """The columns, with the profile fields to choose from."""
        extra = [as_field(Party, as_column(field, shown=False)) for field in declared()]
        return [*super().all_columns(), *extra]

    def all_filters(self) -> list[Field]:
        """The filters, with the profile fields."""
        return [*super().all_filters(), *(as_field(Party, as_column(field)) for field in declared())]

    def all_facts(self) -> list[Field]:
        """The facts, with the profile of people and, for organisations, what is known of it."""
        extra = [
            as_field(Party, as_column(field, editable=True, when=lambda row, name=field.name: _shown(row, name)))
            for field in declared()
        ]
        return [*super().all_facts(), *extra]

    def rows(self, viewer: Viewer) -> QuerySet[Any]:
        """Parties that `viewer` may see."""
        return queries.parties(viewer)

    def named(self, viewer: Viewer) -> QuerySet[Any]:
        """Parties with their names."""
        return self.rows(viewer).only("name")

    def moved_to(self, pk: int) -> int | None:
        """The customer that this one became part of."""
        root = root_of(pk)
        return root if root != pk else None

    def title(self, row: Party) -> str:
        return row.name

    def subtitle(self, row: Party) -> str:
        return row.latin_name

    def buttons(self, row: Party, viewer: Viewer) -> list[Button]:
        """Call and write, through the program that this machine has for it."""
        if contacting.stands_against(row).restricted:
            return []
        phone, mail = panels.reach(row, "phone", viewer), panels.reach(row, "mail", viewer)
        call = [Button(_now("Call"), f"tel:{phone}", "phone")] if phone else []
        write = [Button(_now("Write"), f"mailto:{mail}", "mail")] if mail else []
        return call + write

    def pills(self, row: Party) -> list[Pill]:
        pills = role_pills(row)
        if row.kind == Party.Kind.ORGANISATION:
            pills.insert(0, Pill(row.get_kind_display()))
        for door in hooks.get("pills:customers"):
            pills.extend(door(row))
        size = str(row.profile.get("household_size") or "")
        if size:
            count = int(size) if size.isdecimal() else 0
            household = ngettext("Household of %(size)s", "Household of %(size)s", count)
            pills.append(Pill(household % {"size": size}))
        if row.made_up:
            pills.append(Pill(_now("made up for demonstration"), "warn"))
        return pills


def _shown(row: Party, name: str) -> bool:
    return is_person(row) or name in row.profile
