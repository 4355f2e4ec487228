"""The rules of the house that no linter knows; each message says where and what to do instead."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatch
from importlib.metadata import packages_distributions

import pytest
from django.contrib.staticfiles import finders

from guanxi.project.cli.setup import UNUSED
from tests.sources import GETTEXT, PGETTEXT, ROOT, calls, files, imports, messages, named, place, tree

# Where rows may be written without `create`, `change`, `delete` of foundation/actions.py, and why.
MAY_WRITE = {
    "guanxi/*/actions.py": "actions",
    "guanxi/*/actions/*.py": "actions",
    "guanxi/customers/corrections.py": "source records, which are only ever added",
    "guanxi/customers/hanging.py": "what hangs on parties, moved by the action that merges them",
    "guanxi/orders/summary.py": "sums, made from the orders that actions wrote",
    "guanxi/orders/invoices/habits.py": "figures, made from the invoices that actions wrote",
    "guanxi/foundation/audit.py": "the audit log itself",
    "guanxi/foundation/inserting.py": "new rows, for those named here",
    "guanxi/foundation/access/locking.py": "counts of failed attempts",
    "guanxi/foundation/sealing/*.py": "the chain of the audit log, and the door through which values leave it",
    "guanxi/foundation/roles/ready_made.py": "the roles that a migration brings",
    "guanxi/sales/deals/ready_made.py": "the pipeline, reasons and playbooks that a migration brings",
    "guanxi/foundation/people.py": "the actions of users: a password is hashed, a token's use is noted",
    "guanxi/foundation/once.py": "forms already answered",
    "guanxi/foundation/notifications.py": "messages of the system, not the business's data",
    "guanxi/foundation/bulk/*.py": "sets, audited by whoever calls",
    "guanxi/foundation/bulk_changes/*.py": "sets, audited as one entry with a table of each row's values",
    "guanxi/foundation/search/*.py": "an index, made from what actions wrote",
    "guanxi/foundation/tasks/*.py": "the queue's own rows: state, leases, schedule",
    "guanxi/foundation/api/idempotency.py": "answers already given",
    "guanxi/foundation/api/limits.py": "how often callers asked, which is not the business's data",
    "guanxi/ledger/reading.py": "readers' cursors",
    "guanxi/ledger/webhooks/queue.py": "messages that wait and how they went, which are not the business's data",
    "guanxi/ledger/webhooks/outbox.py": "messages that wait",
    "guanxi/intake/drafting.py": "imports being prepared, which are not yet the business's data",
    "guanxi/lake/refresh.py": "how far the lake has read",
    "guanxi/customers/rights/kept.py": "erasures, audited in sum",
    "guanxi/customers/rights/declared.py": "erasures, audited in sum",
    "guanxi/customers/rights/loose.py": "erasures, audited in sum",
    "guanxi/customers/rights/gathering.py": "a file, no row",
    "guanxi/customers/rights/retention.py": "rows that a rule forgets, audited in sum",
    "guanxi/foundation/custom_fields/known.py": "the mark that definitions changed",
    "guanxi/foundation/custom_fields/indexing.py": "the state of an index",
    "guanxi/foundation/custom_fields/working.py": "when results were worked out",
    "guanxi/foundation/custom_fields/retyping.py": "how far a retyping is, which its action audited",
    "guanxi/*/rights.py": "erasures, audited in sum",
    "guanxi/sales/territories/applying.py": "a re-cut of territories, in sets, audited in sum",
    "guanxi/sales/territories/rules.py": "what a re-cut would do, before it is done",
}
WRITES = {"save", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "delete"}
WRITES_ON_QUERYSETS = {"create", "update"}
QUERYSET = re.compile(r"\.objects\b|_manager\b|\.(filter|exclude|visible_to|select_for_update|all)\(")
NOT_ROWS = re.compile(
    r"\b(super\(\)|book|workbook|storage|default_storage|picture|(\w+_)?router|teams|sharing|np|delta)$"
)
# Where Django's mail may be called: to customers through one door that asks whether we may, and to colleagues.
MAY_MAIL = {
    "guanxi/customers/sending.py": "to customers, after asking whether we may",
    "guanxi/foundation/reports/mail.py": "reports to colleagues",
    "guanxi/foundation/letters/actions.py": "notifications to colleagues",
    "guanxi/foundation/access/inviting.py": "invitations of colleagues",
    "guanxi/channels/mail/hosts.py": "connections to the servers of mailboxes; nothing is sent there",
    "guanxi/channels/mail/posting.py": "what a person wrote, after asking whether we may (actions.write)",
}
NAMES_THAT_SAY_NOTHING = {"utils.py", "helpers.py", "common.py", "misc.py"}
LONGEST = 600
INLINE = re.compile(r"""<style\b|<script(?![^>]*\bsrc=)[^>]*>|\s(style|on[a-z]{3,})\s*=\s*["']""", re.IGNORECASE)
# Paper and mail have no Content-Security-Policy, and mail programs read nothing but inline styles.
NOT_PAGES = ("*/mail/*", "*/pdf/*", "*/print/*", "*.mail.html", "*.pdf.html", "*/weasyprint/*")
# The brackets keep this file from breaking its own rule.
STATIC = re.compile(r"""\{% static ['"](?P<page>[^'"]+)['"]|['"]\.\./(?P<script>vendor/[^'"]+)['"]""")
REGISTRIES = re.compile(r"py[p]i\.org|pythonhoste[d]\.org|npm[j]s\.(org|com)|debia[n]\.org")


def none(found: Iterable[str], instead: str) -> None:
    """Fail with every place found and what to do about it."""
    places = sorted(set(found))
    assert not places, f"{instead}\n  " + "\n  ".join(places)


def test_rows_are_written_by_actions() -> None:
    found = [
        f"{place(path, node.lineno)} {name}()"
        for path in named(".py")
        if not any(fnmatch(place(path), pattern) for pattern in MAY_WRITE)
        for node, on, name in calls(path)
        if (name in WRITES and on and not NOT_ROWS.search(on))
        or (name in WRITES_ON_QUERYSETS and QUERYSET.search(on))
        or (name == "insert" and not on)  # guanxi.foundation.inserting
    ]
    none(found, "Write through an @action of the package's actions.py (create, change, delete):")


def test_nothing_goes_out_but_through_the_door_that_asks() -> None:
    found = [
        place(path, node.lineno)
        for path in named(".py")
        if place(path) not in MAY_MAIL
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("django.core.mail", "smtplib")))
        or (
            isinstance(node, ast.Import) and any(a.name.startswith(("django.core.mail", "smtplib")) for a in node.names)
        )
    ]
    none(found, "Send to customers through guanxi.customers.sending, which asks whether we may:")


def test_files_are_named_after_their_theme() -> None:
    none(
        [place(path) for path in files() if path.name in NAMES_THAT_SAY_NOTHING],
        "Name the file after what it is about:",
    )


def test_files_hold_one_theme() -> None:
    long = [(path, len(path.read_text().splitlines())) for path in named(".py", ".js", tests=True)]
    none(
        [f"{place(path)} has {count} lines" for path, count in long if count > LONGEST],
        "Make a package of the same name out of a long file:",
    )


def test_days_come_from_the_business_clock() -> None:
    found = [
        place(path, node.lineno)
        for path in named(".py")
        if place(path) != "guanxi/foundation/clock.py"
        for node, on, name in calls(path)
        if (name == "today" and on.split(".")[-1] in ("date", "datetime"))
        or (name in ("now", "utcnow") and on.split(".")[-1] == "datetime")
    ]
    none(found, "Ask guanxi.foundation.clock (the business's day), or django.utils.timezone.now for a bare moment:")


def test_pages_hold_nothing_inline() -> None:
    found = []
    for path in named(".html", ".js"):
        if not any(fnmatch(place(path), pattern) for pattern in NOT_PAGES):
            text = re.sub(r"\{#.*?#\}|\{% comment.*?endcomment %\}", blank, path.read_text(), flags=re.DOTALL)
            found += [
                f"{place(path, text.count(chr(10), 0, hit.start()) + 1)} {hit[0]!r}" for hit in INLINE.finditer(text)
            ]
    for path in named(".py"):
        found += [
            f"{place(path, node.lineno)} {hit[0]!r}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "<" in node.value
            for hit in INLINE.finditer(node.value)
        ]
    none(found, "The Content-Security-Policy blocks this; use a class, or a module in static/:")


def test_pages_load_files_that_are_there() -> None:
    """A real server answers 500 where a file is missing or not collected; the storage of the tests takes any name."""
    found = [
        f"{place(path, text.count(chr(10), 0, hit.start()) + 1)} {name}"
        for path in named(".html", ".js")
        for text in [path.read_text()]
        for hit in STATIC.finditer(text)
        for name in [hit["page"] or hit["script"]]
        if finders.find(name) is None or any(fnmatch(name.rsplit("/")[-1], pattern) for pattern in UNUSED)
    ]
    none(found, "In no static/, nor in settings.STATICFILES_DIRS, or left out by UNUSED of project/cli/setup.py:")


def blank(match: re.Match[str]) -> str:
    """As many lines with nothing on them, so that line numbers stay."""
    return "\n" * match[0].count("\n")


def test_no_registry_stands_in_the_checkout() -> None:
    found = []
    for path in files():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if REGISTRIES.search(line) or (path.suffix == ".lock" and "://" in line):
                found.append(place(path, number))
    none(found, "Which registry packages come from is the machine's business (make lock leaves it out):")


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["demo"],
        *project["dependency-groups"]["dev"],
        *[line for line in (ROOT / "requirements" / "build.in").read_text().splitlines() if not line.startswith("#")],
    ]
    names = {name_of(line) for line in lines} | set(json.loads((ROOT / "package.json").read_text())["dependencies"])
    explained = set(re.findall(r"^\| `?([^ `|]+)`?", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE))
    none(names - explained, "Add a row to docs/dependencies.md (package, for, licence, why this one):")


def test_every_import_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    declared = {name_of(line) for line in [*project["dependencies"], *extras]}
    providers = packages_distributions()
    found = [
        f"{place(path)} imports {module}"
        for path in named(".py")
        for module in imports(path)
        if module not in sys.stdlib_module_names | {"guanxi", "benchmarks"}
        and not declared & {name_of(provider) for provider in providers.get(module, [])}
    ]
    none(found, "Name the package in pyproject.toml and docs/dependencies.md:")


def name_of(line: str) -> str:
    """The name of a package in the form of lock files, from a line of requirements."""
    return re.split(r"[\[<>=~! ]", line)[0].lower().replace("_", "-")


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {
        "run.lock": [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["demo"]],
        "dev.lock": project["dependency-groups"]["dev"],
    }
    missing = []
    for lock, lines in wanted.items():
        locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / lock).read_text(), re.MULTILINE))
        names = {name_of(line) for line in lines}
        missing += [f"{name} in {lock}" for name in names - locked]
    none(missing, "Run `make lock`; not locked:")


def test_translations_are_asked_for_by_known_names() -> None:
    found = [
        f"{place(path, node.lineno)} {alias.asname}"
        for path in named(".py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if "gettext" in alias.name and (alias.asname or alias.name) not in GETTEXT | PGETTEXT
    ]
    none(found, "Only texts within _, _now and _lazy (or the plain names) are collected (scripts/messages.py):")


@pytest.mark.parametrize("language", ["zh_Hant", "zh_Hans"])
def test_every_message_is_translated(language: str) -> None:
    from babel.messages.pofile import read_po

    with (ROOT / "guanxi" / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        catalogue = read_po(file, locale=language, ignore_obsolete=True)
    known = {}
    problems = []
    for message in catalogue:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            known[(message.context or None, key)] = message
            texts = [message.string] if isinstance(message.string, str) else list(message.string)
            if message.fuzzy or not all(texts):
                problems.append(f"{'fuzzy' if message.fuzzy else 'empty'}: {key!r}")
            problems += [f"{error}: {key!r}" for error in placeholders_differ(message.id, texts)]
    problems += [
        f"missing: {text!r} ({where})" for (context, text), where in messages().items() if (context, text) not in known
    ]
    none(problems, f"Translate in guanxi/locale/{language}:")


def placeholders_differ(message: str | tuple[str, ...], texts: list[str]) -> list[str]:
    """What is wrong with the named placeholders of a translation: a plural may leave some out, nothing may add one."""
    originals = [message] if isinstance(message, str) else list(message)
    wanted = set().union(*map(placeholders, originals))
    least = wanted if len(originals) == 1 else set()
    return [
        f"placeholders {sorted(wanted)} expected in {text!r}"
        for text in texts
        if text and not least <= placeholders(text) <= wanted
    ]


def placeholders(text: str) -> set[str]:
    """The named placeholders of a message."""
    return {hit[0] for hit in re.finditer(r"%\(\w+\)[sd]|\{\w+\}", text)}
