"""The sample data come with one click and go with one, as if they had never been there; what is one's own stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.apps import apps
from django.test import Client

from guanxi.customers.actions import create_party
from guanxi.customers.models import Party
from guanxi.foundation.models import User
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.tasks.worker import run_waiting
from guanxi.intake import reverting
from guanxi.intake.demo import complete_journey, loading, removing
from guanxi.intake.demo.parts import SamplePart
from guanxi.intake.models import ImportRun
from guanxi.lake.query import Query, run
from guanxi.orders.models import Order

# What remembers that something was done, or how far a reader is: it may differ from a house where nothing was done.
REMEMBERS = {
    "foundation.auditentry", "tasks.backgroundtask", "tasks.schedule", "ledger.readercursor", "sessions.session",
    "foundation.notification", "tasks.worker", "habits.seen",
}  # fmt: skip


@pytest.fixture
def small(transactional_db: None, home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Complete Journey cut down to three households and a few lines."""

    def prepare(target: Path) -> complete_journey.DemoFiles:
        target.mkdir(parents=True, exist_ok=True)
        files = complete_journey.DemoFiles(
            *(target / f"{name}.parquet" for name in ("parties", "products", "sales", "events"))
        )
        with duckdb.connect() as database:
            for path, sql in zip(
                (files.parties, files.products, files.sales, files.events),
                (PARTIES, PRODUCTS, SALES, EVENTS),
                strict=True,
            ):
                database.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
        return files

    monkeypatch.setattr(complete_journey, "prepare", prepare)
    for module in (loading, removing):  # the made-up year has tests of its own
        monkeypatch.setattr(module, "all_parts", list)
    monkeypatch.setattr("guanxi.lake.refresh.PATIENCE", 120.0)


PARTIES = """SELECT * FROM (VALUES ('1', '王美玲', 'mei@example.com', true), ('2', 'Ann', 'ann@example.com', true),
             ('3', 'Bo', 'bo@example.com', true)) AS t(external_id, name, mail, made_up)"""
PRODUCTS = "SELECT * FROM (VALUES ('P1', 'Milk', 'GROCERY', 'DAIRY')) AS t(code, name, department, category)"
SALES = """SELECT * FROM (VALUES ('1', TIMESTAMP '2017-03-01 10:00:00', 'B1', 'P1', 1, 2.5, 'Store 1', 'till'),
           ('2', TIMESTAMP '2017-03-02 10:00:00', 'B2', 'P1', 2, 5.0, 'Store 2', 'till'))
           AS t(customer, date, "order", product, quantity, amount, place, channel)"""
EVENTS = """SELECT * FROM (VALUES ('1', 'campaign.mailed', 'post', 'out', TIMESTAMP '2017-02-01 00:00:00', '8'))
            AS t(customer, kind, channel, direction, date, campaign)"""


def counts() -> dict[str, int]:
    """How many rows each table has, but for those that remember."""
    models = [model for model in apps.get_models() if model._meta.managed and model._meta.label_lower not in REMEMBERS]
    found = {model._meta.label_lower: model._base_manager.count() for model in models}
    return {name: count for name, count in found.items() if count}


def sales() -> Any:
    return run(Query(["lines"]), removing.SYSTEM).rows[0]["lines"]


def test_what_came_with_one_click_goes_with_one_and_leaves_nothing(
    small: None, staff: User, staff_client: Client
) -> None:
    fresh = counts()
    assert staff_client.get("/imports/sample-data/").context["empty"]
    answer = staff_client.post("/imports/sample-data/change/", {"do": "load"})
    run_waiting()
    task = BackgroundTask.objects.get(pk=int(answer.url.strip("/").split("/")[1]))
    assert task.state == "done", task.error
    assert Order.objects.count() == 2 and sales() == 2
    page = staff_client.get("/imports/sample-data/")
    assert "There are sample data in here" in page.content.decode()
    assert page.context["preview"].there and not page.context["preview"].real
    again = staff_client.post("/imports/sample-data/change/", {"do": "load"}, follow=True)
    assert "already" in again.content.decode()
    staff_client.post("/imports/sample-data/change/", {"do": "remove"})
    run_waiting()
    assert not Party.objects.exists()
    assert counts() == fresh
    assert sales() == 0
    after = staff_client.get("/imports/sample-data/")
    assert after.context["empty"] and "There are sample data in here" not in after.content.decode()


def test_one_s_own_records_stay_and_a_killed_removal_goes_on(
    small: None, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading.load(by=staff)
    own = create_party(name="Real", by=staff)
    assert removing.preview().real
    revert = reverting.revert
    done: list[int] = []

    def killed(number: int, **more: Any) -> Any:
        if done:
            raise KeyboardInterrupt
        done.append(number)
        return revert(number, **more)

    monkeypatch.setattr(reverting, "revert", killed)
    with pytest.raises(KeyboardInterrupt):
        removing.remove(by=staff)
    assert ImportRun.objects.filter(state="reverted").count() == 1
    monkeypatch.setattr(reverting, "revert", revert)
    removing.remove(by=staff)
    assert list(Party.objects.values_list("pk", flat=True)) == [own.pk]
    assert not ImportRun.objects.exists() and not Order.objects.exists()


def test_one_half_comes_beside_the_other_and_goes_by_itself(
    small: None, staff: User, staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(target: Path, by: Any, scale: float) -> list[tuple[str, Path]]:
        path = target / "year-parties.csv"
        path.write_text("external_id,name,kind,made_up\nF1,Alder Pumps,organisation,yes\n")
        return [("parties", path)]

    part = SamplePart("made-up-year", prepare, lambda by, scale: [], list, lambda by: {}, files="year*")
    for module in (loading, removing):
        monkeypatch.setattr(module, "all_parts", lambda: [part])
    address = "/imports/sample-data/change/"
    loading.load(by=staff, what=[loading.RETAIL])
    before = set(Party.objects.values_list("name", flat=True))
    page = staff_client.get("/imports/sample-data/").content.decode()
    assert "Add it" in page and "A year of selling to organisations" in page
    staff_client.post(address, {"do": "load", "what": "business"})
    assert 'hx-get="/tasks/' in staff_client.get("/imports/sample-data/").content.decode(), "how far it is"
    run_waiting()
    assert set(Party.objects.filter(made_up=True).values_list("name", flat=True)) == before | {"Alder Pumps"}
    page = staff_client.get("/imports/sample-data/").content.decode()
    assert "Add it" not in page and page.count("Take this away") == 2
    again = staff_client.post(address, {"do": "load", "what": "business"}, follow=True)
    assert "already" in again.content.decode()
    staff_client.post(address, {"do": "remove", "what": "business"})
    run_waiting()
    assert set(Party.objects.values_list("name", flat=True)) == before
    assert not list(loading.folder().glob("year*")) and loading.folder().is_dir()
    assert "Add it" in staff_client.get("/imports/sample-data/").content.decode()


def test_strangers_neither_load_nor_remove(small: None, client: Client, stranger: User) -> None:
    client.force_login(stranger)
    assert client.get("/imports/sample-data/").status_code == 403
    assert client.post("/imports/sample-data/change/", {"do": "load"}).status_code == 403
    assert not BackgroundTask.objects.exists()
