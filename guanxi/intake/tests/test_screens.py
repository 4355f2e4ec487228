"""The list of imports, the download of rejects, the background task, the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from django.test import Client

from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions
from guanxi.intake.commands import import_
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import prepare
from guanxi.intake.tasks import take_in
from guanxi.orders.models import Order

Import = Callable[..., ImportRun]
FILE = "客戶,日期,金額\n1,2017-01-01,5\n2,2017-14-01,5\n"


def test_imports_are_listed_with_their_rejects(take_in: Import, staff_client: Client, api: Client) -> None:
    done = take_in("sales", FILE)
    listed = staff_client.get("/imports/").content.decode()
    assert "file.csv" in listed
    address = f"/imports/{done.pk}/rejected.csv"
    assert address in listed
    assert staff_client.get(f"/imports/{done.pk}/").status_code == 200
    answer = staff_client.get(address)
    assert "2017-14-01" in b"".join(answer.streaming_content).decode("utf-8-sig")
    assert Client().get(address).status_code == 302
    told = api.get(f"/api/v1/imports/{done.pk}/rejected")
    assert "2017-14-01" in b"".join(told.streaming_content).decode("utf-8-sig")
    clean = take_in("sales", "客戶,日期,金額\n1,2017-01-01,5\n", "clean.csv")
    assert staff_client.get(f"/imports/{clean.pk}/rejected.csv").status_code == 404
    assert api.get(f"/api/v1/imports/{clean.pk}/rejected").status_code == 404


def test_as_background_work(transactional_db: None, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text(FILE)
    run = actions.begin_import(prepare("sales", path), by=SYSTEM)
    assert take_in.call(run.pk)["accepted"] == 1
    assert Order.objects.count() == 1


def test_on_the_command_line(transactional_db: None, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("wer,wann,was,wieviel\n1,2017-01-01,x,5\n2,2017-14-01,y,5\n")

    def call(*arguments: Any) -> Any:
        return CliRunner().invoke(import_, [str(argument) for argument in arguments])

    refused = call("sales", path)
    assert refused.exit_code == 1
    assert "No column for: customer, date, amount" in refused.output
    maps = ["--map", "customer=wer", "--map", "date=wann", "--map", "amount=wieviel", "--map", "product=was"]
    done = call("sales", path, *maps, "--channel", "shop", "--currency", "TWD", "--save-mapping", "deutsch")
    assert done.exit_code == 0, done.output
    assert "2 rows read, 1 accepted, 1 rejected" in done.output
    order = Order.objects.get()
    assert (order.channel, order.currency) == ("till", "TWD")
    assert "1 unchanged" in call("sales", path).output  # the mapping is found again by the header
    assert call("sales", path, "--mapping", "nonsense").exit_code == 1
    assert call("sales", path, "--channel", "nonsense").exit_code == 1
    assert call("sales", tmp_path / "none.csv").exit_code == 1
