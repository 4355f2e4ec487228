"""The checkout's own sources, as the house's rules read them."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LITERAL = r"""u?("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
CALL = re.compile(rf"\b(_|gettext|ngettext|pgettext|npgettext)\(\s*{LITERAL}(?:\s*,\s*{LITERAL})?", re.DOTALL)
GETTEXT = {"_", "_now", "_lazy", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
PGETTEXT = {"pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"}


@cache
def files() -> list[Path]:
    """Every file of the checkout that git keeps or would keep."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


def named(*suffixes: str, tests: bool = False) -> list[Path]:
    """Files of the product with one of these endings; migrations left out, tests too unless asked for."""
    return [
        path
        for path in files()
        if path.suffix in suffixes
        and path.relative_to(ROOT).parts[0] == "guanxi"
        and "migrations" not in path.parts
        and (tests or "tests" not in path.parts)
    ]


def place(path: Path, line: int | None = None) -> str:
    """`path` as people write it, from the top of the checkout."""
    return str(path.relative_to(ROOT)) + (f":{line}" if line else "")


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(), str(path))


def calls(path: Path) -> Iterator[tuple[ast.Call, str, str]]:
    """Every call in a Python file: the node, the source of what is called on, the name called."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node, ast.unparse(node.func.value), node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node, "", node.func.id


def imports(path: Path) -> set[str]:
    """The top names of all modules that a Python file imports."""
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


def messages() -> dict[tuple[str | None, str], str]:
    """Every (context, message) that people can see, and where it stands."""
    found: dict[tuple[str | None, str], str] = {}
    for path in named(".py"):
        for node, _, name in calls(path):
            texts = [
                value.value for value in node.args if isinstance(value, ast.Constant) and isinstance(value.value, str)
            ]
            if name in GETTEXT and texts:
                found.setdefault((None, texts[0]), place(path, node.lineno))
            elif name in PGETTEXT and len(texts) > 1:
                found.setdefault((texts[0], texts[1]), place(path, node.lineno))
    for path in named(".html", ".txt"):
        if "templates" in path.parts:
            found |= {message: place(path) for message in template_messages(path.read_text()) if message not in found}
    return found


def template_messages(source: str) -> set[tuple[str | None, str]]:
    """The (context, message) pairs of one template."""
    from django.utils.translation.template import templatize

    found = set()
    for name, first, second in CALL.findall(templatize(source)):
        texts = [ast.literal_eval(text) for text in (first, second) if text]
        found.add((texts[0], texts[1]) if name in PGETTEXT and len(texts) > 1 else (None, texts[0]))
    return found
