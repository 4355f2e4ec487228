"""A new type of record in about 25 lines: list, record, form, export, import, API and events come by themselves."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.test import Client
from django.urls import clear_url_caches

from guanxi.customers.models import Party
from guanxi.foundation import desk, hooks, shell
from guanxi.foundation.api import service
from guanxi.foundation.api import urls as api_urls
from guanxi.foundation.desk import standard
from guanxi.foundation.governed import Governed
from guanxi.foundation.governing import Part, Subject
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.visibility import VisibleQuerySet
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
        assert [body["type"] for body in receiver.verified(webhook.secret)] == ["machine.changed", "machine.removed"]
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
