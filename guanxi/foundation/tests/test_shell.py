"""The frame around every page: menu, palette, language, theme, headers, error pages, icons."""

from __future__ import annotations

import re

import pytest
from django.template import engines
from django.test import Client
from django.urls import include, path

from guanxi.foundation import hooks, shell
from guanxi.foundation.models import AuditEntry, User
from guanxi.foundation.tags.models import Tag
from guanxi.foundation.templatetags.icons import UnknownIcon

pytestmark = pytest.mark.django_db


def broken(request):
    raise RuntimeError("broken on purpose")


urlpatterns = [path("broken/", broken), path("", include("guanxi.project.urls"))]


def page_of(client: Client, address: str = "/account/") -> str:
    return client.get(address).content.decode()


# The menu ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "told"), [(0, ""), (3, "3"), (99, "99"), (100, "99+"), (150, "99+")])
def test_menu_entries_stand_in_their_section_with_count(staff_client: Client, number: int, told: str) -> None:
    Tag.objects.bulk_create(Tag(name=f"王 {one}", key=f"王 {one}") for one in range(number))
    entry = shell.MenuEntry(
        shell.RELATIONSHIPS, "Customers of 王", "/customers-of-wang/", "users", waiting=lambda _: Tag.objects.all()
    )
    other = shell.MenuEntry(shell.WORK, "None", "/none/", "users", waiting=lambda _: Tag.objects.none())
    with hooks.registered("menu", entry), hooks.registered("menu", other):
        page = page_of(staff_client)

    assert "Relationships" in page
    link = re.search(r'<a href="/customers-of-wang/">.*?</a>', page, re.DOTALL)
    assert link and re.findall(r'class="count">(.*?)<', link[0]) == ([told] if told else [])
    assert 'class="count"' not in page.partition('"/none/"')[2].partition("</a>")[0]


def test_sections_are_folded_as_one_left_them_but_for_the_one_that_one_is_in(staff_client: Client) -> None:
    def folded(address: str = "/account/") -> list[str]:
        return re.findall(r'<details data-fold="(\w+)"><summary>', page_of(staff_client, address))

    assert folded() == ["system"]
    assert folded("/tags/") == []
    staff_client.cookies["folded"] = "work.know.nonsense"
    assert folded() == ["work", "know"]


def test_the_longest_fitting_entry_is_the_active_one(staff_client: Client) -> None:
    first = shell.MenuEntry(shell.TOP, "Accounts", "/acc", "users")
    second = shell.MenuEntry(shell.WORK, "Mine", "account", "user")
    with hooks.registered("menu", first), hooks.registered("menu", second):
        page = page_of(staff_client)

    assert re.findall(r'<a href="([^"]+)" class="active" aria-current="page">', page) == ["/account/"]


def test_an_entry_whose_address_does_not_exist_is_left_out(staff_client: Client) -> None:
    with hooks.registered("menu", shell.MenuEntry(shell.WORK, "Nowhere", "no_such_name", "users")):
        assert "Nowhere" not in page_of(staff_client)


def test_pinned_views_belong_to_the_viewer(staff_client: Client, staff: User) -> None:
    def pinned(viewer):
        return [shell.MenuEntry(shell.PINNED, f"Views of {viewer.username}", "/pinned/", "star")]

    with hooks.registered("pinned_views", pinned):
        assert "Views of meihua" in page_of(staff_client)


def test_strangers_see_no_menu(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    with hooks.registered("menu", shell.MenuEntry(shell.WORK, "Secret", "/secret/", "users")):
        page = page_of(client, "/accounts/password/change/")

    assert "<h1>" in page
    assert "Secret" not in page


def test_the_frame_asks_little_of_the_database(staff_client: Client, django_assert_max_num_queries) -> None:
    staff_client.get("/account/")
    with django_assert_max_num_queries(16):  # with one's tokens, sessions and second factors
        staff_client.get("/account/")


# The palette ------------------------------------------------------------------------------------------------------


def test_palette_finds_commands_in_every_language(staff_client: Client, monkeypatch) -> None:
    from django.utils.translation import gettext_lazy

    command = shell.Command(gettext_lazy("Password"), "account_change_password", "lock", keywords=["mima"])
    with hooks.registered("palette", command):
        commands = staff_client.get("/palette/").json()["commands"]

    found = next(one for one in commands if one["label"] == "Password" and "mima" in one["keywords"])
    assert found["url"] == "/accounts/password/change/"
    assert {"password", "密碼", "密码"} <= set(found["keywords"].split())
    assert any(one["url"] == "/account/" for one in commands)


def test_palette_speaks_the_viewers_language(staff_client: Client) -> None:
    from django.utils.translation import gettext_lazy

    staff_client.post("/language/", {"language": "zh-hant"})
    with hooks.registered("palette", shell.Command(gettext_lazy("Password"), "account", "lock")):
        labels = [one["label"] for one in staff_client.get("/palette/").json()["commands"]]

    assert "密碼" in labels


# Language and theme -------------------------------------------------------------------------------------------------


def test_the_language_is_kept_in_the_browser_and_with_the_user(staff_client: Client, staff: User) -> None:
    answer = staff_client.post("/language/", {"language": "zh-hans", "next": "/account/"})

    assert answer["Location"] == "/account/"
    assert '<html lang="zh-hans"' in page_of(staff_client)
    staff.refresh_from_db()
    assert staff.language == "zh-hans"
    assert AuditEntry.objects.get(action="foundation.people.set_language").changes == {"language": ["", "zh-hans"]}

    elsewhere = Client()
    elsewhere.post("/accounts/login/", {"login": "meihua", "password": "relation-8-ship"})
    assert '<html lang="zh-hans"' in page_of(elsewhere)


def test_the_language_can_be_switched_before_log_in(client: Client) -> None:
    client.post("/language/", {"language": "zh-hant"})

    assert '<html lang="zh-hant"' in page_of(client, "/accounts/login/")


def test_the_browsers_language_is_taken_when_none_is_chosen(client: Client) -> None:
    answer = client.get("/accounts/login/", headers={"Accept-Language": "zh-TW,zh;q=0.9"})

    assert '<html lang="zh-hant"' in answer.content.decode()


@pytest.mark.parametrize(("address", "field"), [("/language/", "language"), ("/theme/", "theme")])
def test_an_unknown_choice_is_refused(staff_client: Client, address: str, field: str) -> None:
    assert staff_client.post(address, {field: "klingon"}).status_code == 400
    assert staff_client.get(address).status_code == 405


def test_no_switch_leads_to_another_site(staff_client: Client) -> None:
    answer = staff_client.post("/theme/", {"theme": "dark", "next": "//elsewhere.example/"})

    assert answer["Location"] == "/"


def test_the_theme_is_kept_and_drawn_by_the_server(staff_client: Client, staff: User) -> None:
    answer = staff_client.post("/theme/", {"theme": "dark", "next": "/account/"})

    assert answer["Location"] == "/account/"
    assert 'data-theme-choice="dark" data-bs-theme="dark"' in page_of(staff_client)
    staff.refresh_from_db()
    assert staff.theme == "dark"

    elsewhere = Client()
    elsewhere.post("/accounts/login/", {"login": "meihua", "password": "relation-8-ship"})
    assert 'data-bs-theme="dark"' in page_of(elsewhere)


def test_a_late_answer_does_not_undo_the_theme_chosen_since(staff_client: Client, staff: User) -> None:
    staff_client.cookies["theme"] = "light"  # what the page's script has set meanwhile

    answer = staff_client.post("/theme/", {"theme": "dark"}, headers={"X-Requested-With": "fetch"})

    assert answer.status_code == 204
    assert not answer.cookies
    assert 'data-theme-choice="light"' in page_of(staff_client)
    staff.refresh_from_db()
    assert staff.theme == "dark"


# Headers, errors, icons ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/account/", "/accounts/login/", "/no-such-page/", "/palette/"])
def test_every_answer_carries_the_csp(staff_client: Client, address: str) -> None:
    policy = staff_client.get(address)["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("address", ["/account/", "/accounts/login/", "/accounts/password/change/"])
def test_pages_hold_no_inline_script_or_style(staff_client: Client, client: Client, address: str) -> None:
    page = page_of(Client() if "login" in address else staff_client, address)

    scripts = re.findall(r"<script\b([^>]*)>", page)
    assert scripts
    assert all("src=" in script or 'type="application/json"' in script for script in scripts)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


def test_a_missing_page_says_so_in_our_look(staff_client: Client) -> None:
    answer = staff_client.get("/no-such-page/")

    assert answer.status_code == 404
    assert "does not exist" in answer.content.decode()
    assert 'id="side"' in answer.content.decode()


def test_a_missing_page_shows_strangers_no_frame() -> None:
    answer = Client().get("/accounts/no-such-page/")

    assert answer.status_code == 404
    assert "does not exist" in answer.content.decode()
    assert 'id="side"' not in answer.content.decode()


@pytest.mark.urls(__name__)
def test_a_failure_says_so_in_our_look(staff_client: Client) -> None:
    staff_client.raise_request_exception = False

    answer = staff_client.get("/broken/")

    assert answer.status_code == 500
    assert "went wrong" in answer.content.decode()
    assert "on purpose" not in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_our_look(staff: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)

    answer = client.post("/theme/", {"theme": "dark"})

    assert answer.status_code == 403
    assert "open for too long" in answer.content.decode()


def icon(source: str, **context: str) -> str:
    return engines["django"].from_string("{% load icons %}" + source).render(context)


def test_icons_are_inlined_and_silent_unless_named() -> None:
    assert icon('{% icon "users" %}').startswith('<svg class="icon"')
    assert 'aria-hidden="true"' in icon('{% icon "users" %}')
    assert 'role="img" aria-label="&lt;王&gt;"' in icon('{% icon "users" label=name %}', name="<王>")


@pytest.mark.parametrize("name", ["no-such-icon", "../outline/users", ""])
def test_an_unknown_icon_is_an_error_in_tests_and_a_gap_in_use(name: str, settings) -> None:
    with pytest.raises(UnknownIcon):
        icon(f'{{% icon "{name}" %}}')

    settings.ICONS_STRICT = False
    assert icon(f'{{% icon "{name}" %}}') == ""


def test_icons_as_files(client: Client) -> None:
    answer = client.get("/icons/users.svg")

    assert answer["Content-Type"] == "image/svg+xml"
    assert "max-age" in answer["Cache-Control"]
    assert client.get("/icons/no-such-icon.svg").status_code == 404


def test_every_icon_of_the_menu_and_the_palette_exists() -> None:
    from guanxi.foundation.templatetags.icons import drawing

    entries = [*hooks.get("menu"), *hooks.get("palette")]
    assert entries
    for entry in entries:
        assert drawing(entry.icon)
