"""A new type of record in about 25 lines: list, record, form, export, import, API and events come by themselves."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.apps import apps
from django.db import connection, models
from django.test import Client
from django.urls import clear_url_caches

from guanxi.customers.actions import create_party
from guanxi.customers.models import Party
from guanxi.foundation import desk, hooks, shell
from guanxi.foundation.api import service
from guanxi.foundation.api import urls as api_urls
from guanxi.foundation.custom_fields.actions import add_field
from guanxi.foundation.desk import standard
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Subject
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.roles import actions as roles
from guanxi.foundation.tasks.worker import run_waiting
from guanxi.foundation.typed_json import computed_field, custom_field
from guanxi.foundation.visibility import SYSTEM, VisibleQuerySet
from guanxi.intake import difference
from guanxi.intake.commands import import_
from guanxi.intake.drafting import plan_of
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.models import ImportRun
from guanxi.ledger.models import Event
from guanxi.ledger.webhooks import actions, sending
from guanxi.ledger.webhooks.tests.receiver import receiving

# The new type -----------------------------------------------------------------------------------------------------


class Machine(Governed):
    """A machine that a customer has."""

    governed = Part("machines")

    class State(models.TextChoices):
        RUNS = "runs", "Runs"
        STANDS = "stands", "Stands still"

    serial = models.CharField("serial number", max_length=50, unique=True)
    party = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, db_constraint=False, related_name="+")
    state = models.CharField("state", max_length=6, choices=State.choices, default=State.RUNS)
    built = models.DateField("built", null=True, blank=True)
    custom, computed = custom_field(), computed_field()
    objects = VisibleQuerySet.as_manager()

    class Meta:
        app_label = "customers"
        managed = False  # the test makes its table; no migration is wanting

    def __str__(self) -> str:
        return self.serial


class Machines(desk.Desk):
    model = Machine
    slug = "machines"
    menu = desk.Menu(section=shell.RELATIONSHIPS, icon="engine")
    columns = (desk.Column("serial", link=True), "party.name", "state", "built")
    filters = ("state", "built", "party.city")
    search_fields = ("serial",)
    facts = ("serial", "party", "state", "built")
    new = ("serial", "party", "state", "built")
    create, edit, remove = standard.creating(Machine), standard.editing(Machine), standard.removing(Machine)
    custom = "custom"
    importable = "serial"  # by what a row of a file is found again


# What it gets -----------------------------------------------------------------------------------------------------


def be_known(known: bool) -> None:
    """Whether the house knows the type: for the length of these tests only, for it has no table elsewhere."""
    models_of_app = apps.all_models["customers"]
    if known:
        models_of_app["machine"] = Machine
    else:
        models_of_app.pop("machine", None)
    apps.clear_cache()


be_known(False)


def renew_addresses() -> None:
    service.build.cache_clear()
    importlib.reload(api_urls)
    from guanxi.project import urls

    importlib.reload(urls)
    clear_url_caches()


@pytest.fixture
def machines(transactional_db: None) -> Iterator[None]:
    be_known(True)
    with connection.schema_editor() as schema:
        schema.create_model(Machine)
    subject = Subject("machines", "Machines")
    with hooks.registered("desk", Machines()), hooks.registered("subject", subject):
        renew_addresses()
        yield
    renew_addresses()
    with connection.schema_editor() as schema:
        schema.delete_model(Machine)
    be_known(False)


JSON = "application/json"
HERE = "/api/v1/records/machines"


def test_a_new_type_has_everything(
    machines: None, staff_client: Client, api: Client, staff: User, settings: Any, stranger: User
) -> None:
    # The form, the list, the record, the history.
    answer = staff_client.post("/machines/new/", {"serial": "M-1", "state": "runs", "built": "2017-03-01", "party": ""})
    first = Machine.objects.get()
    assert answer.headers["Location"] == f"/machines/{first.pk}/"
    assert "M-1" in staff_client.get("/machines/?f.state=runs").content.decode()
    assert "M-1" not in staff_client.get("/machines/?f.state=stands").content.decode()
    assert "M-1" in staff_client.get("/machines/?as=board&by=state").content.decode()
    assert "2017" in staff_client.get(f"/machines/{first.pk}/").content.decode()
    assert AuditEntry.objects.filter(object_type="customers.machine", object_id=first.pk).exists()
    assert "M-1" in b"".join(staff_client.get("/machines/export.csv").streaming_content).decode()
    # The API, described.
    paths = api.get("/api/openapi.json").json()["paths"]
    assert set(paths[HERE]) == {"get", "post"} and set(paths[f"{HERE}/{{number}}"]) == {"get", "patch", "delete"}
    made = api.post(HERE, {"serial": "M-2", "built": "2018-05-06"}, content_type=JSON).json()
    assert (made["serial"], made["state"], made["built"]) == ("M-2", "runs", "2018-05-06")
    found = api.get(f"{HERE}?f.built__gte=2018-01-01&sort=-serial&fields=serial").json()
    assert found["items"] == [{"id": made["id"], "serial": "M-2"}]
    assert api.post(HERE, {"serial": "M-2"}, content_type=JSON).json()["errors"][0]["field"] == "serial"
    # Events, told to other programs.
    settings.GUANXI_WEBHOOK_HOSTS = ["127.0.0.1"]
    with receiving() as receiver:
        webhook = actions.create_webhook("All", receiver.url(), kinds=["machine.changed", "machine.removed"], by=staff)
        changed = api.patch(f"{HERE}/{made['id']}", {"state": "stands"}, content_type=JSON)
        assert changed.json()["state"] == "stands"
        assert api.delete(f"{HERE}/{made['id']}").status_code == 204
        sending.run()
        told = sorted(body["type"] for body in receiver.verified(webhook.secret))
        assert told == ["machine.changed", "machine.removed"]
    assert Event.objects.filter(kind="machine.created", object_type="customers.machine").count() == 2
    # An import: new ones are made, known ones changed, bad ones told.
    rows = [{"serial": "M-1", "state": "stands"}, {"serial": "M-3"}, {"serial": "M-4", "state": "flies"}]
    told = api.post(f"{HERE}/bulk", {"rows": rows}, content_type=JSON).json()
    assert [row["result"] for row in told["rows"]] == ["changed", "created", "rejected"]
    assert told["rows"][2]["errors"][0]["field"] == "state"
    first.refresh_from_db()
    assert first.state == "stands"
    # Nobody gets it who may not.
    staff_client.force_login(stranger)
    for path in ("/machines/", f"/machines/{first.pk}/", HERE, f"{HERE}/{first.pk}"):
        assert staff_client.get(path).status_code in (302, 403, 404)


# From a file ----------------------------------------------------------------------------------------------------------

FILE = """Serial Number,State,Party,Built,速度
M-1,Stands still,meihua@example.com,01/02/2017,1500
M-2,runs,,31/12/2019,"1,200.5"
M-3,flies,,,
M-4,runs,nobody@example.com,,
M-2,stands,,,
M-5,runs,,,
"""


def _uploaded(client: Client, text: str) -> ImportDraft:
    answer = client.post("/imports/upload/?what=machines&name=m.csv", text.encode(), content_type="application/x")
    assert answer.status_code == 200, answer.content.decode()
    return ImportDraft.objects.get(pk=int(answer.json()["url"].split("/")[-3]))


def _done(client: Client, draft: ImportDraft, what: str) -> ImportRun:
    client.post(f"/imports/drafts/{draft.pk}/{what}/")
    run_waiting()
    draft.refresh_from_db()
    run = draft.checked if what == "check" else draft.run
    assert run is not None
    assert not run.error
    return run


def test_a_new_type_comes_in_by_the_wizard(machines: None, home: Path, staff_client: Client, staff: User) -> None:
    customer = create_party(by=SYSTEM, name="Lin", mail="meihua@example.com")
    add_field("customers.machine", {"en": "Speed", "zh-hant": "速度"}, "number", key="speed", by=SYSTEM)
    Machines.create(by=SYSTEM, serial="M-1", built=date(2010, 1, 1))
    assert "?what=machines" in staff_client.get("/machines/").content.decode()
    assert 'value="machines"' in staff_client.get("/imports/start/").content.decode()
    assert "custom.speed" in staff_client.get("/imports/samples/machines.csv").content.decode()

    draft = _uploaded(staff_client, FILE)
    mapping = plan_of(draft).mapping
    assert mapping == {"serial": ["Serial Number"], "party": ["Party"], "state": ["State"], "built": ["Built"],
                       "custom.speed": ["速度"]}  # fmt: skip
    # What it would do; nothing is written.
    looked = _done(staff_client, draft, "check")
    counts = difference.counts(looked)
    assert {name: counts[name] for name in ("new", "changed", "rejected")} == {"new": 2, "changed": 1, "rejected": 3}
    assert Machine.objects.count() == 1
    assert Machine.objects.get().state == "runs"
    (changed,), _next = difference.page(looked, "changed")
    told = {one["field"]: (one["now"], one["then"]) for one in changed["fields"]}
    assert told["state"] == ("Runs", "Stands still")
    assert told["party"] == ("", "Lin")
    assert told["custom.speed"][1] == "1,500"
    assert "Stands still" in staff_client.get(f"/imports/drafts/{draft.pk}/check/?state=changed").content.decode()

    # It is done, and told.
    run = _done(staff_client, draft, "import")
    assert (run.created, run.updated, run.rejected, run.state) == (2, 1, 3, "done")
    first, second = Machine.objects.filter(serial__in=["M-1", "M-2"]).order_by("serial")
    assert (first.state, first.party, first.custom) == ("stands", customer, {"speed": 1500})
    assert (second.built, second.custom) == (date(2019, 12, 31), {"speed": 1200.5})
    rejected = staff_client.get(f"/imports/{run.pk}/rejected.csv")
    text = b"".join(rejected.streaming_content).decode()  # type: ignore[attr-defined]
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["4", "6", "5"]
    page = staff_client.get(f"/imports/{run.pk}/result/").content.decode()
    assert "Machines" in page or "machines" in page
    # The same file again changes nothing.
    again = _done(staff_client, _uploaded(staff_client, FILE), "check")
    assert difference.counts(again)["unchanged"] == 3

    # Taken back: what somebody changed since stays.
    Machines.edit(second.pk, {"state": "stands"}, by=SYSTEM)
    staff_client.post(f"/imports/{run.pk}/revert/")
    run_waiting()
    run.refresh_from_db()
    assert (run.state, run.kept, run.taken_back) == ("reverted", 1, {"records": 1, "values": 4})
    first.refresh_from_db()
    assert (first.state, first.party, first.built, first.custom) == ("runs", None, date(2010, 1, 1), None)
    assert set(Machine.objects.values_list("serial", flat=True)) == {"M-1", "M-2"}


def test_who_may_not_make_a_type_cannot_import_it(
    machines: None, home: Path, client: Client, api: Client, colleague: Any, tmp_path: Path
) -> None:
    # The API and the command line do.
    path = tmp_path / "m.csv"
    path.write_text("serial,state\nM-7,runs\n")
    with path.open("rb") as file:
        begun = api.post("/api/v1/imports", {"kind": "machines", "file": file})
    assert begun.status_code == 202, begun.content.decode()
    run_waiting()
    assert api.get(f"/api/v1/imports/{begun.json()['id']}").json()["created"] == 1
    path.write_text("serial,state\nM-7,stands\nM-8,\n")
    told = CliRunner().invoke(import_, ["machines", str(path), "--rule", "update"])
    assert told.exit_code == 0, told.output
    assert dict(Machine.objects.values_list("serial", "state")) == {"M-7": "stands"}
    # A role that may import, but makes no machines.
    role = roles.create_role("Importer", by=SYSTEM)
    grants = {"imports": {"view": "all", "create": "all"}, "machines": {"view": "all"}}
    roles.edit_role(role.pk, {"grants": grants}, by=SYSTEM)
    user = colleague("importer")
    roles.give_roles(user, [role], by=SYSTEM)
    client.force_login(user)
    assert 'value="machines"' not in client.get("/imports/start/").content.decode()
    draft = _uploaded(client, "serial\nM-9\n")
    assert client.post(f"/imports/drafts/{draft.pk}/check/").status_code == 403
    assert not Machine.objects.filter(serial="M-9").exists()
