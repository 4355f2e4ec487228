"""Where a custom field is used: saved views, formulas, roll-ups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.foundation.custom_fields import homes, working
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.desk import registered
from guanxi.foundation.desk.models import SavedView
from guanxi.foundation.desk.views.saved import url_of
from guanxi.foundation.visibility import Viewer

MOST = 50


@dataclass(frozen=True)
class Use:
    """One place."""

    what: Any
    name: str
    url: str = ""


def of(field: CustomField, viewer: Viewer) -> list[Use]:
    """The places where `field` is used, as far as `viewer` may see them."""
    home = homes.find(field.object_type)
    if home is None:
        return []
    slugs = [desk.slug for desk in registered() if desk.model is home.model]
    views = SavedView.objects.visible_to(viewer).filter(desk__in=slugs, query__contains=home.path(field))[:MOST]
    found = [Use(_("Saved view"), view.name, url_of(view)) for view in views]
    return found + [
        Use(other.get_kind_display(), other.label, f"../{other.pk}/") for other in working.dependants(field)
    ]
