"""What custom fields hang into the desks, the search and the columns that hold them."""

from __future__ import annotations

from typing import Any

from django.core.signals import request_started
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks, shell
from guanxi.foundation.custom_fields import api, columns, homes, kinds, known, values, working
from guanxi.foundation.custom_fields.tasks import after_import, build_missing, work_out_all
from guanxi.foundation.tasks import Daily

hooks.register("columns:custom", columns.columns)
hooks.register("facts:custom", columns.facts)
hooks.register("new:custom", columns.new)
hooks.register("typed_key", columns.leaf)
hooks.register("custom_values", values.checked)
hooks.register("custom_defaults", values.defaults)
hooks.register("saved", working.follow)
hooks.register("schedule", Daily(work_out_all, at="00:20"))
hooks.register("schedule", Daily(build_missing, at="00:10"))
hooks.register("imported", after_import)
hooks.register("api", ("/custom-fields", api.router))
hooks.register("custom_edit", values.edit)
hooks.register("custom_create", values.create)
request_started.connect(known.look_again, dispatch_uid="custom_fields")


@hooks.register("search_text")
def _search_text(row: Any) -> str:
    """The values of the searchable fields of a record."""
    home = homes.find(row._meta.label_lower)
    fields = [field for field in home.fields() if field.searchable] if home else []
    if not fields or home is None:
        return ""
    stored = homes.values_of(row, home)
    return " ".join(kinds.text(field, value) for field in fields if (value := stored[field.key]) is not None)


@hooks.register("sensitive_fields")
def _sensitive(label: str) -> list[str]:
    """The fields that are shown only when asked for."""
    fields = [field for field in known.of_type(label) if field.sensitive]
    home = homes.find(label) if fields else None
    return [home.path(field) for field in fields] if home else []


hooks.register(
    "menu",
    shell.MenuEntry(
        shell.SYSTEM,
        _("Fields"),
        "custom_fields:page",
        "forms",
        order=30,
        keywords=[_("Custom fields")],
        needs=("view", "settings"),
    ),
)
