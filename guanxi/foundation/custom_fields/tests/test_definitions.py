"""Custom fields themselves: added, renamed, retyped there and back, removed and restored, deleted for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from guanxi.catalog.actions import create_product
from guanxi.catalog.models import Product
from guanxi.customers.actions import create_party
from guanxi.foundation.actions import Refused
from guanxi.foundation.custom_fields import actions, homes, kinds, known, retyping, values
from guanxi.foundation.custom_fields.models import CustomField
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import SYSTEM, NotAllowed

Make = Callable[..., CustomField]
SAID = ["12", "12.50", "twelve", "0012", "yes", "2026-03-31", "no", "1", "2026-03-31T10:00:00Z", "https://a.example/"]


def products(said: dict[str, Any], key: str = "extra") -> list[Product]:
    """One product for each value."""
    made = []
    for number, value in enumerate(said):
        product = create_product(by=SYSTEM, code=f"P{number}", name=f"Tea {number}")
        made.append(values.set_values(product, {key: value}, by=SYSTEM))
    return made  # type: ignore[return-value]


def held(key: str = "extra") -> list[Any]:
    """The stored values, by product."""
    return [(custom or {}).get(key) for custom in Product.objects.order_by("pk").values_list("custom", flat=True)]


def test_keys_are_made_of_names_in_any_language(db: None) -> None:
    made = actions.add_field("catalog.product", {"zh-hant": "信用 額度", "en": ""}, "number", by=SYSTEM)
    assert made.key == "xin_yong_e_du"
    again = actions.add_field("catalog.product", {"zh-hant": "信用 額度"}, "number", by=SYSTEM)
    assert again.key == "xin_yong_e_du_2"
    assert made.label == "信用 額度"


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"kind": "colour"}, "kind"),
        ({"names": {}}, "names"),
        ({"key": "Has Blanks"}, "key"),
        ({"object_type": "foundation.user"}, "object_type"),
        ({"kind": "choice"}, "choices"),
        ({"kind": "choice", "options": {"choices": [{"names": {"en": "A"}}, {"names": {"en": "a"}}]}}, "choices"),
        ({"kind": "text", "options": {"pattern": "["}}, "pattern"),
        ({"kind": "number", "options": {"least": 5, "most": 1}}, "least"),
        ({"kind": "number", "default": "x"}, "default"),
        ({"kind": "money", "options": {"currency": "Dollar"}}, "currency"),
    ],
)
def test_wrong_definitions_are_refused(wrong: dict[str, Any], where: str, db: None) -> None:
    good: dict[str, Any] = {"object_type": "catalog.product", "names": {"en": "Extra"}, "kind": "text"}
    with pytest.raises(Refused) as refused:
        actions.add_field(**{**good, **wrong}, by=SYSTEM)
    assert refused.value.field == where


def test_a_key_that_packages_declare_is_taken(db: None) -> None:
    with pytest.raises(Refused, match="already"):
        actions.add_field("customers.party", {"en": "Age"}, "number", key="age", by=SYSTEM)


def test_strangers_define_nothing(stranger: User) -> None:
    with pytest.raises(NotAllowed):
        actions.add_field("catalog.product", {"en": "Extra"}, "text", by=stranger)


def test_renaming_touches_no_data(field: Make) -> None:
    made = field("catalog.product", "extra", "text")
    (product,) = products(["a"])
    actions.edit_field(made.pk, {"names": {"en": "Other", "zh-hant": "其他"}}, by=SYSTEM)
    assert known.of_type("catalog.product")[0].label == "Other"
    product.refresh_from_db()
    assert product.custom == {"extra": "a"}


def test_every_process_sees_a_change(field: Make) -> None:
    made = field("catalog.product", "extra", "text")
    assert known.of_type("catalog.product")[0].label == "Extra"
    CustomField.objects.filter(pk=made.pk).update(names={"en": "Changed elsewhere"})
    known.FieldsVersion.objects.update(token="elsewhere")  # what another process does
    known.look_again()  # what the next request does
    assert known.of_type("catalog.product")[0].label == "Changed elsewhere"


@pytest.mark.parametrize("kind", ["number", "yes_no", "date", "moment", "choice", "link", "long_text", "money"])
def test_retyping_there_and_back_loses_nothing(kind: str, field: Make) -> None:
    made = field("catalog.product", "extra", "text")
    products(SAID)
    actions.retype(made.pk, kind, by=SYSTEM)
    there = held()
    assert all(kinds.clean(CustomField.objects.get(pk=made.pk), value) == value for value in there)
    actions.retype(made.pk, "text", by=SYSTEM)
    assert held() == SAID


def test_what_somebody_changed_meanwhile_is_converted_back(field: Make) -> None:
    made = field("catalog.product", "extra", "text")
    first, second, _third = products(["007", "x", "5"])
    actions.retype(made.pk, "number", by=SYSTEM)
    assert held() == [7, None, 5]
    values.set_values(first, {"extra": 8}, by=SYSTEM)
    values.set_values(second, {"extra": 9}, by=SYSTEM)
    actions.retype(made.pk, "text", by=SYSTEM)
    assert held() == ["8", "9", "5"]


def test_the_outlook_says_what_would_become_of_each_value(field: Make) -> None:
    made = field("catalog.product", "extra", "text")
    products(["12", "12", "x", "3"])
    turns = retyping.outlook(homes.of("catalog.product"), made, actions.retyped(made, "number")).turns
    assert [(turn.value, turn.count, turn.becomes, turn.kept_aside) for turn in turns] == [
        ("x", 1, "", True),
        ("12", 2, "12", False),
        ("3", 1, "3", False),
    ]


def test_of_customers_too(field: Make) -> None:
    made = field("customers.party", "extra", "text")
    party = create_party(by=SYSTEM, name="Lin", profile={"extra": "12 days"})
    actions.retype(made.pk, "number", by=SYSTEM)
    party.refresh_from_db()
    assert party.profile == {}
    actions.retype(made.pk, "text", by=SYSTEM)
    party.refresh_from_db()
    assert party.profile == {"extra": "12 days"}


def test_a_choice_in_use_is_replaced(field: Make) -> None:
    made = field("catalog.product", "extra", "choice")
    products(["gold", "silver", "gold"])
    with pytest.raises(Refused, match="in use"):
        actions.edit_field(made.pk, {"options": {"choices": made.choice_list[1:]}}, by=SYSTEM)
    assert actions.replace_choice(made.pk, "gold", "silver", by=SYSTEM) == 2
    assert held() == ["silver"] * 3
    assert actions.replace_choice(made.pk, "silver", "", by=SYSTEM) == 3 if len(made.choice_list) > 2 else True


def test_removing_keeps_and_deleting_counts(field: Make, staff: User) -> None:
    made = field("catalog.product", "extra", "text")
    (product, _other) = products(["a", "b"])
    actions.archive(made.pk, by=staff)
    assert known.of_type("catalog.product") == []
    with pytest.raises(Refused, match="no custom field"):
        values.set_values(product, {"extra": "c"}, by=SYSTEM)
    field("catalog.product", "more", "text")
    values.set_values(product, {"more": "c"}, by=SYSTEM)  # which leaves what is removed where it is
    assert held() == ["a", "b"]
    actions.restore(made.pk, by=staff)
    with pytest.raises(Refused, match="Remove the field first"):
        actions.destroy(made.pk, 2, by=staff)
    actions.archive(made.pk, by=staff)
    with pytest.raises(Refused, match="2 records"):
        actions.destroy(made.pk, 1, by=staff)
    assert actions.destroy(made.pk, 2, by=staff) == 2
    assert held() == [None, None]
    assert AuditEntry.objects.filter(changes={"key": "extra", "rows": 2}, actor_id=staff.pk).exists()


def test_large_tables_are_retyped_in_the_background(field: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "SMALL", 1)
    monkeypatch.setattr(retyping, "AT_ONCE", 2)
    made = field("catalog.product", "extra", "text")
    product = products(["1", "2", "3", "x", "5"])[0]
    actions.retype(made.pk, "number", by=SYSTEM)
    with pytest.raises(Refused, match="being retyped"):
        values.set_values(product, {"extra": 9}, by=SYSTEM)
    stepping = retyping.turn_all(homes.of("catalog.product"), retyping.as_kind(made, "text", {}), made, 0)
    assert next(stepping)  # a worker that was killed behind its first batch
    retyping.finish(made.pk)
    assert held() == [1, 2, 3, None, 5]
    values.set_values(product, {"extra": 9}, by=SYSTEM)


FIELDS = {
    kind: CustomField(object_type="catalog.product", key="extra", names={"en": "Extra"}, kind=kind)
    for kind in ("text", "long_text", "number", "money", "date", "moment", "yes_no", "link")
}
KIND = st.sampled_from(sorted(FIELDS))
SAYING = st.one_of(st.text(max_size=20), st.sampled_from(SAID), st.decimals(-1000, 1000, places=2).map(str))


@given(SAYING, KIND, st.lists(KIND, max_size=4))
def test_any_way_round_ends_where_it_began(said: str, kind: str, ways: list[str]) -> None:
    try:
        first = kinds.clean(FIELDS[kind], said)
    except ValidationError:
        first = None
    aside: dict[str, Any] = {}
    value, here = first, kind
    for there in [*ways, kind]:
        if there != here:
            value, aside = retyping.turned(FIELDS[here], FIELDS[there], value, aside)
            assert value is None or kinds.clean(FIELDS[there], value) == value
            here = there
    assert value == first
