"""The documents say what is: links lead somewhere, commands and their options, targets and settings exist."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from guanxi.project.cli import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOP = ("guanxi/", "tests/", "docs/", "scripts/", "benchmarks/", "requirements/", ".ci/")
INTERNAL = {"GUANXI_FIRST_RUN"}  # set by one of our processes for another
FOR_TESTS = re.compile("GUANXI_TEST|GUANXI_CHROMIUM")

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def without_code(text: str) -> str:
    """The text without its blocks of code, in which brackets are no links."""
    return re.sub(r"^(```.*?^```|    .*?$)", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as they are made where it is shown."""
    heads = re.findall(r"^#+ (.*)$", without_code(path.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", unicodedata.normalize("NFC", head.lower())).replace(" ", "-") for head in heads}


def code(text: str) -> Iterator[str]:
    """What stands in a document as code: spans, and the lines of blocks."""
    for block in re.findall(r"^```.*?\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"^    +(\S.*)$", text, flags=re.MULTILINE)
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text))


@each_document
def test_links_lead_somewhere(path: Path) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)", without_code(path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        found = (path.parent / name).resolve() if name else path
        if not found.exists() or (anchor and found.suffix == ".md" and anchor not in anchors(found)):
            lost.append(target)
    assert not lost, f"{path.name} links to what is not there: {lost}"


def there(name: str) -> bool:
    """Whether a path exists; `tests/…` may be that of the package which the document is about."""
    return (ROOT / name).exists() or (name.startswith("tests/") and any((ROOT / "guanxi").rglob(name)))


@each_document
def test_paths_are_there(path: Path) -> None:
    named = {span.split("::")[0] for span in code(path.read_text()) if span.startswith(TOP) and " " not in span}
    lost = [name for name in named if not re.search(r"[<*{…]", name) and not there(name)]
    assert not lost, f"{path.name} names files that are not there: {lost}"


def resolved(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that `words` after “guanxi” name, and its arguments. Raises LookupError where there is none."""
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        context = click.Context(command)
        following = command.get_command(context, rest[0])
        if following is None:
            raise LookupError(rest[0])
        command = following
        rest.pop(0)
    return command, rest


@each_document
def test_commands_exist(path: Path) -> None:
    wrong = []
    for text in code(path.read_text()):
        said = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?guanxi ([a-z-].*)", text)
        if said is None:
            continue
        words = [word for word in shlex.split(said[1].split(" #")[0].split(" | ")[0], posix=True) if word]
        try:
            command, rest = resolved(words)
        except LookupError as unknown:
            wrong.append(f"{text}: no command {unknown}")
            continue
        known = {name for option in command.params for name in [*option.opts, *option.secondary_opts]}
        asked = {word.strip("[]").split("=")[0] for word in rest if word.strip("[]").startswith("--")}
        wrong += [f"{text}: no option {name}" for name in asked - known - {"--help", "--version", "-h"}]
    assert not wrong, wrong


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    command, _ = resolved([name])
    commands = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    for one in commands:
        assert one.get_help(click.Context(one)).startswith("Usage:")
        assert one.help, f"guanxi {name} says nothing of itself"
        silent = [option.name for option in one.params if isinstance(option, click.Option) and not option.help]
        assert not [name for name in silent if name != "help"], f"options of guanxi {name} without a word"


@each_document
def test_make_targets_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    asked = {said[1] for text in code(path.read_text()) if (said := re.match(r"(?:\w+=\S+ )*make ([a-z]+)", text))}
    assert asked <= targets, f"{path.name} names targets that the Makefile has not: {asked - targets}"


def test_settings_are_documented_and_documented_ones_exist() -> None:
    sources = [path for folder in ("guanxi", "scripts") for path in (ROOT / folder).rglob("*.py")]
    sources = [path for path in sources if "tests" not in path.parts] + [ROOT / "conftest.py", ROOT / "Makefile"]
    pattern = re.compile(r"\bGUANXI_[A-Z]+(?:_[A-Z]+)*\b")
    read = {name for path in sources for name in pattern.findall(path.read_text())}
    told = {name for path in DOCUMENTS for name in pattern.findall(path.read_text())}
    assert told <= read, f"the documents name settings that nothing reads: {sorted(told - read)}"
    environ = re.compile(r"(?:environ(?:\.get\(|\[)|_number\(|_date\(|_list\()\s*\"(GUANXI_[A-Z_]+)\"")
    settings = {name for path in sources for name in environ.findall(path.read_text())} - INTERNAL
    missing = sorted(name for name in settings - told if not FOR_TESTS.match(name))
    assert not missing, f"settings that no document explains: {missing}"
