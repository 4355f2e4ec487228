"""A picture of every page, wide, dark, on a telephone and in Chinese, into var/screens (`make screens`).

Serves a home with the demonstration data (made at the first call), or uses a server that runs already (`--url`).
Reports errors in the console, answers other than 200 and pages wider than a telephone; ends with 1 where there are any.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from tests import browser as chromium  # noqa: E402
from tests.installation import Installation  # noqa: E402

HOME = ROOT / "var" / "screens-home"
PICTURES = ROOT / "var" / "screens"
USER, PASSWORD = "admin", "pictures-of-every-page"
DEMONSTRATION_SECONDS = 600

Action = Callable[[Page], None]


@dataclass(frozen=True)
class Shot:
    """One picture: a page, and what is done on it before it is taken."""

    name: str
    url: str
    action: Action | None = None
    status: int = 200


@dataclass(frozen=True)
class Variant:
    """One way to look at a page."""

    name: str
    viewport: dict[str, int]
    locale: str = "en-GB"
    theme: str = "light"


VARIANTS = [
    Variant("wide", chromium.WIDE),
    Variant("dark", chromium.WIDE, theme="dark"),
    Variant("telephone", chromium.TELEPHONE),
    Variant("chinese", chromium.WIDE, locale="zh-TW"),
]


def first_row(page: Page) -> None:
    """Follow the first link of a list to its record."""
    page.locator("main table tbody a[href], main [data-row] a[href]").first.click()


MESSY = "編號,姓名,電子郵件,生日,備註\n1,王美玲,mei@example.com,05/03/1985,VIP\n2,陳志明,zhi@,31/12/1979,\n"


def upload(page: Page) -> None:
    """Bring a small file to the step of its columns."""
    file = {"name": "客戶.csv", "mimeType": "text/csv", "buffer": MESSY.encode()}
    page.locator("#file").set_input_files(files=[file])  # type: ignore[list-item]
    page.locator("#start button[data-once]").click()
    page.wait_for_url("**/columns/")


def webhook(page: Page) -> None:
    """Make a webhook and look at it."""
    page.locator("#id_name").fill("Web shop")
    page.locator("#id_url").fill("https://shop.example.com/hooks/guanxi")
    page.locator("#id_kinds").select_option(["order.placed", "party.changed"])
    page.locator(".new-form .btn-primary").click()
    page.wait_for_load_state()


def rules_of_draft(page: Page) -> None:
    """The rules of the import that was begun last."""
    page.locator("main table tbody a[href*='/drafts/']").first.click()
    page.wait_for_url("**/columns/")
    page.locator("button[value=next]").click()
    page.wait_for_url("**/rules/")


def look_at_draft(page: Page) -> None:
    """What the import that was begun last would change."""
    rules_of_draft(page)
    page.locator("form.rules button[data-once]").click()
    page.locator(".tiles").wait_for()


def result(page: Page) -> None:
    """What came of the newest import in the list."""
    first_row(page)
    page.locator("a[href$='/result/']").click()
    page.wait_for_url(lambda url: "/result/" in url or "/check/" in url)


def open_palette(page: Page) -> None:
    """Open the palette and search for a Chinese name."""
    page.keyboard.press("Control+k")
    page.keyboard.type("王")
    page.locator("#palette .option").nth(1).wait_for()


def open_story(page: Page) -> None:
    """Ask on a customer's page where a value comes from."""
    first_row(page)
    page.locator(".fact-story summary").first.click()


def organisation_chart(page: Page) -> None:
    """From the first organisation with people to its chart."""
    first_row(page)
    page.locator(".page-actions a[href$='/chart/']").click()
    page.locator(".chart-head").wait_for()


def tiles(page: Page) -> None:
    """Wait until every tile has its figures."""
    busy = ".tile-inside[aria-busy=true]"
    page.wait_for_function("busy => !document.querySelector(busy)", arg=busy, timeout=180_000)


def edit_many(page: Page) -> None:
    """Choose some rows, and open the dialogue that edits them."""
    choose(page)
    page.locator("[data-dialog='bulk-edit']").click()
    page.locator("#bulk-edit-field").select_option("city")
    page.locator("[name='edit.value.city']").fill("臺南")


def edit_cell(page: Page) -> None:
    """Open the editor of a cell."""
    page.locator("td[data-editable='city']").nth(2).dblclick()
    page.locator("td [name='value']").wait_for()


def all_keys(page: Page) -> None:
    """What the single keys do."""
    page.keyboard.press("?")
    page.locator(".keys").wait_for()


def choose(page: Page) -> None:
    """Choose the first rows, so that the bar of what to do with them appears."""
    for row in range(3):
        page.locator("tbody input[name='chosen'], tbody td.check input").nth(row).check()


def clicks(*selectors: str) -> Action:
    """Click one thing after the other, each as soon as it is there."""

    def action(page: Page) -> None:
        for selector in selectors:
            page.locator(selector).first.click()
            settle(page)

    return action


def both(first: Action, then: Action) -> Action:
    """Do one thing after the other."""

    def action(page: Page) -> None:
        first(page)
        then(page)

    return action


def account_plan(page: Page) -> None:
    """From the first organisation to its account plan."""
    first_row(page)
    page.locator("a[href$='/plan/']").first.click()
    page.locator("#plan-goals").wait_for()


def opened_line(page: Page) -> None:
    """Open the second line of the day by keys; where nothing waits, there is a task first."""
    page.locator("#day, main").first.wait_for()
    if not page.locator("#day .current").count():
        for what in ("陳美玲", "Pumps of Calderwick"):
            page.goto("/todos/new/")
            page.locator("[name=what]").fill(what)
            page.locator("[name=due_on]").fill("2018-01-01")
            page.locator("[name=what]").press("Enter")
            page.wait_for_url(lambda url: "/new/" not in url)
        page.goto("/day/")
    page.locator("#day .current").wait_for()
    page.keyboard.press("j")


def quick(page: Page) -> None:
    """The dialogue of new records, for a task to do."""
    page.locator("#side").wait_for()
    page.keyboard.press("n")
    page.locator("#quick-body form").wait_for()


def arrange(page: Page) -> None:
    """Copy the managers' dashboard, and arrange the copy."""
    clicks("form:has(input[name='ready']) button", "a[href*='arrange']")(page)
    tiles(page)


def invite(page: Page) -> None:
    """Invite a colleague with a long name, and see him waiting."""
    page.locator("[name='email']").fill("ouyang.xiaoming@branch-office.example.com")
    page.locator("main form .btn-primary").click()
    page.wait_for_url(lambda url: "/invite/" not in url)


def team(page: Page) -> None:
    """Look at a team; make it where there is none."""
    if page.locator("[data-row] a").count():
        return first_row(page)
    page.goto("/teams/new/")
    page.locator("[name='name']").fill("北區業務")
    page.locator("main form .btn-primary").click()
    return page.wait_for_url(re.compile(r"/teams/\d+/"))


def delete_record(page: Page) -> None:
    """What hangs on a record that is to be deleted."""
    first_row(page)
    page.locator("[data-delete-open]").click()
    page.locator("dialog .hint, dialog .notice").first.wait_for()


# Every page that the side bar does not reach by itself; those that it does are added (`menu`).
SHOTS = [
    Shot("customer", "/customers/", first_row),
    Shot("organisation", "/customers/?f.kind=organisation", first_row),
    Shot("chart", "/customers/?f.kind=organisation", organisation_chart),
    Shot("order", "/orders/", first_row),
    Shot("product", "/products/", first_row),
    Shot("duplicates", "/duplicates/"),
    Shot("merge", "/customers/merge/"),
    Shot("merges", "/merges/"),
    Shot("identity-settings", "/customers/identity/settings/"),
    Shot("sources", "/sources/"),
    Shot("field-new", "/fields/new/?type=customers.party&kind=choice"),
    Shot("field-formula", "/fields/new/?type=orders.order&kind=formula"),
    Shot("story", "/customers/", open_story),
    Shot("board", "/customers/?as=board"),
    Shot("board-requests", "/requests/?as=board"),
    Shot("forecast", "/forecast/"),
    Shot("forecast-changes", "/forecast/changes/"),
    Shot("forecast-scores", "/forecast/scores/"),
    Shot("calendar", "/orders/?as=calendar&day=2017-12-01"),
    Shot("week", "/todos/?as=calendar&span=week"),
    Shot("groups", "/customers/?as=grouped"),
    Shot("too-narrow", "/customers/?f.city=Nowhere&f.kind=person"),
    Shot("search", "/search/?q=王"),
    Shot("palette", "/", open_palette),
    Shot("edit-many", "/customers/", edit_many),
    Shot("edit-cell", "/customers/", edit_cell),
    Shot("keys", "/customers/", all_keys),
    Shot("delete", "/products/", delete_record),
    Shot("calendar-of-the-team", "/calendar/team/"),
    Shot("calendar-of-the-team-day", "/calendar/team/?span=day&minutes=60"),
    Shot("calendar-elsewhere-new", "/calendars/new/"),
    Shot("account", "/account/"),
    Shot("access", "/access/", first_row),
    Shot("access-rules", "/access/rules/"),
    Shot("access-invite", "/access/invite/"),
    Shot("second-factor", "/accounts/2fa/"),
    Shot("audit-chain", "/audit/chain/"),
    Shot("status", "/status/"),
    Shot("backups", "/backups/"),
    Shot("import", "/imports/", first_row),
    Shot("import-file", "/imports/start/?what=people"),
    Shot("import-columns", "/imports/start/?what=people", upload),
    Shot("import-rules", "/imports/start/", rules_of_draft),
    Shot("import-check", "/imports/start/", look_at_draft),
    Shot("import-result", "/imports/", result),
    Shot("task", "/tasks/", first_row),
    Shot("webhook-new", "/webhooks/new/?kinds=order.placed"),
    Shot("webhook", "/webhooks/new/", webhook),
    Shot("bell", "/account/", lambda page: page.locator("#bell summary").click()),
    Shot("themes", "/account/", lambda page: page.locator("summary.user").click()),
    Shot("password", "/accounts/password/change/"),
    Shot("pivot", "/explore/?m=sales&m=customers&by=department&across=quarter&period=last_year&compare=before&top=8"),
    Shot("shares", "/explore/?m=sales&by=department&across=quarter&show=row&top=8&plot=line"),
    Shot("dashboard", "/dashboards/management/", tiles),
    Shot("sales-work", "/dashboards/sales/", tiles),
    Shot("territories", "/territories/"),
    Shot("recut-new", "/recuts/new/"),
    Shot("notifications", "/notifications/all/"),
    Shot("how-i-am-told", "/account/notifications/"),
    Shot("business", "/first-steps/business/"),
    Shot("sample-data", "/imports/sample-data/"),
    Shot("api", "/api/docs"),
    Shot("role", "/roles/", first_row),
    Shot("team-new", "/teams/new/"),
    Shot("team", "/teams/", team),
    Shot("access-invited", "/access/invite/", invite),
    Shot("authenticator", "/accounts/2fa/totp/activate/"),
    Shot("passkey", "/accounts/2fa/webauthn/add/"),
    Shot("sessions", "/accounts/sessions/"),
    Shot("bulk-bar", "/customers/", choose),
    Shot("bulk-delete", "/products/", both(choose, clicks("[data-dialog='bulk-delete']"))),
    Shot("views", "/customers/", clicks("details:has(.views-panel) > summary")),
    Shot("view-new", "/customers/", clicks(".toolbar-right [data-dialog='save-view']")),
    Shot("columns", "/customers/", clicks("details:has(.desk-chooser) > summary")),
    Shot("filters", "/customers/", clicks(".filter-pill.add")),
    Shot("favourites", "/customers/", both(first_row, clicks(".star", "#habits summary"))),
    Shot("keys-page", "/habits/keys/"),
    Shot("quick", "/", quick),
    Shot("customer-new", "/customers/new/"),
    Shot("mailbox-new", "/mailboxes/new/"),
    Shot("dashboard-arranged", "/dashboards/management/", arrange),
    Shot("question-save", "/explore/?m=sales&by=month", clicks("[data-dialog='save-question']")),
    Shot("purposes", "/rights/purposes/"),
    Shot("assumptions", "/insight/assumptions/"),
    Shot("cost-rates", "/costs/"),
    Shot("winning", "/winning/"),
    Shot("model", "/insight/models/", clicks("main a[href*='/insight/models/']")),
    Shot("timeline", "/events/", first_row),
    Shot("todo-new", "/todos/new/"),
    Shot("day-opened", "/day/", opened_line),
    Shot("account-plan", "/customers/?f.kind=organisation", account_plan),
    Shot("audit-entry", "/audit/", first_row),
    Shot("not-found", "/nothing-here/", status=404),
]
LOG_IN = Shot("log-in", "/accounts/login/")


def menu(page: Page) -> list[Shot]:
    """A picture of each page in the side bar."""
    urls = page.eval_on_selector_all("#side a[href^='/']", "links => links.map(link => link.getAttribute('href'))")
    return [Shot(re.sub(r"\W+", "-", url).strip("-") or "today", url) for url in dict.fromkeys(urls)]


def settle(page: Page) -> None:
    """Wait until nothing is loading any more."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    page.evaluate("() => document.fonts.ready.then(() => null)")
    page.wait_for_timeout(250)


def log_in(page: Page, user: str, password: str) -> None:
    """Log in as people do."""
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(user)
    page.locator("[name=password]").fill(password)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def take(page: Page, shot: Shot, variant: Variant) -> list[str]:
    """Take one picture; what was wrong with the page."""
    problems: list[str] = []
    try:
        answer = page.goto(shot.url, wait_until="domcontentloaded")
        if answer is not None and answer.status != shot.status:
            problems.append(f"answered {answer.status}")
        settle(page)
        if shot.action:
            shot.action(page)
            settle(page)
    except Exception as error:  # noqa: BLE001  the picture shows how far it came
        problems.append(str(error).splitlines()[0])
    page.screenshot(path=PICTURES / f"{shot.name}-{variant.name}.png", full_page=variant.name == "telephone")
    excess = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*problems, *([f"is {excess} px wider than the window"] if excess > 0 else [])]


def take_all(browser: Browser, base: str, asked: argparse.Namespace) -> Iterator[str]:
    """Take the pictures asked for, in the variants asked for; the problems found, as lines."""
    for variant in [one for one in VARIANTS if not asked.variant or one.name in asked.variant]:
        context = browser.new_context(
            base_url=base,
            viewport=variant.viewport,
            locale=variant.locale,
            color_scheme=variant.theme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(60_000)  # a busy machine, or the first page of a new house, may take its time
        context.set_default_navigation_timeout(120_000)
        page = context.new_page()
        errors = chromium.watch(page)
        for shot in shots(page, asked.user, asked.password):
            if not asked.names or shot.name in asked.names:
                errors.clear()
                problems = take(page, shot, variant)
                expected = "" if shot.status == 200 else f"status of {shot.status}"
                problems += [error for error in errors if not expected or expected not in error]
                for problem in problems:
                    yield f"{shot.name}-{variant.name}: {problem}"
        context.close()
        print(f"{variant.name}: done", flush=True)


def shots(page: Page, user: str, password: str) -> Iterator[Shot]:
    """Every picture to take, first as a stranger, then logged in."""
    yield LOG_IN
    log_in(page, user, password)
    settle(page)
    yield from {shot.name: shot for shot in [*menu(page), *SHOTS]}.values()


@contextmanager
def served(url: str | None) -> Iterator[str]:
    """The address of the server named, or of one of the demonstration data for as long as the block runs."""
    if url:
        yield url
        return
    HOME.parent.mkdir(parents=True, exist_ok=True)
    place = Installation(HOME, "", GUANXI_ADMIN_PASSWORD=PASSWORD, GUANXI_STATIC=str(HOME.parent / "screens-static"))
    try:
        place.serve("--first-run", timeout=DEMONSTRATION_SECONDS)
        place.run("demo", "--only", "business", timeout=DEMONSTRATION_SECONDS)
        yield place.url
    finally:
        place.close()


def main() -> int:
    """Take the pictures named on the command line, or all."""
    parser = argparse.ArgumentParser(description="A picture of every page, into var/screens.")
    parser.add_argument("names", nargs="*", help="only these pages")
    parser.add_argument("--variant", action="append", choices=[one.name for one in VARIANTS], help="only looked at so")
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument("--user", default=USER)
    parser.add_argument("--password", default=os.environ.get("GUANXI_ADMIN_PASSWORD", PASSWORD))
    asked = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    found = 0
    with sync_playwright() as playwright, served(asked.url) as url:
        browser = chromium.launch(playwright)
        for problem in take_all(browser, url, asked):
            print(problem, flush=True)
            found += 1
        browser.close()
    print(f"{found} to mend; pictures in {PICTURES.relative_to(ROOT)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
