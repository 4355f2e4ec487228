"""Every write is validated, permitted, audited, and does not overwrite what somebody else wrote meanwhile."""

from __future__ import annotations

import pytest
from django.db import models

from guanxi.catalog.models import Brand
from guanxi.foundation import actions, hooks, visibility
from guanxi.foundation.models import AuditEntry, User


@actions.action
def make_brand(name: str, *, by: visibility.Viewer) -> Brand:
    return actions.create(Brand, name=name)


@actions.action
def rename_brand(brand: Brand, name: str, seen: str, *, by: visibility.Viewer) -> Brand:
    return actions.change(brand, {"name": seen}, name=name)


@actions.action
def make_two(*, by: visibility.Viewer) -> None:
    make_brand("first", by=by)
    raise actions.Refused("no")


@pytest.mark.django_db
def test_a_change_is_audited_with_from_and_to(staff: User) -> None:
    brand = make_brand("大同", by=staff)
    rename_brand(brand, "小同", "大同", by=staff)
    entry = AuditEntry.objects.latest("id")
    assert entry.changes == {"name": ["大同", "小同"]}
    assert (entry.actor, entry.object_type, entry.object_id) == (staff, "catalog.brand", brand.pk)
    assert entry.action.endswith("rename_brand")


@pytest.mark.django_db
def test_saving_the_same_value_writes_nothing(staff: User) -> None:
    brand = make_brand("大同", by=staff)
    rename_brand(brand, "大同", "大同", by=staff)
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db
def test_two_people_on_one_field_get_to_see_both_values(staff: User) -> None:
    brand = make_brand("大同", by=staff)
    rename_brand(brand, "theirs", "大同", by=staff)
    with pytest.raises(actions.Conflict) as conflict:
        rename_brand(brand, "mine", "大同", by=staff)
    assert (conflict.value.original, conflict.value.yours, conflict.value.theirs) == ("大同", "mine", "theirs")
    assert Brand.objects.get().name == "theirs"


@pytest.mark.django_db
def test_an_action_is_all_or_nothing(staff: User) -> None:
    with pytest.raises(actions.Refused):
        make_two(by=staff)
    assert not Brand.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_wrong_values_are_refused_with_their_field(staff: User) -> None:
    with pytest.raises(actions.Refused) as refusal:
        make_brand("x" * 200, by=staff)
    assert refusal.value.field == "name"


@pytest.mark.django_db
def test_strangers_may_nothing_and_see_nothing(staff: User, stranger: User) -> None:
    make_brand("大同", by=staff)
    with pytest.raises(visibility.NotAllowed):
        make_brand("小同", by=stranger)
    assert not Brand.objects.visible_to(stranger)
    assert Brand.objects.visible_to(staff).count() == 1


@pytest.mark.django_db
def test_nothing_is_written_outside_of_an_action() -> None:
    with pytest.raises(RuntimeError, match="inside an action"):
        actions.create(Brand, name="outside")


def test_hooks_come_in_order_and_go_after_the_test() -> None:
    with hooks.registered("door", "second", order=2), hooks.registered("door", "first", order=1):
        assert hooks.get("door") == ["first", "second"]
    assert hooks.get("door") == []


def test_every_queryset_that_people_see_can_be_narrowed() -> None:
    from guanxi.foundation.desk import Desk, registered

    for desk in registered():
        manager = desk.model._default_manager
        if type(desk).rows is not Desk.rows:
            continue  # it narrows its rows itself
        assert isinstance(manager.get_queryset(), visibility.VisibleQuerySet), desk.slug
        assert issubclass(desk.model, models.Model)
