"""What customers hang into the house: the ready-made profile fields, the menu, the panels of their record page."""

from __future__ import annotations

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from guanxi.customers import (
    api,
    belongings,  # noqa: F401  lets notes, files, tags and tasks go along
    chart_views,
    custom,
    desk,  # noqa: F401  registers the desk
    panels,
    profile,
    sought,
    tie_api,
)
from guanxi.customers.hanging import Hanging
from guanxi.customers.identity import api as identity_api
from guanxi.customers.identity import hooks as identity  # noqa: F401  the queue, merging, stories
from guanxi.customers.identity import settings_api
from guanxi.customers.identity.tasks import find_duplicates, look_at_changed
from guanxi.customers.models import Consent, ContactPoint, Party, PartyRole, Relationship, SourceRecord
from guanxi.customers.relations import sides
from guanxi.foundation import hooks, search, shell
from guanxi.foundation.desk import Panel, list_url, record_url
from guanxi.foundation.governing import Subject
from guanxi.foundation.records.expanding import Expansion
from guanxi.foundation.tasks import Every, Weekly

hooks.register(
    "subject",
    Subject(
        "customers", _("Customers"), ("view", "create", "edit", "delete", "export", "merge"), owned=True,
        help=_("With their contact points, relationships, notes, files and tasks."),
    ),
    order=10,
)  # fmt: skip
MERGING = Subject("merging", _("Duplicates and merges"), ("view", "edit", "export", "merge"), owned=True)
hooks.register("subject", MERGING, order=60)
hooks.register("subject", Subject("consent", _("Consent and requests of customers"), owned=True), order=70)
for position, field in enumerate(profile.READY_MADE):
    hooks.register("profile_field", field, order=10 + position)
hooks.register("profile_field", custom.profile_fields, order=500)
hooks.register("custom_keys_taken", custom.keys_taken)
hooks.register("custom_party", custom.Parties())


for kind in (
    Hanging(SourceRecord),
    Hanging(ContactPoint),
    Hanging(PartyRole, label=_("roles")),
    Hanging(Relationship),
    Hanging(Relationship, field="other", origin="other_origin", label=_("relationships of others with him")),
    Hanging(Relationship, field="reports_to", origin="reports_to_origin", label=_("places of those who report to him")),
    Hanging(Consent),
):
    hooks.register("hangs_on_party", kind)

ORGANISATIONS = lazy(list_url, str)("customers", {"f.kind": Party.Kind.ORGANISATION.value})
hooks.register(
    "menu",
    shell.MenuEntry(
        shell.RELATIONSHIPS, _("Organisations"), ORGANISATIONS, "building", order=20, key="a", needs=("view", Party)
    ),
)
hooks.register(
    "panel:customers",
    Panel("left", _("How to reach"), "customers/contact_points.html", context=panels.contact_points, order=-10),
)
hooks.register(
    "panel:customers",
    Panel(
        "left",
        _("Household and relationships"),
        "customers/relationships.html",
        context=panels.ties,
        order=20,
        lazy=True,
        rows=lambda party, viewer: sides.all_of(party),
        always=True,
    ),
)
hooks.register(
    "panel:customers",
    Panel(
        "left",
        _("Organisation"),
        "customers/chart_preview.html",
        context=chart_views.preview,
        order=15,
        lazy=True,
        when=lambda row, viewer: row.kind == Party.Kind.ORGANISATION,
    ),
)
hooks.register("record_button:customers", chart_views.button)
hooks.register(
    "panel:customers",
    Panel("right", _("Consent"), "customers/consents.html", context=panels.consents, order=40),
)


hooks.register(
    "search",
    search.Source(
        object_type="customers.party",
        letter="p",
        model=Party,
        title=lambda party: party.name,
        subtitle=lambda party: " · ".join(part for part in (party.latin_name, party.city) if part),
        text=sought.text,
        url=lambda number: record_url("customers", number),
        icon="user",
        prefetch_related=("contact_points", "absorbed"),
    ),
    order=10,
)
hooks.register("schedule", Every(look_at_changed, minutes=1))
hooks.register("schedule", Weekly(find_duplicates, weekday=6, at="03:30"))
hooks.register("api", ("/parties", identity_api.of_party), order=9)
hooks.register("api", ("/parties", api.router), order=10)
hooks.register("api", ("/parties", tie_api.router), order=11)
hooks.register("api", ("/merges", identity_api.merges), order=14)
hooks.register("api", ("/duplicates", identity_api.duplicates), order=15)
hooks.register("api", ("/identity", settings_api.identity_router), order=16)

hooks.register("expand:customers", Expansion("contact_points", api.contact_points_of))
hooks.register("expand:customers", Expansion("roles", api.roles_of))
