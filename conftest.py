"""What every test stands on (docs/develop/testing.md).

One run tests one database: SQLite, or with `GUANXI_TEST_DATABASE=postgresql` a throw-away PostgreSQL server. All that a
run writes goes into one temporary folder, taken away at its end.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import browser as chromium
from tests import migrated, spark
from tests.bucket import Buckets
from tests.cluster import Cluster, NoPostgres
from tests.dovecot import Dovecot, NoDovecot
from tests.installation import Installation
from tests.radicale import Radicale
from tests.spark import SparkCluster

if TYPE_CHECKING:
    from django.test import Client

    from guanxi.foundation.models import User

DATABASE = os.environ.get("GUANXI_TEST_DATABASE", "sqlite")
if DATABASE not in ("sqlite", "postgresql"):
    pytest.exit(f"GUANXI_TEST_DATABASE is “{DATABASE}”; it can be sqlite or postgresql.", returncode=2)
IN_CI = bool(os.environ.get("CI"))
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
ONCE = ("browser", "published", "any_database")  # run with SQLite only
NEEDS_DATABASE = {"db", "transactional_db", "live_server", "installation", "django_db_setup"}

# A busy machine is no fault of the code: drawn examples have all the time they need.
hypothesis_settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("house")


def _begin() -> Path:
    """Make the run's folder; xdist's workers inherit it from their controller."""
    if "GUANXI_TEST_ROOT" not in os.environ:
        root = Path(tempfile.mkdtemp(prefix="guanxi-test-"))
        os.environ["GUANXI_TEST_ROOT"] = str(root)
        _at_the_end(lambda: shutil.rmtree(root, ignore_errors=True))
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))  # and so pass by atexit
    return Path(os.environ["GUANXI_TEST_ROOT"])


def _at_the_end(work: Callable[[], object]) -> None:
    process = os.getpid()
    atexit.register(lambda: work() if os.getpid() == process else None)  # not in a fork that a test made


def _cluster() -> Cluster | None:
    """This process's own PostgreSQL server, not started yet.

    Each worker has one, for in one server the transactions of another worker's test would hold back what is settled.
    """
    if DATABASE != "postgresql":
        return None
    try:
        return Cluster()
    except NoPostgres as missing:
        pytest.exit(f"PostgreSQL skipped. {missing}", returncode=3 if IN_CI else 0)


def _database_url(name: str, folder: Path) -> str:
    if CLUSTER:
        return CLUSTER.url(name)
    return f"sqlite:///{folder / name}.sqlite3"


def _configure(home: Path) -> None:
    """Point the settings at `home` before anything imports them; tests never see the developer's own data."""
    for name in [name for name in os.environ if name.startswith("GUANXI_") and not name.startswith("GUANXI_TEST_")]:
        if name != "GUANXI_CHROMIUM":
            del os.environ[name]
    (home / "static").mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "guanxi.project.settings",
        "GUANXI_HOME": str(home),
        "GUANXI_STATIC": str(home / "static"),
        "GUANXI_DATABASE_URL": _database_url("guanxi", home),
        "GUANXI_SECRET_KEY": "only-for-tests",
    }

    import django
    from django.conf import settings

    settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    django.setup()


# What migrating filled and no test changes; Django would make it anew behind each test that ends with emptying all.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}
# What is in a database without being the table of a model, so that Django knows nothing of it. Left as it is, two
# hundred customers of tests before would be all that the search looks at.
EMPTIED_TOO = {
    "sqlite": ["INSERT INTO search_index (search_index) VALUES ('delete-all')"],
    "postgresql": ["DELETE FROM search_index"],
}


def _empty_quickly() -> None:
    """Let Django's flush, behind every test that commits, delete rows and do nothing else: a tenth of its time."""
    from django.core.management.commands import flush

    statements: list[str] = []

    def deletions(_style: Any, connection: Any, **_options: Any) -> list[str]:
        if not statements:
            names = connection.introspection.django_table_names(only_existing=True, include_views=False)
            emptied = [f'DELETE FROM "{name}"' for name in sorted(names) if name not in KEPT_TABLES]
            # The audit log refuses to be deleted while nobody stands in its door.
            statements.append("INSERT INTO sealing_door (why) VALUES ('test')")
            statements.extend(sorted(emptied, key=lambda line: "sealing_door" in line))
            statements.extend(EMPTIED_TOO[connection.vendor])
        return statements

    flush.sql_flush = deletions
    flush.emit_post_migrate_signal = lambda *_args, **_options: None


CLUSTER = _cluster()
_configure(_begin() / WORKER)
_empty_quickly()


def pytest_configure(config: pytest.Config) -> None:
    """Start the server, except in xdist's controller, which runs no test."""
    if CLUSTER:
        _at_the_end(CLUSTER.stop)
    if getattr(config.option, "numprocesses", None):
        # Else pytest-django would read a worker's settings before this file has pointed them at the worker's home.
        del os.environ["DJANGO_SETTINGS_MODULE"]
    elif CLUSTER:
        CLUSTER.start()


def pytest_report_header() -> str:
    return f"database: {DATABASE}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell why a test failed that passed when it was run again: nobody else would."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at first: {report.nodeid}", "-")
        terminalreporter.line(report.longreprtext[-20_000:])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run what touches a database; the rest, and the browser, ran with SQLite."""
    if DATABASE == "sqlite":
        return
    kept, left = [], []
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        marked = item.get_closest_marker("django_db") is not None
        elsewhere = any(item.get_closest_marker(name) for name in ONCE)
        (kept if (marked or names & NEEDS_DATABASE) and not elsewhere else left).append(item)
    if left and len({item.nodeid.split("::")[0] for item in items}) > 1:  # a file named by hand runs whole
        config.hook.pytest_deselected(items=left)
        items[:] = kept


# The house --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """The database of this process's tests, a copy: migrating takes twenty times as long."""
    from django.db import connection

    # On SQLite a file, not memory: threads, processes and Arrow connections must all see it.
    name = str(Path(os.environ["GUANXI_HOME"]) / "test.sqlite3")
    if CLUSTER:
        migrated.create(CLUSTER, name := "test_guanxi")
    else:
        migrated.copy_to(Path(name))
    connection.close()
    connection.settings_dict["NAME"] = name  # the same dictionary as settings.DATABASES["default"]
    yield
    with django_db_blocker.unblock():
        connection.close()


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """An empty home with lake, files and mail of its own, for the length of one test (this process only)."""
    settings.GUANXI_HOME = tmp_path / "home"
    settings.GUANXI_LAKE = str(settings.GUANXI_HOME / "lake")
    settings.MEDIA_ROOT = settings.GUANXI_HOME / "files"
    settings.EMAIL_FILE_PATH = settings.GUANXI_HOME / "mail"
    settings.GUANXI_HOME.mkdir()
    return Path(settings.GUANXI_HOME)


@pytest.fixture(autouse=True)
def _remembered_anew(request: pytest.FixtureRequest) -> None:
    """Each test sees the custom fields that are in its database (without one there are none), needs no second factor
    until it says so, and collects few rows as if for the first time: what a process looks up every few seconds would
    make it ask more now and then."""
    from guanxi.foundation.access import factors
    from guanxi.foundation.custom_fields import known
    from guanxi.foundation.desk import state

    state.forget()
    stored = request.node.get_closest_marker("django_db") or NEEDS_DATABASE & set(request.fixturenames)
    known.forget(none=not stored)
    factors.forget(none=True)


@pytest.fixture
def process_environment(transactional_db: None, settings: Any) -> dict[str, str]:
    """The environment of a child process that shares this test's database and home."""
    from django.db import connection

    name = str(connection.settings_dict["NAME"])
    url = _database_url(name, Path()) if DATABASE == "postgresql" else f"sqlite:///{name}"
    return {
        **os.environ,
        "GUANXI_HOME": str(settings.GUANXI_HOME),
        "GUANXI_LAKE": str(settings.GUANXI_LAKE),
        "GUANXI_DATABASE_URL": url,
    }


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation of its own, migrated: `.run("init")`, `.serve()`, `.start("worker")`, `.kill(process)`."""
    yield from _installation(tmp_path / "home", booted=True)


@pytest.fixture
def bare_installation(tmp_path: Path) -> Iterator[Installation]:
    """One in which nothing has been done yet: its database has no table."""
    yield from _installation(tmp_path / "home", bare=True)


@pytest.fixture
def other_installation(tmp_path: Path) -> Iterator[Installation]:
    """A second one, on another database, in which nothing has been done yet."""
    yield from _installation(tmp_path / "other" / "home", bare=True, booted=True)


def _installation(home: Path, bare: bool = False, booted: bool = False) -> Iterator[Installation]:
    url, drop = _own_database(home.parent, bare)
    # Static files are collected once for all installations of the run.
    static = Path(os.environ["GUANXI_TEST_ROOT"]) / "static"
    place = Installation(home, url, booted, GUANXI_STATIC=str(static))
    yield place
    place.close()
    drop()


def _own_database(folder: Path, bare: bool) -> tuple[str, Callable[[], object]]:
    if not CLUSTER:
        path = folder / "home" / "guanxi.sqlite3"
        if not bare:
            migrated.copy_to(path)
        return f"sqlite:///{path}", lambda: None
    import psycopg

    name = f"own_{os.urandom(6).hex()}"
    server = psycopg.connect(_database_url("postgres", folder), autocommit=True)
    if bare:
        server.execute(f"CREATE DATABASE {name}")
    else:
        migrated.create(CLUSTER, name)
    return _database_url(name, folder), lambda: server.execute(f"DROP DATABASE {name} WITH (FORCE)") and server.close()


# People and programs ----------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def _made_by_hand_may_everything() -> Iterator[None]:
    """A colleague whom a test makes straight in the database holds the role of administrators; `colleague` does not."""
    from django.db.models.signals import post_save

    from guanxi.foundation.models import User

    def give(instance: User, created: bool, **_kwargs: Any) -> None:
        if created and instance.is_staff and not _by_hand:
            _hold(instance, "administrator")

    post_save.connect(give, sender=User, weak=False, dispatch_uid="tests.administrator")
    yield
    post_save.disconnect(sender=User, dispatch_uid="tests.administrator")


_by_hand: list[bool] = []


def _hold(user: User, key: str) -> None:
    from guanxi.foundation.roles import ready_made
    from guanxi.foundation.roles.models import Holding, Role

    Holding.objects.create(user=user, role=ready_made.install(Role)[key])


@pytest.fixture
def colleague(db: None) -> Callable[..., User]:
    """Make a colleague with ready-made roles (or none): `colleague("wang", "sales")`."""
    from guanxi.foundation.models import User

    def make(name: str, *roles: str, **values: Any) -> User:
        _by_hand.append(True)
        try:
            user = User.objects.create_user(name, f"{name}@example.com", "relation-8-ship", is_staff=True, **values)
        finally:
            _by_hand.pop()
        for role in roles:
            _hold(user, role)
        return user

    return make


@pytest.fixture
def staff(db: None) -> User:
    """Somebody who works for the business: may see and do everything. His password is “relation-8-ship”."""
    from guanxi.foundation.models import User

    return User.objects.create_user(
        "meihua", "meihua@example.com", "relation-8-ship", first_name="美華", last_name="陳", is_staff=True
    )


@pytest.fixture
def stranger(db: None) -> User:
    """Somebody with an account who does not work for the business: may see nothing."""
    from guanxi.foundation.models import User

    return User.objects.create_user("stranger", "stranger@example.com", "relation-8-ship", is_staff=False)


@pytest.fixture
def staff_client(client: Client, staff: User) -> Client:
    """A client of the pages, logged in as `staff`."""
    client.force_login(staff)
    return client


@pytest.fixture
def token(staff: User) -> str:
    """An API token of `staff`."""
    from guanxi.foundation import people

    made = people.create_token(staff, by=staff)
    return str(made[1] if isinstance(made, tuple) else made)


@pytest.fixture
def api(token: str) -> Client:
    """A client of the API with the token of `staff`; `api.post(url, {...}, content_type="application/json")`."""
    from django.test import Client

    return Client(headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})


# Servers and browsers -----------------------------------------------------------------------------------------------


class Mailbox(list[Message]):
    """What a real SMTP server received; `host` and `port` say where it listens."""

    host = "127.0.0.1"
    port = 0


@pytest.fixture
def smtp_server(settings: Any) -> Iterator[Mailbox]:
    """A real SMTP server on this machine; Django's mail goes there, and the fixture is the list of what came."""
    from email import message_from_bytes
    from email.policy import default

    from aiosmtpd.controller import Controller

    from tests.installation import free_port

    box = Mailbox()
    box.port = free_port()

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
            box.append(message_from_bytes(envelope.content, policy=default))
            return "250 OK"

    controller = Controller(Handler(), hostname=box.host, port=box.port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = box.host, box.port
    yield box
    controller.stop()


@pytest.fixture(scope="session")
def imap_server() -> Iterator[Dovecot]:
    """A real IMAP server on this machine, started once for the run; tests take user names of their own."""
    try:
        server = Dovecot()
    except NoDovecot as missing:
        if IN_CI:
            raise
        pytest.skip(str(missing))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def buckets() -> Iterator[Buckets]:
    """A server that speaks S3, with buckets of any name."""
    server = Buckets()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def caldav_server() -> Iterator[Radicale]:
    """A real CalDAV server on this machine, started once for the run; tests take user names of their own."""
    server = Radicale()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def live_app(live_server: Any, settings: Any, home: Path) -> str:
    """The address of a server that shares this test's database and home (a thread of this process)."""
    settings.GUANXI_URL = live_server.url
    return str(live_server.url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium, started once."""
    from playwright.sync_api import sync_playwright

    try:
        chromium.program()
    except chromium.NoChromium as missing:
        (pytest.fail if IN_CI else pytest.skip)(str(missing))
    # Playwright keeps an event loop in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        running = chromium.launch(playwright)
        yield running
        running.close()


@pytest.fixture(scope="session")
def spark_cluster() -> Iterator[SparkCluster]:
    """A Spark master and two workers of this machine, started once; `.url` is what GUANXI_ENGINE takes."""
    try:
        spark.require()
    except spark.NoSpark as missing:
        (pytest.fail if IN_CI else pytest.skip)(str(missing))
    cluster = SparkCluster()
    os.environ |= cluster.environment()
    try:
        cluster.start()
        yield cluster
        from guanxi.foundation.engine import on_spark

        on_spark.leave()
    finally:
        cluster.stop()


@pytest.fixture
def page(browser: Any, live_app: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A browser page, not logged in; the test fails where the page reported an error (one of CSP, say)."""
    context = browser.new_context(base_url=live_app, viewport=chromium.WIDE, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(30_000)  # of a machine that does much else
    tab = context.new_page()
    errors = chromium.watch(tab)
    failed = request.session.testsfailed
    yield tab
    if request.session.testsfailed > failed or errors:
        folder = request.config.rootpath / "var" / "failures"
        folder.mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=folder / f"{request.node.name}.png")
    context.close()
    assert not errors, f"the page reported errors: {errors}"


@pytest.fixture
def staff_page(page: Any, live_app: str, staff_client: Client) -> Any:
    """A browser page logged in as `staff`."""
    from django.conf import settings

    cookie = staff_client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": live_app}])
    return page
