"""Custom fields of customers in files: offered, read, refused, derived anew, taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guanxi.customers import actions as customers
from guanxi.customers.models import Party, SourceRecord
from guanxi.foundation.custom_fields import actions
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions as intake
from guanxi.intake import reverting
from guanxi.intake.models import ImportRun
from guanxi.intake.tests.conftest import rejected

Import = Callable[..., ImportRun]
CHOICES = {
    "choices": [
        {"code": "gold", "names": {"en": "Gold", "zh-hant": "金"}},
        {"code": "silver", "names": {"en": "Silver"}},
    ]
}
KINDS = ["choice", "choices", "money", "date", "moment", "yes_no", "text"]
HEAD = "客戶編號,姓名,A choice,A choices,A money,A date,A moment,A yes_no,A text\n"
TOLD = {
    "a_choice": "gold",
    "a_choices": ["gold", "silver"],
    "a_money": 1500.5,
    "a_date": "2026-03-31",
    "a_moment": "2026-03-31T02:30:00Z",
    "a_yes_no": True,
    "a_text": "12",
}
LINE = '1,王小明,金,"Silver, gold","1,500.50",2026-03-31,2026-03-31T10:30:00+08:00,是,12\n'


@pytest.fixture
def declared(transactional_db: None) -> None:
    """A field of each kind that files can tell."""
    for kind in KINDS:
        options = CHOICES if kind.startswith("choice") else {}
        name = {"en": f"A {kind}"}
        actions.add_field("customers.party", name, kind, key=f"a_{kind}", options=options, by=SYSTEM)


def test_a_file_tells_custom_fields(declared: None, take_in: Import) -> None:
    done = take_in("parties", HEAD + LINE)
    assert (done.created, done.rejected) == (1, 0)
    party = Party.objects.get()
    assert party.profile == TOLD
    payload = SourceRecord.objects.get(party=party).payload
    assert {key.removeprefix("profile."): one for key, one in payload.items() if key.startswith("profile.")} == TOLD


def test_what_is_no_value_is_rejected_with_the_reason(declared: None, take_in: Import) -> None:
    done = take_in(
        "parties", HEAD + '1,王小明,bronze,,,,,,\n2,Lin,,"gold, bronze",,,,,\n3,Wu,,,much,,,,\n4,Su,gold,,,,,,\n'
    )
    assert (done.created, done.rejected) == (1, 3)
    assert len(rejected(done)) == 3


def test_a_persons_word_wins_over_the_file_and_taking_back_derives_anew(declared: None, take_in: Import) -> None:
    first = take_in("parties", HEAD + LINE)
    party = Party.objects.get()
    customers.edit_party(party.pk, {"profile.a_choice": "silver"}, by=SYSTEM)
    second = take_in("parties", HEAD + "1,王小明,gold,silver,20,,,no,\n")
    party.refresh_from_db()
    changed = {"a_choice": "silver", "a_choices": ["silver"], "a_money": 20, "a_yes_no": False}
    assert party.profile == {**TOLD, **changed}
    reverting.revert(intake.mark_for_revert(second, by=SYSTEM).pk)
    party.refresh_from_db()
    assert party.profile == {**TOLD, "a_choice": "silver"}
    assert first.created == 1
