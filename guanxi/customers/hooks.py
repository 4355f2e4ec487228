"""What customers hang into the house: the ready-made profile fields, the menu, the panels of their record page."""

from __future__ import annotations

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from guanxi.customers import desk as desk
from guanxi.customers import panels, profile
from guanxi.customers.models import Party
from guanxi.foundation import hooks, shell
from guanxi.foundation.desk import Panel, list_url

for position, field in enumerate(profile.READY_MADE):
    hooks.register("profile_field", field, order=10 + position)


ORGANISATIONS = lazy(list_url, str)("customers", {"f.kind": Party.Kind.ORGANISATION.value})
hooks.register("menu", shell.MenuEntry(shell.RELATIONSHIPS, _("Organisations"), ORGANISATIONS, "building", order=20))
hooks.register(
    "panel:customers",
    Panel("left", _("How to reach"), "customers/contact_points.html", context=panels.contact_points, order=10),
)
hooks.register(
    "panel:customers",
    Panel("left", _("Household and relationships"), "customers/relationships.html", context=panels.ties, order=20),
)
hooks.register(
    "panel:customers",
    Panel("right", _("Consent"), "customers/consents.html", context=panels.consents, order=40),
)
