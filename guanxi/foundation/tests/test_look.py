"""The shell in a real browser: the CSP holds, keyboard, palette, theme, plots, telephone."""

from __future__ import annotations

from typing import Any

import pytest

from guanxi.foundation import notifications, people
from guanxi.foundation.models import User

pytestmark = [pytest.mark.browser, pytest.mark.urls("guanxi.foundation.tests.urls")]

GALLERY = "/gallery/"


@pytest.fixture
def gallery(staff_page: Any) -> Any:
    """The page with every component; `page` fails the test on any error in the console, so on any breach of the CSP."""
    staff_page.goto(GALLERY)
    for plot in ("sales", "stages", "months"):
        staff_page.wait_for_selector(f"#plot-{plot} svg")
    return staff_page


def test_fonts_styles_and_scripts_are_there(gallery: Any) -> None:
    assert gallery.evaluate("document.fonts.ready.then(() => document.fonts.check('14px \"Inter Variable\"'))")
    assert gallery.evaluate("getComputedStyle(document.querySelector('.card')).boxShadow") == "none"
    assert gallery.evaluate("getComputedStyle(document.querySelector('td.num')).textAlign") == "right"
    assert gallery.evaluate("htmx.version").startswith("2.")
    assert gallery.evaluate("Alpine.version").startswith("3.")
    gallery.click("#alpine")
    gallery.wait_for_selector("#alpine-shown", state="visible")


def test_nothing_is_wider_than_the_screen(gallery: Any) -> None:
    for width in (1360, 1000, 768, 390, 320):
        gallery.set_viewport_size({"width": width, "height": 844})
        assert gallery.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


def test_htmx_sends_the_csrf_token_and_answers_with_a_toast(gallery: Any) -> None:
    gallery.click("#swap")
    gallery.wait_for_selector("text=swapped")
    assert "Kept." in gallery.inner_text("#toasts")


def test_the_palette_by_keyboard(gallery: Any) -> None:
    gallery.keyboard.press("Control+k")
    gallery.wait_for_selector("#palette[open] .option[aria-selected=true]")
    gallery.keyboard.type("my acc")
    gallery.wait_for_selector("#palette .option[aria-selected=true]:has-text('My account')")
    chosen = gallery.get_attribute("#palette input", "aria-activedescendant")
    assert "My account" in gallery.inner_text(f"#{chosen}")
    gallery.keyboard.press("Escape")
    assert not gallery.is_visible("#palette")

    gallery.keyboard.press("Control+k")
    gallery.keyboard.type("my acc")
    gallery.wait_for_selector("#palette .option:has-text('My account')")
    gallery.keyboard.press("Enter")
    gallery.wait_for_url("**/account/")


def test_the_palette_finds_records(gallery: Any) -> None:
    """What was seen last comes late, when something has been typed: it must not stand above what is found."""
    late: list[Any] = []
    seen = {"groups": [{"label": "Seen last", "lines": [{"label": "Somebody else", "url": "/", "icon": "user"}]}]}

    def hold(route: Any) -> None:
        late.append(route)

    def found(route: Any) -> None:
        while late:
            late.pop().fulfill(json=seen)
        route.continue_()

    gallery.route("**/habits/lines/", hold)
    gallery.route(lambda url: "?q=" in url, found)
    gallery.keyboard.press("Control+k")
    gallery.keyboard.type("王美")
    gallery.wait_for_selector("#palette .option:has-text('王 美玲')")
    assert "Somebody else" not in gallery.inner_text("#palette")
    gallery.keyboard.press("Enter")
    gallery.wait_for_url("**/account/?found=1")


def test_slash_leads_to_the_search_box(gallery: Any) -> None:
    gallery.keyboard.press("/")
    gallery.keyboard.type("王")
    gallery.wait_for_selector("#search-options .option:has-text('王 美玲')")
    gallery.keyboard.press("ArrowDown")
    gallery.keyboard.press("Enter")
    gallery.wait_for_url("**/account/?found=1")


def test_the_theme_switches_at_once_and_is_kept(gallery: Any, staff: User) -> None:
    def background() -> str:
        return str(gallery.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = background()
    gallery.click("summary.user")
    with gallery.expect_response("**/theme/"):
        gallery.click(".menu-panel [name=theme][value=dark]")
    dark = background()
    assert dark != light
    assert gallery.evaluate("document.querySelectorAll('.plot svg').length") == 3

    gallery.reload()
    assert background() == dark
    staff.refresh_from_db()
    assert staff.theme == "dark"


@pytest.mark.parametrize(
    ("button", "drawn"),
    [("[name=theme][value=dark]", "html[data-bs-theme=dark]"), ("[lang=zh-hant]", "html[lang=zh-hant]")],
)
def test_a_choice_is_kept_though_the_server_never_hears_of_it(staff_page: Any, button: str, drawn: str) -> None:
    staff_page.goto("/account/")
    staff_page.route("**/theme/", lambda route: None)  # held for ever
    staff_page.route("**/language/", lambda route: None)
    with staff_page.expect_request(lambda request: request.method == "POST"):
        staff_page.locator(f".page-main {button}").click(no_wait_after=True)

    staff_page.goto("/account/?later")
    staff_page.wait_for_selector(drawn)


def test_the_last_of_several_themes_stays(staff_page: Any, staff: User) -> None:
    staff_page.goto("/account/")
    held: list[Any] = []
    staff_page.route("**/theme/", lambda route: route.continue_() if held else held.append(route))
    themes = staff_page.locator(".page-main [data-themes]")
    with staff_page.expect_request("**/theme/"):
        themes.locator("[value=dark]").click()
    themes.locator("[value=light]").click()
    themes.locator("[value=auto]").click()
    with staff_page.expect_response(lambda answer: "auto" in (answer.request.post_data or "")):
        held[0].continue_()

    staff.refresh_from_db()
    assert staff.theme == "auto"
    assert staff_page.get_attribute("html", "data-theme-choice") == "auto"


def test_auto_follows_the_system(gallery: Any) -> None:
    theme = "document.documentElement.dataset.bsTheme"
    assert gallery.evaluate(theme) == "light"
    gallery.emulate_media(color_scheme="dark")
    gallery.wait_for_selector("html[data-bs-theme=dark]")
    gallery.reload()
    assert gallery.evaluate(theme) == "dark"


def test_plots_are_clicked_through_and_read_aloud(gallery: Any) -> None:
    figures = gallery.locator("#plot-stages details")
    figures.locator("summary").focus()
    gallery.keyboard.press("Enter")
    assert "1,124" in figures.inner_text()
    assert figures.locator("a:has-text('Stability')").get_attribute("href") == "/account/?stage=2"
    assert "12.0 %" in gallery.locator("#plot-months details").text_content()
    gallery.keyboard.press("Enter")
    assert gallery.inner_text("#plot-none .plot") == "No data for this choice."
    assert gallery.get_attribute("#plot-stages .plot", "aria-label") == "Customers by stage"

    plot = gallery.locator("#plot-stages .plot")
    box = plot.bounding_box()
    plot.click(position={"x": box["width"] * 0.4, "y": box["height"] * 0.5})  # the third of five bars
    gallery.wait_for_url("**/account/?stage=2")


def test_a_plot_tells_its_figures(gallery: Any) -> None:
    plot = gallery.locator("#plot-sales .plot")
    box = plot.bounding_box()
    plot.hover(position={"x": box["width"] * 0.5, "y": box["height"] * 0.5})
    gallery.wait_for_selector("#plot-sales .plot svg text:has-text('.00')")


def test_menus_open_place_themselves_and_close(gallery: Any) -> None:
    gallery.click("summary:has-text('All places')")
    box = gallery.locator(".menu[open] .menu-panel").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1360
    gallery.keyboard.press("ArrowDown")
    assert "Store 367" in gallery.evaluate("document.activeElement.textContent")
    gallery.keyboard.press("Escape")
    assert gallery.locator(".menu[open]").count() == 0


def test_a_dialog_opens_and_closes(gallery: Any) -> None:
    gallery.click("[data-dialog=ask]")
    assert gallery.is_visible("#ask")
    gallery.click("#ask [data-dialog-close]")
    assert not gallery.is_visible("#ask")


def test_the_bell(staff_page: Any, staff: User) -> None:
    notifications.notify(staff, "匯入完成", "2,500 customers")
    staff_page.goto("/account/")
    assert staff_page.inner_text("#unread").startswith("1")
    staff_page.click("#bell summary")
    staff_page.click("text=Mark all as read")
    staff_page.wait_for_selector("#unread", state="hidden")
    staff_page.wait_for_load_state("networkidle")

    notifications.notify(staff, "Second")
    staff_page.evaluate("document.body.dispatchEvent(new CustomEvent('poll'))")
    staff_page.wait_for_selector("#unread", state="visible")


def test_on_a_telephone_the_menu_is_behind_a_button(gallery: Any) -> None:
    gallery.set_viewport_size({"width": 390, "height": 844})
    assert not gallery.is_visible("#side")
    gallery.click("[data-side-open]")
    gallery.wait_for_selector("#side", state="visible")
    gallery.keyboard.press("Escape")
    gallery.wait_for_selector("#side", state="hidden")

    first = gallery.locator(".table-cards tbody tr").first
    assert first.evaluate("row => getComputedStyle(row).display") == "grid"
    right, middle = (gallery.locator(f".zone-{zone} > *").first.bounding_box()["y"] for zone in ("right", "middle"))
    assert right < middle, "the next action comes first"


def test_log_in_in_another_language(page: Any, staff: User) -> None:
    page.goto("/account/")
    page.click("button[value=zh-hant]")
    page.wait_for_selector("html[lang=zh-hant]")
    page.fill("[name=login]", "meihua")
    page.fill("[name=password]", "relation-8-ship")
    page.click(".btn-primary")
    page.wait_for_url("**/account/")
    assert page.get_attribute("html", "lang") == "zh-hant"
    assert "陳 美華" in page.inner_text(".top")


def test_a_token_can_be_copied(staff_page: Any, staff: User) -> None:
    staff_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    staff_page.goto("/account/")
    staff_page.fill("#id_name", "收銀機")
    staff_page.click("button:has-text('Make a token')")
    staff_page.click("[data-copy]")
    staff_page.wait_for_selector("text=Copied.")
    assert people.authenticate_token(staff_page.evaluate("navigator.clipboard.readText()")) == staff
