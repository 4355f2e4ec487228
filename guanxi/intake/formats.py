"""What a file is: its format, encoding, separator, columns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused

SEPARATOR_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


@dataclass
class FileFormat:
    """How to read a file. `kind` is text, xlsx, parquet, vcard or jsonl; `columns` are unique, empty ones named
    by their place.
    """

    kind: str
    columns: list[str]
    encoding: str = "utf-8"
    separator: str = ","
    old_mac: bool = False  # lines end with CR alone
    header_row: int = 1

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        if self.kind != "text":
            return {"vcard": "vCard", "jsonl": "JSON"}.get(self.kind, self.kind.upper())
        return f"{self.encoding}, {SEPARATOR_NAMES.get(self.separator, self.separator)}"


REMARKS = ["row", "column", "value", "reason"]  # what a file of rejected rows puts before the columns of the row itself
RENAMED = [f"rejected {name}" for name in REMARKS]  # the same where the file has such columns of its own


def is_rejects(columns: list[str]) -> bool:
    """Whether a file is one of rejected rows, mended perhaps."""
    return columns[: len(REMARKS)] in (REMARKS, RENAMED)


def damaged_parquet(path: Path) -> Refused:
    """What to say of a Parquet file that cannot be read to its end."""
    return Refused(_("The Parquet file %(name)s is damaged; write or fetch it anew.") % {"name": path.name}, "file")
