"""What operations hang into the house: what is done by the clock, what `guanxi check` looks at, the pages."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.tasks import Daily, Every
from guanxi.operations import checks, planning
from guanxi.operations import desk as desk
from guanxi.operations.tasks import back_up, count_rows

if settings.GUANXI_BACKUP_AT != "never":
    hooks.register("schedule", Daily(back_up, at=settings.GUANXI_BACKUP_AT))
hooks.register("schedule", Every(count_rows, minutes=10, when=planning.is_outdated))

hooks.register("check", (_("The lake holds what the database holds"), checks.lake), order=60)
hooks.register("check", (_("Files are there for their rows"), checks.files), order=61)
hooks.register("check", (_("Readers of the ledger"), checks.readers), order=62)
hooks.register("check", (_("Index of the search"), checks.index), order=63)
hooks.register("check", (_("Backups"), checks.backups), order=64)
