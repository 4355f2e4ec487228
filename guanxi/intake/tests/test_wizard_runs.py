"""The wizard from the check to the result: the difference, importing once, pausing, mending, taking back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from guanxi.customers import actions as customers
from guanxi.customers.models import Party
from guanxi.foundation.models import User
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.tasks.worker import run_waiting
from guanxi.foundation.visibility import SYSTEM
from guanxi.intake import actions, running
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.models import ImportRun
from guanxi.intake.plan import prepare

Begin = Callable[..., ImportDraft]
PEOPLE = "編號,姓名,電子郵件,城市\n1,王美玲,mei@example.com,台北\n2,陳志明,zhi@,高雄\n3,林怡君,,台中\n"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def begin(staff_client: Client, home: Path) -> Begin:
    """`begin(text)` uploads a file of people and looks what it would change."""

    def check(content: str, name: str = "客戶.csv", mends: int | str = "") -> ImportDraft:
        address = f"/imports/upload/?what=people&name={name}&mends={mends}"
        answer = staff_client.post(address, content.encode(), content_type="application/octet-stream")
        assert answer.status_code == 200, answer.content.decode()
        draft = ImportDraft.objects.get(pk=int(answer.json()["url"].split("/")[-3]))
        staff_client.post(at("check", draft))
        run_waiting()
        draft.refresh_from_db()
        return draft

    return check


def at(name: str, one: ImportDraft | ImportRun) -> str:
    return reverse(f"intake:{name}", args=[one.pk])


def shown(answer: Any) -> str:
    return str(answer.content.decode())


def import_now(client: Client, draft: ImportDraft) -> ImportRun:
    client.post(at("import", draft))
    run_waiting()
    return ImportDraft.objects.select_related("run").get(pk=draft.pk).run  # type: ignore[return-value]


def test_the_check_writes_nothing_and_shows_everything(begin: Begin, staff_client: Client, staff: User) -> None:
    draft = begin(PEOPLE)
    assert not Party.objects.exists()
    page = staff_client.get(at("check", draft))
    assert "Nothing is written yet." in shown(page)
    tiles = {tile["state"]: tile["count"] for tile in page.context["tiles"]}
    assert (tiles["new"], tiles["rejected"], tiles["unchanged"]) == (2, 1, 0)
    assert page.context["state"] == "rejected"  # what wants attention first
    assert "zhi@" in shown(page)
    new = shown(staff_client.get(at("check", draft) + "?state=new"))
    assert "王美玲" in new
    assert "林怡君" in new
    assert staff_client.get(at("check", draft) + "?state=nonsense").status_code == 200
    assert staff_client.get(reverse("intake:check_rows", args=[draft.pk, "nonsense"])).status_code == 404
    assert staff_client.get(reverse("intake:check_rows", args=[draft.pk, "new"]) + "?after=x").status_code == 404

    # Before, and while it is checked.
    run = draft.checked
    assert run is not None
    ImportDraft.objects.update(checked=None)
    assert "Not checked yet" in shown(staff_client.get(at("check", draft)))
    ImportDraft.objects.update(checked=run)
    ImportRun.objects.update(state="checking")
    progress = {"progress_done": 2, "progress_total": 8, "progress_rate": 1.5, "progress_message": "Checking"}
    BackgroundTask.objects.update(state="running", **progress)
    assert at("live", run) in shown(staff_client.get(at("check", draft)))
    live = shown(staff_client.get(at("live", run), headers={"HX-Request": "true"}))
    for words in ("every 1s", "2 / 8", "per second", "0:00:04 left"):
        assert words in live
    refused = staff_client.post(at("import", draft), follow=True)
    assert "the check is not at its end" in shown(refused)
    BackgroundTask.objects.update(state="failed")
    ImportRun.objects.update(state="failed", error="Die Platte ist voll.")
    assert "HX-Refresh" in staff_client.get(at("live", run)).headers
    page = shown(staff_client.get(at("check", draft)))
    assert "Die Platte ist voll." in page
    assert "Check again" in page
    staff_client.post(at("check", draft))
    run_waiting()
    assert "Nothing is written yet." in shown(staff_client.get(at("check", draft)))


def test_long_differences_are_read_on_by_key(begin: Begin, staff_client: Client) -> None:
    draft = begin("編號,姓名\n" + "".join(f"{number},客戶{number}\n" for number in range(1, 61)))
    page = staff_client.get(at("check", draft))
    assert (len(page.context["rows"]), page.context["next"]) == (50, 51)
    more = staff_client.get(reverse("intake:check_rows", args=[draft.pk, "new"]) + "?after=51")
    assert [row["label"] for row in more.context["rows"]] == [f"客戶{number}" for number in range(51, 61)]
    assert "Show more" not in shown(more)


def test_a_small_file_does_not_wait_behind_long_work(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(PEOPLE)
    monkeypatch.setattr("guanxi.intake.drafting.SMALL", 20)
    begin(PEOPLE.replace("王", "汪"))
    looks = BackgroundTask.objects.filter(function__endswith=".find_difference").order_by("pk")
    assert [(look.queue, look.state) for look in looks] == [("default", "done"), ("long", "done")]


def test_changes_conflicts_and_look_alikes_lead_to_the_known(begin: Begin, staff_client: Client, staff: User) -> None:
    import_now(staff_client, begin(PEOPLE))
    mei = Party.objects.get(name="王美玲")
    customers.edit_party(mei.pk, {"name": "王美鈴"}, {"name": "王美玲"}, by=staff)
    changed = PEOPLE.replace("台北", "新北").replace(",zhi@,", ",zhi@example.com,") + "4,林怡君,,台中\n"
    draft = begin(changed)
    tiles = {tile["state"]: tile["count"] for tile in staff_client.get(at("check", draft)).context["tiles"]}
    assert tiles["conflict"] == 1
    assert tiles["possible_duplicate"] == 1
    conflict = shown(staff_client.get(at("check", draft) + "?state=conflict"))
    assert "王美鈴" in conflict
    assert "新北" in conflict
    assert "believed more" in conflict
    assert f'href="/customers/{mei.pk}/"' in conflict
    twin = shown(staff_client.get(at("check", draft) + "?state=possible_duplicate"))
    assert f'href="/customers/{Party.objects.get(name="林怡君").pk}/"' in twin


def test_importing_twice_is_told_and_happens_once(begin: Begin, staff_client: Client, staff: User) -> None:
    draft = begin(PEOPLE)
    first = staff_client.post(at("import", draft))
    second = staff_client.post(at("import", draft), follow=True)
    assert second.redirect_chain[-1][0] == first["Location"]
    assert "being imported already" in shown(second)
    assert BackgroundTask.objects.filter(function__endswith="take_in").count() == 1
    page = shown(second)
    assert "Pause" in page
    assert "Stop for good" in page
    run_waiting()
    assert Party.objects.count() == 2
    for name in ("columns", "rules", "check"):  # whoever goes back is led to the result
        assert staff_client.get(at(name, draft))["Location"] == first["Location"]
    again = shown(staff_client.get(at("check", begin(PEOPLE))))
    assert "This very file was" in again  # told before it is imported once more
    assert str(staff) in again


def test_two_people_with_one_file(begin: Begin, staff_client: Client) -> None:
    mine, his = begin(PEOPLE), begin(PEOPLE)
    first = staff_client.post(at("import", mine))["Location"]
    second = staff_client.post(at("import", his), follow=True)
    assert second.redirect_chain[-1][0] == first
    assert "being imported already" in shown(second)
    run_waiting()
    third = begin(PEOPLE)
    ImportDraft.objects.filter(pk=third.pk).update(checked=ImportRun.objects.get(pk=int(first.split("/")[-3])))
    assert "meanwhile" in shown(staff_client.get(at("check", third)))
    assert "check is not at its end" in shown(staff_client.post(at("import", third), follow=True))
    assert Party.objects.count() == 2
    again = import_now(staff_client, begin(PEOPLE))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_the_result_leads_on_and_rejected_rows_come_back_mended(begin: Begin, staff_client: Client) -> None:
    run = import_now(staff_client, begin(PEOPLE))
    page = shown(staff_client.get(at("result", run)))
    for words in ("Imported", f"/customers/?f.import={run.pk}", at("rejects", run), f"?mends={run.pk}"):
        assert words in page
    listed = shown(staff_client.get(f"/customers/?f.import={run.pk}"))
    assert "王美玲" in listed
    assert "Made by the import of 客戶.csv" in listed
    assert "There is no such import." in shown(staff_client.get("/customers/?f.import=999"))
    assert at("result", run) in shown(staff_client.get(f"/imports/{run.pk}/"))
    assert staff_client.get("/imports/999/result/").status_code == 404

    # The rejected rows come back mended, by the same plan.
    rejected = b"".join(staff_client.get(at("rejects", run)).streaming_content).decode("utf-8-sig")
    assert "zhi@" in rejected
    assert "客戶.csv" in shown(staff_client.get(f"/imports/start/?mends={run.pk}"))
    draft = begin(rejected.replace('"zhi@"', '"zhi@example.com"'), "gemendet.csv", mends=run.pk)
    page = staff_client.get(at("columns", draft))
    assert page.context["plan"].mapping == {
        "external_id": ["編號"],
        "name": ["姓名"],
        "mail": ["電子郵件"],
        "city": ["城市"],
    }
    assert at("result", run) in shown(page)
    mended = import_now(staff_client, draft)
    assert (mended.created, mended.rejected) == (1, 0)
    assert "mended and sent again" in shown(staff_client.get(at("result", run)))


def test_pause_go_on_and_stop(begin: Begin, staff_client: Client) -> None:
    draft = begin(PEOPLE)
    run_id = int(staff_client.post(at("import", draft))["Location"].split("/")[-3])
    run = ImportRun.objects.get(pk=run_id)
    paused = shown(staff_client.post(at("pause", run), follow=True))
    assert "Paused" in paused
    run_waiting()
    assert not Party.objects.exists()
    assert "not running" in shown(staff_client.post(at("pause", run), follow=True))
    staff_client.post(at("resume", run))
    run_waiting()
    assert Party.objects.count() == 2
    assert "not paused" in shown(staff_client.post(at("resume", run), follow=True))
    assert "come to its end" in shown(staff_client.post(at("cancel", run), follow=True))
    other = begin("編號,姓名\n7,黃志明\n")
    stopped = ImportRun.objects.get(pk=int(staff_client.post(at("import", other))["Location"].split("/")[-3]))
    assert "Cancelled" in shown(staff_client.post(at("cancel", stopped), follow=True))
    run_waiting()
    assert not Party.objects.filter(name="黃志明").exists()


def test_a_failed_import_says_why_and_goes_on(
    begin: Begin, staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin(PEOPLE)

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(running, "_write", full)
        run = import_now(staff_client, draft)
    page = shown(staff_client.get(at("result", run)))
    assert "The disk is full" in page
    assert "Go on" in page
    staff_client.post(at("resume", run))
    run_waiting()
    assert Party.objects.count() == 2


def test_an_import_is_taken_back_as_a_whole(begin: Begin, staff_client: Client, staff: User) -> None:
    run = import_now(staff_client, begin(PEOPLE))
    lin = Party.objects.get(name="林怡君")
    customers.edit_party(lin.pk, {"occupation": "老師"}, {"occupation": ""}, by=staff)
    asked = shown(staff_client.get(at("revert_ask", run)))
    assert "taken away" in asked
    assert "林怡君" in asked  # what will stay
    assert "王美玲" not in asked
    staff_client.post(at("revert", run))
    assert "being taken back already" in shown(staff_client.post(at("revert", run), follow=True))
    run_waiting()
    assert not Party.objects.filter(name="王美玲").exists()
    page = shown(staff_client.get(at("result", run)))
    assert "Taken back" in page
    assert "林怡君" in page  # what was left alone
    assert staff_client.get(at("revert_ask", run)).status_code == 302
    assert "was taken back already" in shown(staff_client.post(at("revert", run), follow=True))
    assert "Taken back" in shown(staff_client.get("/imports/"))


def test_work_that_nobody_does_any_longer_is_told_and_goes_on(begin: Begin, staff_client: Client, staff: User) -> None:
    draft = begin(PEOPLE)
    staff_client.post(at("import", draft))
    BackgroundTask.objects.filter(state="waiting").update(state="cancelled")  # somebody did so in the list of tasks
    run = ImportRun.objects.get()
    page = shown(staff_client.get(at("result", run)))
    assert "The work stopped" in page
    assert "every 1s" not in page
    staff_client.post(at("resume", run))
    run_waiting()
    assert Party.objects.count() == 2
    staff_client.post(at("revert", run))
    BackgroundTask.objects.filter(state="waiting").update(state="failed")
    assert "Go on" in shown(staff_client.get(at("result", run)))
    staff_client.post(at("resume", run))
    run_waiting()
    assert not Party.objects.exists()


def test_lists_and_palette_lead_to_the_wizard(staff_client: Client) -> None:
    for slug, what in (("customers", "people"), ("products", "products"), ("orders", "sales")):
        assert f"/imports/start/?what={what}" in shown(staff_client.get(f"/{slug}/"))
    assert "/imports/start/" in shown(staff_client.get("/imports/"))
    commands = staff_client.get(reverse("palette")).json()["commands"]
    assert any(one["url"] == "/imports/start/" for one in commands)


def test_runs_of_the_command_line_have_a_result_too(staff_client: Client, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "客戶.csv"
    path.write_text(PEOPLE)
    alone = actions.begin_import(prepare("parties", path), by=SYSTEM, dry_run=True)
    assert "The work stopped" in shown(staff_client.get(at("result", alone)))  # nobody is at it
    actions.note_state(alone, by=SYSTEM, state="done")
    assert "Checked, nothing was written" in shown(staff_client.get(at("result", alone)))


def test_who_has_nobody_yet_is_shown_how_to_begin(staff_client: Client, staff: User, home: Path) -> None:
    assert "Begin with what you know" in shown(staff_client.get("/"))
    empty = shown(staff_client.get("/customers/"))
    assert empty.count("/imports/start/?what=people") == 2  # in the head and where the rows would be
    customers.create_party(by=staff, name="王美玲")
    assert "Begin with what you know" not in shown(staff_client.get("/"))
