"""What operations hang into the house: the schedule of backups, what `guanxi check` looks at, the pages."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.tasks import Daily
from guanxi.operations import checks
from guanxi.operations import desk as desk
from guanxi.operations.tasks import back_up

if settings.GUANXI_BACKUP_AT != "never":
    hooks.register("schedule", Daily(back_up, at=settings.GUANXI_BACKUP_AT))

hooks.register("check", (_("The lake holds what the database holds"), checks.lake), order=60)
hooks.register("check", (_("Files are there for their rows"), checks.files), order=61)
hooks.register("check", (_("Readers of the ledger"), checks.readers), order=62)
hooks.register("check", (_("Index of the search"), checks.index), order=63)
hooks.register("check", (_("Backups"), checks.backups), order=64)
