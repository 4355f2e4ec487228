"""The form for a new customer: what is typed, pasted, proposed, and written once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from guanxi.customers import actions, likely
from guanxi.customers.models import ContactPoint, Party, Relationship
from guanxi.foundation.custom_fields.actions import add_field
from guanxi.foundation.models import User
from guanxi.foundation.notes.models import Note
from guanxi.foundation.visibility import SYSTEM

CARD = """美味食品股份有限公司
業務部
王美玲 經理
手機：0912-345-678
傳真：(02) 2345-6780
meiling.wang@delicious.example.com.tw
地址：106 臺北市大安區忠孝東路四段1號5樓
統一編號：12345678"""


@pytest.fixture(autouse=True)
def in_taiwan(settings: Any) -> None:
    settings.GUANXI_COUNTRY = "TW"


@pytest.fixture
def bakery(staff: User) -> Party:
    return actions.create_party(by=staff, kind="organisation", name="陳記麵包店", city="臺北")


@pytest.fixture
def mei(staff: User) -> Party:
    return actions.create_party(
        by=staff, name="王美玲", latin_name="Wang Mei-ling", phone="0912345678", mail="mei@example.com", city="臺北"
    )


def points(party: Party) -> set[tuple[str, str, str]]:
    return set(ContactPoint.objects.filter(party=party).values_list("kind", "value", "label"))


def test_custom_fields_are_asked_for_and_kept(staff_client: Client, mei: Party) -> None:
    names = [{"code": code, "names": {"en": code.title()}} for code in ("tea", "wine")]
    add_field("customers.party", {"en": "Tier"}, "text", key="tier", required=True, section="Standing", by=SYSTEM)
    add_field(
        "customers.party",
        {"en": "Likes"},
        "choices",
        key="likes",
        options={"choices": names},
        default=["tea"],
        by=SYSTEM,
    )
    page = staff_client.get("/customers/new/").content.decode()
    assert page.index("<legend>Standing</legend>") < page.index('name="profile.tier"')
    assert 'value="tea" id="new-profile.likes" checked' in page  # what stands there unless somebody says otherwise
    sent: dict[str, Any] = {"kind": "person", "name": "李雅婷", "profile.likes": ["", "tea", "wine"]}
    answer = staff_client.post("/customers/new/", sent)
    assert answer.status_code == 422
    assert 'id="new-profile.tier-error"' in answer.content.decode()
    assert staff_client.post("/customers/new/", {**sent, "profile.tier": "A"}).status_code == 302
    assert Party.objects.get(name="李雅婷").profile == {"tier": "A", "likes": ["tea", "wine"]}
    staff_client.post(f"/customers/new/use/{mei.pk}/", {**sent, "profile.tier": "B"})
    mei.refresh_from_db()
    assert mei.profile == {"tier": "B", "likes": ["tea", "wine"]}
    actions.create_party(by=SYSTEM, name="Imported")  # files and programs tell what they know


def test_a_person_with_everything(staff_client: Client, bakery: Party) -> None:
    page = staff_client.get("/customers/new/").content.decode()
    assert "Paste a signature" in page
    sent = {
        "kind": "person",
        "name": "李雅婷",
        "latin_name": "Li Ya-ting",
        "organisation": "陳記麵包店",
        "works_at": bakery.pk,
        "title": "採購經理",
        "department": "採購部",
        "date_of_birth": "1990-02-03",
        "phone": ["0987654321", "(02) 2345-6789 分機 12", ""],
        "phone_country": ["TW", "TW", "DE"],
        "phone_label": ["mobile", "office", ""],
        "mail": ["yating@example.com", ""],
        "web": ["www.example.com.tw"],
        "address_country": "TW",
        "part.postal_code": "106",
        "part.country_area": "臺北市",
        "part.city": "大安區",
        "part.street_address": "忠孝東路四段1號",
        "note": "在展覽認識",
        "once": "t1",
    }
    for _click in range(2):
        assert staff_client.post("/customers/new/", sent).status_code == 302
    party = Party.objects.get(name="李雅婷")
    assert points(party) == {
        ("phone", "+886 987 654 321", "mobile"),
        ("phone", "+886 2 2345 6789 分機 12", "office"),
        ("mail", "yating@example.com", ""),
        ("social", "www.example.com.tw", "web"),
        ("address", "106 臺北市大安區忠孝東路四段1號", ""),
    }
    assert (party.country, party.city, str(party.date_of_birth)) == ("TW", "大安區", "1990-02-03")
    tie = Relationship.objects.get(party=party)
    assert (tie.kind, tie.other, tie.title, tie.department) == ("works_at", bakery, "採購經理", "採購部")
    assert Note.objects.get().text == "在展覽認識"


def test_the_record_one_comes_from_proposes_where_somebody_works(
    staff_client: Client, bakery: Party, mei: Party
) -> None:
    page = staff_client.get(f"/customers/new/?dialog=1&kind=person&from=/customers/{bakery.pk}/").content.decode()
    assert "<html" not in page
    assert f'name="works_at" value="{bakery.pk}" checked' in page
    for other in (
        f"/customers/{mei.pk}/",
        "/customers/987654/",
        "/nonsense",
        "//example.com/",
        f"/customers/{bakery.pk}",
    ):
        assert 'name="works_at"' not in staff_client.get("/customers/new/", {"from": other}).content.decode()
    dialogue = staff_client.get(f"/create/?from=/customers/{bakery.pk}/").content.decode()
    assert "Person" in dialogue
    assert "Organisation" in dialogue
    commands = staff_client.get("/palette/").json()["commands"]
    assert {"customers-person", "customers-organisation"} <= {one.get("quick") for one in commands}


def test_a_new_organisation_is_made_with_its_person(staff_client: Client, bakery: Party) -> None:
    staff_client.post("/customers/new/", {"kind": "person", "name": "黃志明", "organisation": "新的公司", "once": "a"})
    assert Relationship.objects.get().other.name == "新的公司"
    staff_client.post(
        "/customers/new/", {"kind": "person", "name": "林怡君", "organisation": "陳記麵包店", "once": "b"}
    )
    assert Relationship.objects.get(party__name="林怡君").other == bakery
    assert "陳記麵包店" in staff_client.get("/customers/new/organisations/?organisation=陳記").content.decode()


def test_who_may_be_meant(staff: User, mei: Party, bakery: Party) -> None:
    by_phone = likely.likely_same({"phones": ["+886 912 345 678"]}, staff)
    assert [(one.party, one.strong) for one in by_phone] == [(mei, True)]
    assert "+886" in by_phone[0].why or "0912345678" in by_phone[0].why
    by_name = likely.likely_same({"name": "王美玲", "kind": "person"}, staff)
    assert [(one.party, one.strong) for one in by_name] == [(mei, False)]
    assert likely.likely_same({"latin_name": "wang mei-ling"}, staff)[0].party == mei
    assert likely.likely_same({"name": "王美玲", "kind": "organisation"}, staff) == []
    actions.edit_party(mei.pk, {"date_of_birth": "1980-01-01"}, by=staff)
    from datetime import date

    assert likely.likely_same({"name": "王美玲", "date_of_birth": date(1990, 1, 1)}, staff) == []
    assert (
        "born on the same day"
        in likely.likely_same({"name": "王美玲", "date_of_birth": date(1980, 1, 1)}, staff)[0].why
    )
    assert likely.likely_same({"mails": ["nonsense"], "name": ""}, staff) == []


def test_a_strong_key_asks_before_a_second_record(staff_client: Client, staff: User, mei: Party) -> None:
    sent = {"kind": "person", "name": "王小玲", "phone": ["0912-345-678"], "phone_country": ["TW"], "once": "t"}
    sent |= {"mail": ["new@example.com"], "note": "新的信箱"}
    typing = staff_client.post("/customers/new/same/", sent).content.decode()
    assert "Use this one" in typing
    asked = staff_client.post("/customers/new/", sent)
    assert asked.status_code == 422
    assert "make a second record" in asked.content.decode()
    assert Party.objects.count() == 1
    used = staff_client.post(f"/customers/new/use/{mei.pk}/", sent, headers={"HX-Request": "true"})
    assert used.headers["HX-Redirect"] == f"/customers/{mei.pk}/"
    assert ("mail", "new@example.com", "") in points(mei)
    assert ContactPoint.objects.filter(party=mei, kind="phone").count() == 1
    assert Note.objects.filter(object_id=mei.pk).count() == 1
    assert Party.objects.count() == 1
    assert staff_client.post("/customers/new/", {**sent, "confirmed": "1", "once": "u"}).status_code == 302
    assert Party.objects.count() == 2


def test_a_pasted_card_fills_the_form_and_writes_nothing(staff_client: Client) -> None:
    answer = staff_client.post("/customers/new/again/", {"kind": "person", "paste": CARD, "fill": "1"})
    page = answer.content.decode()
    assert "nothing is saved yet" in page
    for value in (
        "王美玲",
        "美味食品股份有限公司",
        "業務部",
        "經理",
        "meiling.wang@delicious.example.com.tw",
        "大安區",
        "12345678",
    ):
        assert value in page
    assert 'value="0912 345 678"' in page
    assert not Party.objects.exists()
    kept = staff_client.post("/customers/new/again/", {"kind": "person", "name": "別人", "paste": CARD, "fill": "1"})
    assert 'value="別人"' in kept.content.decode()
    assert "王美玲" in kept.content.decode()  # in the note
    assert staff_client.post("/customers/new/again/", {"paste": " ", "fill": "1"}).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Write the name"),
        ({"phone": ["123"], "phone_country": ["TW"]}, "is not a telephone number"),
        ({"mail": ["nonsense"]}, "is not a mail address"),
        ({"date_of_birth": "2999-01-01"}, "not a day on which somebody was born"),
        ({"address_country": "DE", "part.street_address": "Weg 1", "part.city": "Berlin"}, "needs this: Postcode"),
        (
            {
                "address_country": "TW",
                "part.street_address": "一",
                "part.city": "二",
                "part.country_area": "三",
                "part.postal_code": "x",
            },
            "is no postcode of Taiwan",
        ),
    ],
)
def test_what_is_wrong_stands_at_its_field(staff_client: Client, wrong: dict[str, Any], words: str) -> None:
    sent = {"kind": "person", "name": "王美玲", "note": "不要弄丟", "once": "t", **wrong}
    answer = staff_client.post("/customers/new/", sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "不要弄丟" in answer.content.decode()
    assert not Party.objects.exists()


def test_the_address_suits_the_country(staff_client: Client) -> None:
    def asked(**sent: str) -> str:
        return staff_client.post("/customers/new/address/", sent).content.decode()

    china = asked(address_country="CN")
    assert china.index("part.postal_code") < china.index("part.country_area") < china.index("part.street_address")
    germany = asked(address_country="DE", **{"part.street_address": "Weg 1"})
    assert germany.index("part.street_address") < germany.index("part.city")
    assert "Weg 1" in germany
    assert "part.country_area" not in germany
    for nowhere in ("", "QQ"):
        assert 'name="address"' in asked(address_country=nowhere)


def test_the_telephone_as_it_is_typed(staff_client: Client) -> None:
    def said(phone: str, country: str = "TW") -> str:
        return staff_client.get(
            "/customers/new/telephone/", {"phone": phone, "phone_country": country}
        ).content.decode()

    assert 'data-formatted="0912 34"' in said("091234")
    assert "+886 912 345 678 · mobile · Taiwan" in said("0912345678")
    assert "for example" in said("")
    assert "030" in said("030123456", "DE")
    assert said("x" * 200, "QQ")


def test_nobody_without_rights(client: Client, stranger: User, mei: Party) -> None:
    client.force_login(stranger)
    for address in ("/customers/new/", "/create/", "/customers/new/line/", "/customers/new/organisations/"):
        assert client.get(address).status_code == 403
    for address in (
        "/customers/new/",
        "/customers/new/again/",
        "/customers/new/same/",
        f"/customers/new/use/{mei.pk}/",
    ):
        assert client.post(address, {"name": "x"}).status_code == 403


def test_structured_addresses_by_the_api(api: Client, mei: Party) -> None:
    address = f"/api/v1/parties/{mei.pk}/contact-points"
    parts = {"country": "de", "city": "Berlin", "postal_code": "10115", "street_address": "Hauptstr. 1"}
    made = api.post(address, {"kind": "address", "parts": parts}, content_type="application/json").json()
    assert made["value"] == "Hauptstr. 1, 10115 Berlin"
    assert made["parts"]["country"] == "DE"
    plain = api.patch(f"{address}/{made['id']}", {"value": "irgendwo"}, content_type="application/json").json()
    assert (plain["value"], plain["parts"]) == ("irgendwo", None)
    wrong = api.post(address, {"kind": "address", "parts": {"country": "QQ"}}, content_type="application/json")
    assert wrong.status_code == 422
    assert "parts.country" in wrong.content.decode()
    assert api.post(address, {"kind": "mail", "parts": parts}, content_type="application/json").status_code == 422


def test_contact_points_of_the_record_page_suit_the_country(staff_client: Client, mei: Party) -> None:
    address = f"/customers/{mei.pk}/contact-points/"
    form = staff_client.get(f"{address}?add").content.decode()
    assert "part.postal_code" in form
    assert "+886" in form
    staff_client.post(address, {"kind": "phone", "value": "030 123456", "phone_country": "DE"})
    assert ("phone", "+49 30 123456", "") in points(mei)
    parts = {"kind": "address", "address_country": "DE", "part.city": "Berlin", "part.street_address": "Weg 1"}
    wrong = staff_client.post(address, parts)
    assert wrong.status_code == 422
    assert "needs this: Postcode" in wrong.content.decode()
    assert 'value="Berlin"' in wrong.content.decode()
    shown = staff_client.post(address, {**parts, "part.postal_code": "10115"}).content.decode()
    assert "Weg 1<br>10115 Berlin<br>Germany" in shown
    point = ContactPoint.objects.get(kind="address")
    editor = staff_client.get(f"/customers/contact-points/{point.pk}/").content.decode()
    assert 'value="10115"' in editor
    changed = {"address_country": "", "address": "postlagernd", "seen": point.value}
    assert staff_client.post(f"/customers/contact-points/{point.pk}/", changed).status_code == 200
    assert ContactPoint.objects.get(kind="address").parts is None
