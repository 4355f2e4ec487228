"""The list through HTTP: what it shows, how it is narrowed, sorted and paged, what it costs."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from guanxi.foundation import hooks
from guanxi.foundation.desk import Button, Column, Desk, list_url
from guanxi.foundation.desk import state as states
from guanxi.foundation.desk.tests.people import Party, PartyRole
from guanxi.foundation.models import User
from tests.costs import statements

pytestmark = pytest.mark.django_db
MOST_QUERIES = 14  # log-in, session, roles, teams, the counts of the menu and bell included


def ids(page: Any) -> list[int]:
    return [int(number) for number in re.findall(r'name="ids" value="(\d+)"', page.content.decode())]


def words(page: Any) -> str:
    return html.unescape(page.content.decode())


def bought(party: Any, what: str) -> float:
    return float(getattr(party.purchases, what) or 0) if hasattr(party, "purchases") else -1


def roles(party: Any) -> set[str]:
    return {role.role for role in party.roles.all()}


def day(party: Any) -> str:
    return str(party.created_at.strftime("%m%d"))


def following(page: Any) -> str:
    """The address of the next rows."""
    found = re.search(r'class="desk-more" hx-get="([^"]+)"', page.content.decode())
    return html.unescape(found[1]) if found else ""


def all_ids(client: Client, address: str) -> list[int]:
    """The rows of a list over all its pages."""
    page = client.get(address)
    found = ids(page)
    for _turn in range(50):
        address = following(page)
        if not address:
            return found
        page = client.get(address)
        found += ids(page)
    raise AssertionError("the pages do not end")


def test_shows_rows_with_chinese_names(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    page = staff_client.get("/people/")
    assert page.status_code == 200
    assert len(ids(page)) == 50
    assert "Laura Whitfield" in words(page)
    assert "王美玲" in words(staff_client.get("/people/?sort=-name"))


def test_pages_join_without_gap_or_double(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    everyone = {party.pk for party in parties}
    for sort in (
        "name",
        "-name",
        "city",
        "-purchases.revenue",
        "purchases.last_day",
        "-created_at",
        "purchases.gap_mean",
    ):
        found = all_ids(staff_client, f"/people/?sort={sort}")
        assert len(found) == len(everyone), sort
        assert set(found) == everyone, sort


@pytest.mark.parametrize("sort", ["purchases.revenue", "-purchases.revenue", "city", "-city"])
def test_rows_without_a_value_come_last(staff_client: Client, desk: Desk, parties: list[Any], sort: str) -> None:
    by_id = {party.pk: party for party in Party.objects.select_related("purchases")}
    rows = [by_id[pk] for pk in all_ids(staff_client, f"/people/?sort={sort}")]
    if "city" in sort:
        values = [row.city or None for row in rows]
    else:
        values = [row.purchases.revenue if hasattr(row, "purchases") else None for row in rows]
    present = [value for value in values if value is not None]
    assert values == present + [None] * (len(values) - len(present))
    if "revenue" in sort:
        assert present == sorted(present, reverse=sort.startswith("-"))


def test_pages_stay_stable_while_rows_come(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    page = staff_client.get("/people/?sort=-created_at")
    first = ids(page)
    Party.objects.create(name="新來的")  # newer than all, so before the first page
    second = ids(staff_client.get(following(page)))
    assert not set(first) & set(second)
    assert len(second) == 50


@pytest.mark.parametrize("few", [0, 3000], ids=["walked", "collected"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("f.city=臺北", lambda party: party.city == "臺北"),
        ("f.city=臺北&f.city=高雄", lambda party: party.city in ("臺北", "高雄")),
        ("f.city__not=臺北", lambda party: party.city != "臺北"),
        ("f.city__empty=1", lambda party: not party.city),
        ("f.city__empty=0", lambda party: party.city),
        ("f.name__has=美", lambda party: "美" in party.name),
        ("f.kind=organisation", lambda party: party.kind == "organisation"),
        ("f.kind__not=organisation", lambda party: party.kind != "organisation"),
        ("f.made_up=0", lambda party: not party.made_up),
        ("f.profile.age=25-34", lambda party: party.profile.get("age") == "25-34"),
        ("f.profile.age__empty=1", lambda party: "age" not in party.profile),
        (
            "f.created_at__gte=2017-01-10&f.created_at__lte=2017-01-12",
            lambda party: day(party) in ("0110", "0111", "0112"),
        ),
        ("f.created_at=2017-01-10", lambda party: day(party) == "0110"),
        (
            "f.purchases.revenue__gte=20.5&f.purchases.revenue__lte=41",
            lambda party: 20.5 <= bought(party, "revenue") <= 41,
        ),
        ("f.purchases.revenue=10.25", lambda party: bought(party, "revenue") == 10.25),
        ("f.purchases.revenue__empty=1", lambda party: not hasattr(party, "purchases")),
        ("f.purchases.order_count__gte=100", lambda party: bought(party, "order_count") >= 100),
        ("f.purchases.gap_mean__gte=10.5", lambda party: bought(party, "gap_mean") >= 10.5),
        ("f.roles.role=prospect", lambda party: "prospect" in roles(party)),
        ("f.roles.role=prospect&f.roles.role=supplier", lambda party: {"prospect", "supplier"} & roles(party)),
        ("f.roles.role__not=prospect", lambda party: "prospect" not in roles(party)),
        ("f.roles.role__empty=1", lambda party: not party.roles.all()),
        ("f.roles.role__empty=0", lambda party: party.roles.all()),
        ("op.text=f.city__has&value.text=北", lambda party: "北" in party.city),
        ("op.choice=f.kind__not&value.choice=person", lambda party: party.kind != "person"),
        ("q=美玲", lambda party: "美玲" in party.name),
        (
            "f.city=臺北&f.kind=person&sort=-purchases.revenue",
            lambda party: (party.city, party.kind) == ("臺北", "person"),
        ),
    ],
)
def test_filters(
    staff_client: Client,
    desk: Desk,
    parties: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    expected: Any,
    few: int,
) -> None:
    monkeypatch.setattr(states, "FEW", few)
    wanted = {
        party.pk for party in Party.objects.select_related("purchases").prefetch_related("roles") if expected(party)
    }
    assert wanted
    assert len(wanted) < len(parties)
    assert set(all_ids(staff_client, f"/people/?{quote(query, safe='=&')}")) == wanted


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("f.purchases.revenue__gte=many", "“many” is not a number."),
        ("f.purchases.revenue__gte=nan", "“nan” is not a number."),
        ("f.purchases.revenue__gte=1e999999", "is too large"),
        ("f.purchases.revenue__gte=99999999999999999999", "is too large"),
        ("f.purchases.revenue__gte=0.00001", "decimal places"),
        ("f.purchases.order_count=1.5", "1.5"),
        ("f.purchases.order_count=99999999999999999999999", "less than or equal"),
        ("f.purchases.gap_mean__gte=1e400", "is too large"),
        ("f.created_at__gte=2017-02-30", "is not a date"),
        ("f.created_at__last=-3", "is not a number of days"),
        ("f.created_at__last=99999999999", "is not a number of days"),
        ("f.kind=robot", "“robot” is not one of: Person, Organisation."),
        ("f.made_up=maybe", "neither yes"),
        ("f.secret=1", "no filter “secret”"),
        ("f.name__gte=a", "This cannot be asked"),
        ("f.city=%00", "cannot be stored"),
        ("f.city__empty=1&f.city__empty=0", "Give one value only."),
    ],
)
def test_a_bad_filter_says_what_is_wrong(
    staff_client: Client, desk: Desk, parties: list[Any], query: str, said: str
) -> None:
    page = staff_client.get(f"/people/?{query}")
    assert page.status_code == 200
    assert said in words(page)
    assert ids(page) == []  # rather nothing than all
    assert staff_client.get(f"/people/export.csv?{query}").status_code == 302


@pytest.mark.parametrize(
    "query",
    [
        *["sort=secret", "sort=-", "sort=roles.role", "sort=--name", "cols=,,", "cols=secret", "view=x", "after=junk"],
        *[
            "view=99999999999999999999",
            "f.=1",
            "f.__gte=1",
            "f.name__has=",
            "q=%00",
            "q=%F0%9F",
            "op.x=f.name",
            "value.x=1",
        ],
        *["f.created_at__gte=0001-01-01", "f.created_at__lte=9999-12-31", "f.date_of_birth=0001-01-01"],
        *["f.name__has=%25_%5C", "f.name=" + "x" * 5000, "&".join(f"f.city={number}" for number in range(300))],
    ],
)
def test_a_malformed_address_never_fails(staff_client: Client, desk: Desk, parties: list[Any], query: str) -> None:
    for address in ("/people/", "/people/rows/", "/people/count/"):
        assert staff_client.get(f"{address}?{query}").status_code == 200, address


def test_a_cursor_of_another_order_is_refused(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    address = following(staff_client.get("/people/?sort=city"))
    assert "Begin again at its top" in words(staff_client.get(address.replace("sort=city", "sort=-city")))
    assert "Begin again at its top" in words(staff_client.get(address[:-2]))


def test_columns_are_chosen_and_ordered(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    page = words(staff_client.get("/people/?cols=home,name&cols=city"))
    heads = re.findall(r'<th[^>]*scope="col">\s*(?:<a [^>]*>)?([^<]+)', page)
    assert [head.strip() for head in heads] == ["Home", "Name", "City"]
    assert (
        "&lt;臺北&gt;" in staff_client.get("/people/?cols=home,name&f.city=臺北").content.decode()
    )  # text of render is escaped


def test_queries_do_not_grow_with_rows(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    def count(address: str) -> int:
        return statements(lambda: staff_client.get(address))

    columns = "name,city,kind,purchases.revenue,purchases.last_day,purchases.gap_mean,roles.role,home,created_at"
    everything = f"/people/?cols={columns}"
    many = count(everything)
    assert len(ids(staff_client.get(everything))) == 50
    few = count(f"{everything}&f.purchases.order_count=1")
    assert many <= MOST_QUERIES
    assert few <= MOST_QUERIES  # filters are asked first, and a page that is not full asks for the rows without a value


def test_columns_of_a_higher_floor(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    with hooks.registered("columns:people", [Column("occupation", label="Calling")]):
        page = words(staff_client.get("/people/"))
        assert "Calling" in page
        Party.objects.filter(pk=parties[3].pk).update(occupation="烘焙師")
        assert all_ids(staff_client, "/people/?f.occupation=烘焙師") == [parties[3].pk]
    assert "Calling" not in words(staff_client.get("/people/"))


def test_counts_are_capped_until_asked(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    assert "120" in words(staff_client.get("/people/count/"))
    Party.objects.bulk_create(Party(name=f"客戶{number}") for number in range(1000))
    assert "1,000+" in words(staff_client.get("/people/count/"))
    assert "1,120" in words(staff_client.get("/people/count/?exact=1"))
    assert "/people/count/" in words(staff_client.get("/people/"))  # loaded after the page
    assert re.search(r'desk-count">\s*1<', words(staff_client.get("/people/?f.name=客戶1")))  # known without a query


def test_empty_states_tell_apart(staff_client: Client, desk: Desk) -> None:
    assert "Nothing here yet" in words(staff_client.get("/people/"))
    assert "/people/new/" in words(staff_client.get("/people/"))
    Party.objects.create(name="王美玲")
    narrow = words(staff_client.get("/people/?f.name=nobody"))
    assert "Nothing fits these filters" in narrow
    assert "Clear all" in narrow


def test_htmx_gets_the_part_and_the_address(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    answer = staff_client.get(
        "/people/?op.text=f.city__has&value.text=%E5%8C%97&sort=name", headers={"HX-Request": "true"}
    )
    assert "<html" not in words(answer)
    assert answer["HX-Push-Url"] == "/people/?f.city__has=%E5%8C%97"
    restored = staff_client.get("/people/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in words(restored)


def test_filter_editors_open(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    for field in desk.all_filters():
        page = staff_client.get(f"/people/filter/?path={field.name}&f.city=Taipei&sort=-name")
        assert page.status_code == 200
        assert str(field.label) in words(page)
        assert 'name="sort" value="-name"' in words(page)
    assert staff_client.get("/people/filter/?path=secret").status_code == 404
    assert 'value="robots"' in words(staff_client.get("/people/filter/?path=city&f.city=robots"))


def test_only_registered_slugs_are_taken(staff_client: Client, desk: Desk) -> None:
    assert staff_client.get("/nothing/").status_code == 404
    assert list_url("people", {"f.city": ["臺北", "Taipei"]}).startswith("/people/?f.city=%E8")


def test_strangers_see_nothing(client: Client, stranger: User, desk: Desk, parties: list[Any]) -> None:
    addresses = ["", "rows/", "count/", "filter/?path=name", "export.csv", "export.xlsx", "new/", f"{parties[0].pk}/"]
    for address in addresses:
        assert client.get(f"/people/{address}").status_code == 302, address
    client.force_login(stranger)
    for address in addresses:
        assert client.get(f"/people/{address}").status_code == 403, address
    assert client.post("/people/views/", {"name": "x"}).status_code == 403


def test_header_buttons_of_higher_floors(staff_client: Client, desk: Desk) -> None:
    with hooks.registered("button:people", lambda _viewer: Button("帶入", "/import/", "upload")):
        assert 'href="/import/"' in words(staff_client.get("/people/"))


def test_many_rows_of_one_party_show_once(staff_client: Client, desk: Desk, parties: list[Any]) -> None:
    one = parties[3]
    assert PartyRole.objects.filter(party=one).count() == 3
    found = all_ids(staff_client, "/people/?f.roles.role=customer&f.roles.role=prospect&f.roles.role=supplier")
    assert found.count(one.pk) == 1
