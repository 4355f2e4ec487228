"""What calls, meetings and visits hang into the house."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.channels.activities import api, desk, queries, rights
from guanxi.channels.activities.models import Activity, Participant
from guanxi.customers.hanging import Hanging
from guanxi.foundation import hooks, search
from guanxi.foundation.desk import record_url
from guanxi.foundation.governing import Subject

hooks.register("subject", Subject("activities", _("Calls and meetings"), owned=True), order=45)
hooks.register("panel:*", desk.PANEL)
hooks.register("panel:activities", desk.OWN_PANEL)
hooks.register("hangs_on_party", Hanging(Activity))
hooks.register("hangs_on_party", Hanging(Participant))
for one in rights.KEPT:
    hooks.register("kept_about", one)
hooks.register("loose_text", (Activity, ["subject", "place", "text", "series"]))
hooks.register("loose_text", (Participant, ["comment"]))
hooks.register("last_contact", queries.last_contacts)
hooks.register("event_object", ("activities.activity", queries.fetch))
hooks.register(
    "search",
    search.Source(
        object_type="activities.activity",
        letter="a",
        model=Activity,
        title=str,
        subtitle=lambda activity: activity.party.name if activity.party else "",
        text=lambda activity: activity.text,
        url=lambda number: record_url("activities", number),
        icon="calendar-event",
    ),
    order=75,
)
hooks.register("api", ("/activities", api.router), order=76)
