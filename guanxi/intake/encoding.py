"""In which encoding a file is written, by looking at its bytes."""

from __future__ import annotations

import codecs
import re

import numpy as np


def find_encoding(head: bytes) -> str:
    """The encoding of a sample. A few rows in another encoding do not sway it."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    zeros = np.flatnonzero(np.frombuffer(head[:4096], dtype=np.uint8) == 0)
    if len(zeros) > len(head[:4096]) // 4:  # every other byte of Latin text
        return "utf-16-le" if (zeros % 2).mean() > 0.5 else "utf-16-be"
    lines = [line for line in head[: head.rfind(b"\n") + 1 or None].split(b"\n") if not line.isascii()]
    if not lines or sum(_is_utf8(line) for line in lines) * 2 >= len(lines):
        return "utf-8"
    return _find_old_encoding(b"\n".join(lines))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _find_old_encoding(text: bytes) -> str:
    """Latin, simplified or traditional Chinese, by how their bytes come in pairs.

    Latin letters beyond ASCII mostly stand alone. Of the second bytes of Big5 two fifths lie below 0x7F; those of the
    common characters of GB 2312 never do.
    """
    pairs = re.findall(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]", text)
    high = re.findall(rb"[\x80-\xff]+", text)
    alone = sum(len(run) == 1 for run in high)
    if not pairs or _decodes(text, "gb18030") + _decodes(text, "big5hkscs") == 0:
        return "cp1252"
    common_gb = sum(0xB0 <= a <= 0xD7 and b >= 0xA1 for a, b in pairs) / len(pairs)
    common_big5 = sum(0xA4 <= a <= 0xC6 and (b <= 0x7E or b >= 0xA1) for a, b in pairs) / len(pairs)
    low = sum(b <= 0x7E for _a, b in pairs) / len(pairs)
    if alone > 0.8 * len(high) and max(common_gb, common_big5) < 0.7:
        return "cp1252"
    if low > 0.1 and _decodes(text, "big5hkscs"):
        return "big5hkscs"
    return "gb18030" if common_gb >= common_big5 - 0.3 or not _decodes(text, "big5hkscs") else "big5hkscs"


def _decodes(text: bytes, encoding: str) -> bool:
    """Whether all but a few rows decode."""
    return text.decode(encoding, "replace").count("\ufffd") <= len(text) // 200
