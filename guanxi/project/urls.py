"""Every address of the site; each package names its own in its `urls.py`."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path
from django.views.generic import RedirectView

from guanxi.project.health import healthz

PACKAGES = [
    "foundation.roles",
    "foundation.desk",
    "foundation.bulk_changes",
    "foundation.habits",
    "foundation.tasks",
    "foundation.search",
    "foundation.reports",
    "foundation.api",
    "foundation.sealing",
    "foundation.access",
    "foundation.attachments",
    "foundation.notes",
    "foundation.tags",
    "foundation.todos",
    "foundation.custom_fields",
    "foundation.steps",
    "foundation",
    "customers.rights",
    "customers",
    "ledger.webhooks",
    "ledger",
    "catalog",
    "orders.invoices",
    "orders.handling",
    "orders.quotes",
    "orders",
    "lake.dashboards",
    "lake",
    "intake",
    "channels.activities",
    "channels.calendar",
    "channels.mail",
    "insight",
    "sales.deals",
    "sales.leads",
    "sales.day",
    "sales.accounts",
    "sales.quoting",
    "sales.winning",
    "sales.territories",
    "sales.forecast",
    "operations",
]

urlpatterns = [
    path("healthz", healthz),
    path("accounts/email/", RedirectView.as_view(pattern_name="account")),  # the mail address stands on that page
    path("accounts/sessions/", RedirectView.as_view(pattern_name="account")),  # they stand there too
    path("accounts/3rdparty/", RedirectView.as_view(pattern_name="account")),
    path("accounts/", include("allauth.urls")),
    *[path("", include(f"guanxi.{name}.urls")) for name in PACKAGES if find_spec(f"guanxi.{name}.urls")],
]
