"""What intake hangs into the house: the list of imports, the check of what they write, tidying, the API."""

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.bulk import orphans
from guanxi.foundation.governing import Subject
from guanxi.foundation.tasks import Daily
from guanxi.intake import api, tasks
from guanxi.intake import desk as desk
from guanxi.intake.models import ImportRun
from guanxi.ledger.kinds import EventKind

hooks.register("subject", Subject("imports", _("Imports")), order=55)
hooks.register("check", ("references", orphans.find))
# In what is kept of a run, customers may be named: examples of differences, errors.
hooks.register("loose_text", (ImportRun, ["file_name", "error", "difference", "taken_back"]))
hooks.register("schedule", Daily(tasks.clean_uploads, at="03:40"))
hooks.register(
    "event_kind",
    EventKind("import.reverted", _("Import taken back"), "arrow-back-up", _("Import of %(file)s taken back")),
)
hooks.register("api", ("/imports", api.router), order=60)
