"""The wizard in the browser, step by step through HTTP: file, columns, rules; what is refused, and where it says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from guanxi.foundation.models import User
from guanxi.intake import desk_kinds, offers, uploads
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.models import ImportMapping, ImportRun

Begin = Callable[..., ImportDraft]
PEOPLE = "編號,姓名,電子郵件,生日,備註\n1,王美玲,mei@example.com,05/03/1985,VIP\n2,陳志明,zhi@,31/12/1979,\n"
SALES = "wer,wann,was,wieviel\n1,2017-01-01,牛奶,5\n2,2017-14-01,茶,5\n"


@pytest.fixture
def begin(staff_client: Client, home: Path) -> Begin:
    """`begin("people", text)` uploads a file as the page's script does and gives the draft."""

    def upload(what: str, content: str | bytes, name: str = "客戶.csv") -> ImportDraft:
        data = content.encode() if isinstance(content, str) else content
        query = {"what": what, "name": name}
        answer = staff_client.post(
            f"{reverse('intake:upload')}", data, content_type="application/octet-stream", query_params=query
        )
        assert answer.status_code == 200, answer.content.decode()
        return ImportDraft.objects.get(pk=int(answer.json()["url"].split("/")[-3]))

    return upload


def columns(draft: ImportDraft) -> str:
    return reverse("intake:columns", args=[draft.pk])


def shown(answer: Any) -> str:
    return str(answer.content.decode())


# The file ----------------------------------------------------------------------------------------------------------


def test_the_first_step_offers_what_can_come_in_in_its_order(staff_client: Client) -> None:
    page = shown(staff_client.get("/imports/start/?what=sales"))
    places = [page.index(f'value="{one.key}"') for one in offers.offers()]
    assert places == sorted(places)
    types = len(desk_kinds.desks())
    assert types
    assert len(places) == len(ImportRun.Kind.values) + 1 + types  # people and organisations are one kind
    assert 'value="sales" checked' in page


@pytest.mark.any_database
def test_each_sample_file_is_understood_by_itself(begin: Begin, staff_client: Client) -> None:
    for offer in offers.offers():
        answer = staff_client.get(f"/imports/samples/{offer.key}.csv")
        assert f"{offer.key}.csv" in answer["Content-Disposition"]
        draft = begin(offer.key, answer.content)
        page = staff_client.get(columns(draft))
        assert not page.context["missing"], offer.key
        # Events keep what has no field.
        assert [line.name for line in page.context["unused"]] in ([], ["subject"]), offer.key
        assert not page.context["doubtful"], offer.key


@pytest.mark.any_database
def test_no_sample_of_nothing(staff_client: Client) -> None:
    assert staff_client.get("/imports/samples/nonsense.csv").status_code == 404


class Bad(NamedTuple):
    content: bytes
    name: str
    words: str


@pytest.mark.any_database
@pytest.mark.parametrize(
    "bad",
    [
        Bad(b"", "leer.csv", "empty"),
        Bad(bytes(range(256)) * 40, "bild.csv", "no table that can be read"),
        Bad(b"PK\x03\x04 this is no workbook", "mappe.xlsx", "cannot be read"),
        Bad(b"PAR1 this is no parquet PAR1", "p.parquet", "damaged"),
        Bad("編號,姓名\n".encode(), "kopf.csv", "no rows"),
    ],
    ids=lambda bad: bad.name,
)
def test_files_that_are_none_are_refused_at_the_field(bad: Bad, staff_client: Client, home: Path) -> None:
    address = f"/imports/upload/?what=people&name={bad.name}"
    answer = staff_client.post(address, bad.content, content_type="application/octet-stream")
    assert answer.status_code == 422
    assert answer.json()["field"] == "file"
    assert bad.words in answer.json()["error"]
    assert not ImportDraft.objects.exists()
    assert not list(home.glob("uploads/*/*"))  # nothing is left behind


def test_too_large_no_room_and_half_arrived(
    staff_client: Client, home: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send() -> str:
        address = "/imports/upload/?what=people&name=f.csv"
        answer = staff_client.post(address, PEOPLE.encode(), content_type="application/octet-stream")
        assert answer.status_code == 422
        return str(answer.json()["error"])

    with monkeypatch.context() as broken:
        broken.setattr(HttpRequest, "read", lambda _self, _size: b"")
        assert "did not arrive whole" in send()
    settings.GUANXI_LARGEST_UPLOAD = 20
    assert "too large" in send()
    assert "20 bytes" in shown(staff_client.get("/imports/start/")).replace("\xa0", " ")
    del settings.GUANXI_LARGEST_UPLOAD
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9, 50))
    assert "not enough room" in send()
    assert not ImportDraft.objects.exists()


def test_what_the_file_holds_has_to_be_chosen(staff_client: Client, home: Path) -> None:
    answer = staff_client.post("/imports/upload/?what=&name=f.csv", b"a,b", content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["field"]) == (422, "what")


def test_a_plain_form_does_it_too(staff_client: Client, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "客戶.csv"
    file.write_text(PEOPLE)
    nothing = staff_client.post("/imports/upload/", {"what": "people"})
    assert nothing.status_code == 422
    assert "Choose a file." in shown(nothing)
    assert 'value="people" checked' in shown(nothing)
    with file.open("rb") as opened:
        answer = staff_client.post("/imports/upload/", {"what": "people", "file": opened}, follow=True)
    assert answer.status_code == 200
    assert "客戶.csv" in shown(answer)


def test_what_was_begun_is_found_again_and_can_be_thrown_away(begin: Begin, staff_client: Client) -> None:
    draft = begin("organisations", PEOPLE, "公司.csv")
    page = shown(staff_client.get("/imports/start/"))
    assert "公司.csv" in page
    assert columns(draft) in page
    staff_client.post(f"/imports/drafts/{draft.pk}/throw-away/")
    assert not ImportDraft.objects.exists()
    assert not draft.file.exists()
    assert staff_client.get(columns(draft)).status_code == 404


# The columns -------------------------------------------------------------------------------------------------------


@pytest.mark.any_database
def test_columns_are_found_by_themselves_and_doubts_are_told(begin: Begin, staff_client: Client) -> None:
    page = staff_client.get(columns(begin("people", PEOPLE)))
    lines = {line.name: line for line in page.context["look"].lines}
    assert {name: line.state for name, line in lines.items()} == {
        "編號": "found", "姓名": "found", "電子郵件": "doubtful", "生日": "found", "備註": "unused",
    }  # fmt: skip
    assert lines["電子郵件"].cells[0].text == "zhi@"
    assert "mail address" in lines["電子郵件"].cells[0].reason
    assert [cell.text for cell in lines["姓名"].cells] == ["王美玲", "陳志明"]
    assert "found: 31/12/2026" in shown(page)
    assert 'value="person" selected' in shown(page)  # what was chosen in the first step


def test_required_fields_that_are_missing_are_named(begin: Begin, staff_client: Client) -> None:
    draft = begin("sales", SALES)
    page = staff_client.get(columns(draft))
    assert [one.name for one in page.context["missing"]] == ["customer", "date", "amount"]
    refused = staff_client.post(columns(draft), {"seen": 0, "do": "next", "column-0": "customer"})
    assert refused.status_code == 422
    assert refused.context["error"]
    assert staff_client.get(reverse("intake:rules", args=[draft.pk])).status_code == 302


def test_choosing_reads_the_sample_anew_and_is_kept(begin: Begin, staff_client: Client) -> None:
    draft = begin("sales", SALES)
    chosen = {"column-0": "customer", "column-1": "date", "column-2": "product_name", "column-3": "amount"}
    part = staff_client.post(columns(draft), {"seen": 0, **chosen}, headers={"HX-Request": "true"})
    assert "<html" not in shown(part)
    assert "1 of 2 unreadable" in shown(part)  # 2017-14-01
    again = staff_client.post(columns(draft), {"seen": 1, **chosen, "date_format": "%Y-%d-%m"})
    assert [line.bad for line in again.context["look"].lines] == [0, 0, 0, 0]
    draft.refresh_from_db()
    assert draft.version == 2
    page = Client()
    page.force_login(User.objects.get())
    assert [line.feeds.name for line in page.get(columns(draft)).context["look"].lines] == list(chosen.values())


def test_a_field_is_fed_by_the_column_chosen_last(begin: Begin, staff_client: Client) -> None:
    draft = begin("people", "編號,姓名,別名\n1,王美玲,小玲\n")
    sent = {"seen": 0, "column-0": "external_id", "column-1": "name", "column-2": "name"}
    page = staff_client.post(columns(draft), sent, headers={"HX-Request": "true", "HX-Trigger-Name": "column-2"})
    lines = {line.name: line.feeds and line.feeds.name for line in page.context["look"].lines}
    assert lines == {"編號": "external_id", "姓名": None, "別名": "name"}
    assert "姓名" in page.context["moved"]


def test_several_columns_may_feed_a_field_that_takes_many(begin: Begin, staff_client: Client) -> None:
    draft = begin("people", "姓名,甲,乙\n王美玲,0912345678,0223456789\n")
    sent = {"seen": 0, "column-0": "name", "column-1": "phone", "column-2": "phone"}
    page = staff_client.post(columns(draft), sent)
    assert page.context["plan"].mapping["phone"] == ["甲", "乙"]


@pytest.mark.any_database
def test_unused_columns_get_a_hint(begin: Begin, staff_client: Client) -> None:
    text = "Nom,Courrier,Custmer,Né,Fil\nA,a@example.com,7,05.03.1985,0912 345 678\n"
    page = staff_client.get(columns(begin("people", text)))
    guesses = {line.name: line.guess and line.guess.name for line in page.context["look"].lines}
    assert guesses == {
        "Nom": None, "Courrier": "mail", "Custmer": "external_id", "Né": "date_of_birth", "Fil": "phone",
    }  # fmt: skip


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"source": "mein laden"}, "source"),
        ({"column-0": "password"}, "column-0"),
        ({"encoding": "klingon"}, "encoding"),
        ({"separator": ",,"}, "separator"),
        ({"option-role": "emperor"}, "role"),
        ({"do": "keep", "new_name": " "}, "new_name"),
        ({"do": "use", "mapping_name": "nonsense"}, "mapping"),
        ({"do": "forget", "mapping_name": "nonsense"}, "mapping"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_lost(
    sent: dict[str, str], wrong: str, begin: Begin, staff_client: Client
) -> None:
    draft = begin("people", PEOPLE)
    answer = staff_client.post(columns(draft), {"seen": 0, "column-1": "name", **sent})
    assert (answer.status_code, answer.context["wrong"]) == (422, wrong)
    assert answer.context["error"] in answer.context["error"]
    draft.refresh_from_db()
    assert (draft.version, draft.choices) == (0, {"options": {"kind": "person"}})


@pytest.mark.any_database
def test_another_separator_finds_other_columns(begin: Begin, staff_client: Client) -> None:
    draft = begin("people", "編號;姓名|x\n1;王美玲|2\n")
    sent = {"seen": 0, "column-0": "external_id", "column-1": "name", "separator": "|"}
    page = staff_client.post(columns(draft), sent)
    assert [line.name for line in page.context["look"].lines] == ["編號;姓名", "x"]
    tab = staff_client.post(columns(draft), {"seen": 1, "separator": "tab"})
    assert [line.name for line in tab.context["look"].lines] == ["編號;姓名|x"]
    assert 'value="tab" selected' in shown(tab)


@pytest.mark.any_database
def test_cards_of_an_address_book_need_no_mapping(begin: Begin, staff_client: Client) -> None:
    card = "BEGIN:VCARD\nVERSION:3.0\nFN:王美玲\nTEL:0912 345 678\nEMAIL:mei@example.com\nEND:VCARD\n"
    page = staff_client.get(columns(begin("people", card, "名片.vcf")))
    assert {"name", "phone", "mail"} <= set(page.context["plan"].mapping)
    assert 'name="separator"' not in shown(page)


def test_a_column_of_any_name_is_shown(begin: Begin, staff_client: Client) -> None:
    page = staff_client.get(columns(begin("people", "t,v,sample,<b>姓名</b>\n1,2,3,王美玲\n")))
    assert [line.cells[0].text for line in page.context["look"].lines] == ["1", "2", "3", "王美玲"]
    assert "<b>姓名" not in shown(page)


def test_a_thousand_columns_do_not_fill_the_page(begin: Begin, staff_client: Client) -> None:
    names = [f"c{number}" for number in range(999)]
    wide = ",".join([*names, "姓名"]) + "\n" + ",".join(["1"] * 999 + ["王美玲"]) + "\n"
    page = staff_client.get(columns(begin("people", wide)))
    look = page.context["look"]
    assert (len(look.lines), look.left) == (300, 700)
    assert look.lines[-1].name == "姓名"  # what feeds a field is among those shown


def test_two_people_at_one_file_notice_each_other(begin: Begin, staff_client: Client, db: None) -> None:
    draft = begin("people", PEOPLE)
    other = User.objects.create_user("zhiming", first_name="志明", last_name="陳", is_staff=True)
    second = Client()
    second.force_login(other)
    second.post(columns(draft), {"seen": 0, "column-1": "name"})
    answer = staff_client.post(columns(draft), {"seen": 0, "column-0": "external_id"})
    assert answer.status_code == 409
    assert "志明" in answer.context["notice"]
    assert answer.context["plan"].mapping == {"name": ["姓名"]}  # his choice stands
    assert staff_client.post(columns(draft), {"seen": 1, "column-0": "external_id"}).status_code == 200


def test_mappings_are_kept_used_and_forgotten(begin: Begin, staff_client: Client) -> None:
    draft = begin("sales", SALES)
    chosen = {"column-0": "customer", "column-1": "date", "column-2": "product_name", "column-3": "amount"}
    staff_client.post(columns(draft), {"seen": 0, **chosen, "source": "laden", "do": "keep", "new_name": " Markt  A "})
    assert ImportMapping.objects.get().name == "Markt A"
    another = begin("sales", "x" + SALES)  # other columns: not found by itself
    assert len(staff_client.get(columns(another)).context["missing"]) == 3
    same = begin("sales", SALES + "3,2017-01-02,茶,7\n")
    page = staff_client.get(columns(same))
    assert (page.context["missing"], page.context["plan"].source) == ([], "laden")
    assert page.context["plan"].mapping_name == "Markt A"
    staff_client.post(columns(same), {"seen": 0, "column-0": "customer"})
    assert staff_client.get(columns(same)).context["missing"]
    used = staff_client.post(columns(same), {"seen": 1, "do": "use", "mapping_name": "Markt A"}, follow=True)
    assert not used.context["missing"]
    staff_client.post(columns(same), {"seen": 2, "do": "forget", "mapping_name": "Markt A"})
    assert not ImportMapping.objects.exists()


def test_a_file_that_is_gone_is_told(begin: Begin, staff_client: Client) -> None:
    draft = begin("people", PEOPLE)
    draft.file.unlink()
    page = staff_client.get(columns(draft))
    assert page.status_code == 200
    assert "cannot be read" in page.context["unreadable"]


# The rules ---------------------------------------------------------------------------------------------------------


def test_rules_are_explained_and_kept(begin: Begin, staff_client: Client) -> None:
    draft = begin("people", PEOPLE)
    rules = reverse("intake:rules", args=[draft.pk])
    page = shown(staff_client.get(rules))
    assert 'value="create_or_update" checked' in page
    none = staff_client.post(rules, {"seen": 0, "rule": "create"})
    assert (none.status_code, none.context["wrong"]) == (422, "match_by")
    assert 'value="create" checked' in shown(none)
    odd = staff_client.post(rules, {"seen": 0, "rule": "delete", "match_by": "mail"})
    assert (odd.status_code, odd.context["wrong"]) == (422, "rule")
    kept = staff_client.post(rules, {"seen": 0, "rule": "update", "match_by": ["mail", "card"]})
    assert kept["Location"] == reverse("intake:check", args=[draft.pk])
    draft.refresh_from_db()
    assert (draft.choices["rule"], draft.choices["match_by"]) == ("update", ["mail", "card"])
    assert draft.checked is not None
    assert (draft.checked.rule, draft.checked.file_name, draft.checked.state) == ("update", "客戶.csv", "waiting")
    # Whoever chooses anew looks anew; what was only looked at leaves nothing.
    staff_client.post(columns(draft), {"seen": 1, "column-1": "name"})
    anew = type(draft).objects.get(pk=draft.pk)
    assert (anew.checked_id, anew.choices["rule"]) == (None, "update")
    assert not ImportRun.objects.exists()


def test_events_are_never_changed(begin: Begin, staff_client: Client) -> None:
    draft = begin("events", "customer,date,kind\n1,2017-01-01,visit\n")
    page = shown(staff_client.get(reverse("intake:rules", args=[draft.pk])))
    assert 'value="update"' not in page
    assert 'name="match_by"' not in page


# Who may -----------------------------------------------------------------------------------------------------------


def test_strangers_see_nothing_of_it(begin: Begin, stranger: User) -> None:
    draft = begin("people", PEOPLE)
    addresses = ["/imports/start/", "/imports/samples/people.csv", columns(draft), f"/imports/drafts/{draft.pk}/check/"]
    outside, client = Client(), Client()
    client.force_login(stranger)
    for address in addresses:
        assert outside.get(address).status_code == 302
        assert client.get(address).status_code == 403
    assert client.post("/imports/upload/?what=people&name=f.csv", b"a", content_type="x/y").status_code == 403
    assert client.post(f"/imports/drafts/{draft.pk}/import/").status_code == 403


def test_who_may_not_import_is_told_so(begin: Begin, staff_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = begin("people", PEOPLE)
    from guanxi.foundation import visibility

    monkeypatch.setattr(visibility, "may", lambda viewer, verb, subject=None: verb == "view")
    for address in ("/imports/start/", columns(draft)):
        assert staff_client.get(address).status_code == 403
    answer = staff_client.post("/imports/upload/?what=people&name=f.csv", b"a", content_type="x/y")
    assert answer.status_code == 403
    assert staff_client.post(f"/imports/drafts/{draft.pk}/import/").status_code == 403
