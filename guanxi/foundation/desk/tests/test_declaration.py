"""Declarations: what is derived from the models, and mistakes found early."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from guanxi.foundation import hooks
from guanxi.foundation.desk import Column, Desk, Kind, register
from guanxi.foundation.desk.declaration import as_field
from guanxi.foundation.desk.tests.people import Party, People


@pytest.mark.parametrize(
    ("path", "kind", "label", "sortable"),
    [
        ("name", Kind.TEXT, "Name", True),
        ("kind", Kind.CHOICE, "Kind", True),
        ("created_at", Kind.MOMENT, "Known since", True),
        ("date_of_birth", Kind.DATE, "Date of birth", True),
        ("made_up", Kind.BOOLEAN, "Made up for demonstration", True),
        ("purchases.revenue", Kind.MONEY, "Value so far", True),
        ("purchases.order_count", Kind.NUMBER, "Orders", True),
        ("roles.role", Kind.CHOICE, "Role", False),
        ("profile", Kind.DATA, "Profile", False),
        ("profile.age", Kind.TEXT, "Age", False),
    ],
)
def test_kind_label_and_order_come_from_the_model(path: str, kind: Kind, label: str, sortable: bool) -> None:
    field = as_field(Party, path)
    assert (field.kind, str(field.label), field.sortable) == (kind, label, sortable)


@pytest.mark.parametrize("path", ["nmae", "name.length", "roles.nothing", "profile.a-b", "", "purchases..revenue"])
def test_a_path_that_leads_nowhere_is_named(path: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Party|PartyRole|PurchaseSummary"):
        as_field(Party, path)


def test_check_finds_mistakes() -> None:
    class Wrong(People):
        slug = "wrong"
        columns = ("name", Column("nmae"))

    class Unsortable(People):
        slug = "unsortable"
        default_sort = "roles.role"

    with (
        hooks.registered("desk", Wrong()),
        pytest.raises(SystemCheckError, match="“wrong”: “nmae”: Party has no field"),
    ):
        call_command("check")
    with hooks.registered("desk", Unsortable()), pytest.raises(SystemCheckError, match="no column that can be sorted"):
        call_command("check")
    call_command("check")


def test_two_desks_of_one_name_are_refused(desk: Desk) -> None:
    with pytest.raises(ImproperlyConfigured, match="people"):
        register(People)
