"""What intake hangs into the house: the list of imports, the check of what they write, tidying, the API."""

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guanxi.customers.models import Party
from guanxi.foundation import hooks, shell
from guanxi.foundation.bulk import orphans
from guanxi.foundation.governing import Subject
from guanxi.foundation.shell import Banner
from guanxi.foundation.steps import Step
from guanxi.foundation.tasks import Daily
from guanxi.foundation.visibility import Viewer, may
from guanxi.intake import api, rows_api, tasks
from guanxi.intake import desk as desk
from guanxi.intake.demo import loading
from guanxi.intake.demo.loading import runs, sources
from guanxi.intake.models import ImportRun
from guanxi.ledger.kinds import EventKind


def has_own_customers(viewer: Viewer) -> bool:
    """Whether somebody is here who was not made up."""
    return own_runs().exists() or Party.objects.filter(made_up=False, import_run=None).exists()


def own_runs() -> QuerySet[ImportRun]:
    """Imports of customers that are not the sample's."""
    own = ImportRun.objects.filter(kind=ImportRun.Kind.PARTIES, dry_run=False, state=ImportRun.State.DONE)
    return own.exclude(plan__source__in=sources())


def has_sample_data(viewer: Viewer) -> bool:
    """Whether the sample data are here, and may be taken away by this viewer."""
    return may(viewer, "delete", ImportRun) and runs().filter(state=ImportRun.State.DONE, dry_run=False).exists()


@hooks.register("banner")
def sample_banner(viewer: Viewer) -> Banner | None:
    """That sample data are in here, as long as their files are."""
    if not loading.folder().is_dir():
        return None
    url = reverse("intake:sample_data") if may(viewer, "create", ImportRun) else ""
    return Banner(_("There are sample data in here, with made-up people and figures."), url, _("What is it?"))


hooks.register("subject", Subject("imports", _("Imports")), order=55)
hooks.register("check", ("references", orphans.find))
# In what is kept of a run, customers may be named: examples of differences, errors.
hooks.register("loose_text", (ImportRun, ["file_name", "error", "difference", "taken_back"]))
hooks.register("schedule", Daily(tasks.clean_uploads, at="03:40"))
hooks.register(
    "event_kind",
    EventKind("import.reverted", _("Import taken back"), "arrow-back-up", _("Import of %(file)s taken back")),
)
hooks.register(
    "first_step",
    Step(
        "import",
        _("Bring in your customers"),
        _("From a file; nothing is written before you have seen what would change."),
        "intake:start",
        "file-import",
        done=has_own_customers,
        when=lambda viewer: may(viewer, "create", ImportRun),
    ),
    order=20,
)
hooks.register(
    "first_step",
    Step(
        "sample-data",
        _("Take the sample data away, once you have looked around"),
        _("Your own records stay."),
        "intake:sample_data",
        "database-off",
        done=lambda viewer: False,
        when=has_sample_data,
    ),
    order=90,
)
hooks.register("palette", shell.Command(_("Sample data"), "intake:sample_data", "database"))
hooks.register("api", ("/imports", api.router), order=60)
hooks.register("api", ("/bulk", rows_api.router), order=61)
