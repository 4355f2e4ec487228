"""What the lake hangs into lower floors."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell
from guanxi.foundation.desk import Panel
from guanxi.foundation.reports import Report, Rhythm
from guanxi.foundation.shell import MenuEntry
from guanxi.foundation.steps import Step
from guanxi.foundation.tasks import Daily, Every
from guanxi.lake import api, panels, rights, tables, tasks
from guanxi.lake.dashboards import api as dashboards_api
from guanxi.lake.dashboards import declaration, reporting
from guanxi.lake.dashboards.models import Dashboard, FirstDashboard
from guanxi.lake.dashboards.views import saving
from guanxi.lake.explore import behind
from guanxi.lake.reports import today, who_buys

hooks.register("schedule", Every(tasks.refresh, seconds=30))
hooks.register("schedule", Daily(tasks.tidy, at="03:30"))
hooks.register("ready", tables.ready)
hooks.register("kept_elsewhere", rights.LAKE)
hooks.register("api", ("/query", api.router), order=50)
hooks.register("api", ("/questions", dashboards_api.questions_router), order=51)
hooks.register("api", ("/dashboards", dashboards_api.dashboards_router), order=52)

TODAY = Report("today", _("Yesterday in brief"), "lake/today.html", today.context, Rhythm.DAILY, "home", "/")
WHO_BUYS = Report("who-buys", _("Who buys"), "lake/who_buys.html", who_buys.context, Rhythm.MONTHLY, "users-group")
hooks.register("report", TODAY)
hooks.register("report", WHO_BUYS)

hooks.register("menu", MenuEntry(shell.TOP, _("Today"), "today", "home", order=0, key="h"))
hooks.register(
    "menu", MenuEntry(shell.KNOW, _("Explore"), "explore", "chart-dots", order=10, key="e", needs=("view", "reports"))
)
hooks.register(
    "menu",
    MenuEntry(shell.KNOW, _("Who buys"), "/reports/who-buys/", "users-group", order=20, needs=("view", "reports")),
)
hooks.register(
    "menu",
    MenuEntry(shell.KNOW, _("Dashboards"), "/dashboards/", "layout-dashboard", order=5, needs=("view", "reports")),
)

for ready in declaration.READY:
    hooks.register("dashboard", ready)
hooks.register(
    "first_step",
    Step(
        "dashboard",
        _("Choose the dashboard that opens first for you"),
        _("Or make one of your own."),
        "dashboards:index",
        "layout-dashboard",
        done=lambda viewer: (
            FirstDashboard.objects.filter(user_id=viewer.pk).exists()
            or Dashboard.objects.filter(owner_id=viewer.pk).exists()
        ),
        personal=True,
    ),
    order=80,
)
hooks.register("report_finder", reporting.find)
hooks.register("explore_saving", saving)

hooks.register("questions:orders", behind.QUESTION)
hooks.register("questions:customers", behind.OF_CUSTOMERS)
hooks.register(
    "panel:products",
    Panel("middle", _("Sales"), "lake/product_sales.html", context=panels.sales_of_product, order=10, lazy=True),
)
