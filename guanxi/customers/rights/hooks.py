"""What the customer's rights hang into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.customers.hanging import Hanging
from guanxi.customers.models import OptIn, Restriction
from guanxi.customers.rights import api, declared, files, panels, reporting, retention, sensitive, settings_api, tasks
from guanxi.customers.rights import desk as desks
from guanxi.customers.rights.models import LegalHold, Request, SensitiveLook
from guanxi.foundation import hooks, shell
from guanxi.foundation.desk import Panel
from guanxi.foundation.desk.models import SavedView
from guanxi.foundation.models import AuditEntry, IdempotencyRecord, Notification
from guanxi.foundation.tasks import Daily
from guanxi.foundation.tasks.models import BackgroundTask

for model in (OptIn, Restriction, Request, LegalHold, SensitiveLook):
    hooks.register("hangs_on_party", Hanging(model))
for kept in declared.KEPT:
    hooks.register("kept_about", kept)
hooks.register("kept_elsewhere", files.FILES, order=10)
for forgettable in retention.KINDS:
    hooks.register("retention", forgettable)

# Texts in which somebody may be named.
hooks.register("loose_text", (AuditEntry, ["object_label", "changes"]))
hooks.register("loose_text", (Notification, ["title", "body"]))
hooks.register("loose_text", (SavedView, ["name", "query"]))
hooks.register("loose_text", (IdempotencyRecord, ["response"]))
hooks.register(
    "loose_text",
    (BackgroundTask, ["args", "kwargs", "own_label", "progress_message", "error", "traceback", "result"]),
)

# What people see ------------------------------------------------------------------------------------------------------

hooks.register(
    "menu",
    shell.MenuEntry(shell.KNOW, _("Consents"), "rights:overview", "checkbox", order=70, needs=("view", "consent")),
)
hooks.register(
    "palette", shell.Command(_("Rules of retention"), "/retention/", "history-off", needs=("view", "settings"))
)
hooks.register(
    "palette",
    shell.Command(_("Purposes and texts of consents"), "rights:purposes", "adjustments", needs=("view", "settings")),
)
hooks.register("palette", shell.Command(_("Sensitive fields"), "/sensitive/", "eye-off", needs=("view", "settings")))
hooks.register("palette", shell.Command(_("Erasures"), "/erasures/", "eraser", needs=("view", "consent")))
hooks.register("today_section", panels.overdue_tile, order=10)
hooks.register(
    "panel:customers",
    Panel("right", _("Rights"), "rights/of_customer.html", context=panels.of_customer, order=45, lazy=True),
)
hooks.register("panel:requests", Panel("middle", _("What to do"), "rights/request.html", context=panels.of_request))
hooks.register("panel:retention", Panel("middle", _("What it deletes"), "rights/rule.html", context=panels.of_rule))
hooks.register("panel:sensitive", Panel("middle", _("What that means"), "rights/unmark.html"))
hooks.register("export:customers", desks.exportable)
for question in reporting.QUESTIONS:
    hooks.register("questions:customers", question)

hooks.register("sensitive_fields", sensitive.fields)
hooks.register("sensitive_look", sensitive.note)

# What programs see, and what happens by itself ------------------------------------------------------------------------

hooks.register("api", ("/parties", api.of_party), order=11)
hooks.register("api", ("/requests", api.requests), order=15)
hooks.register("api", ("/erasures", api.erasures), order=16)
hooks.register("api", ("/consent-purposes", settings_api.purposes_router), order=17)
hooks.register("api", ("/retention", settings_api.retention_router), order=18)
hooks.register("api", ("/sensitive", settings_api.sensitive_router), order=19)
hooks.register("schedule", Daily(tasks.retain, at="04:15"))
