"""What a file is: told by its content, held against its name."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from pathlib import PurePosixPath

import filetype
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.foundation.attachments.models import LONGEST_NAME

HEAD = 8192  # bytes that tell what a file is
BINARY = "application/octet-stream"
# What a system would run; a CRM is no place to pass it on.
PROGRAMS = {
    "application/x-msdownload", "application/x-executable", "application/x-mach-binary", "application/x-dosexec",
}  # fmt: skip
PROGRAM_ENDINGS = {
    "exe", "msi", "com", "scr", "pif", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "jar",
    "lnk", "reg", "dll", "cpl", "msc", "apk", "app", "sh",
}  # fmt: skip
# Endings that stand for the same kind of content; a name with one of them must hold one of its family.
FAMILIES = [
    {"jpg", "jpeg", "jpe", "jfif"}, {"png", "apng"}, {"gif"}, {"webp"}, {"bmp"}, {"heic", "heif"}, {"avif"}, {"ico"},
    {"tif", "tiff", "dng", "nef", "cr2"}, {"psd"}, {"pdf"}, {"rtf"},
    {"zip", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "docm", "xlsm", "pptm", "key", "numbers", "pages"},
    {"doc", "xls", "ppt", "msg"}, {"gz", "tgz"}, {"bz2"}, {"xz"}, {"7z"}, {"rar"}, {"tar"},
    {"mp4", "m4v", "mov", "m4a", "3gp"}, {"mp3"}, {"wav"}, {"ogg", "oga", "ogv", "opus"}, {"flac"}, {"amr"}, {"aac"},
    {"avi"}, {"mkv", "webm", "mka"}, {"sqlite", "db"},
]  # fmt: skip
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MARKUP = re.compile(rb"^\s*(?:<\?xml|<!doctype|<html|<svg|<script|<head|<body)", re.IGNORECASE)
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


def clean_name(name: str) -> str:
    """The name without folders, control signs and signs that turn the direction of writing; a long one is cut before
    its ending.
    """
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    text = " ".join(text.split()).strip(". ")
    if not text:
        raise Refused(_("The file has no name."), "file")
    if len(text) > LONGEST_NAME:
        ending = PurePosixPath(text).suffix[:20]
        text = f"{text[: LONGEST_NAME - len(ending) - 1]}…{ending}"
    return text


def ending_of(name: str) -> str:
    """The ending of a name in small letters, without its dot."""
    return PurePosixPath(name).suffix.lower().lstrip(".")


def check(name: str, head: bytes) -> str:
    """The media type of a file that begins with `head`. Raises Refused for programs and for names that lie."""
    ending = ending_of(name)
    found = filetype.guess(head)
    by_content, media = (found.extension, found.mime) if found else ("", "")
    if head.startswith(OLD_OFFICE):
        by_content, media = "doc", "application/x-ole-storage"
    if media in PROGRAMS or head.startswith((b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe")) or ending in PROGRAM_ENDINGS:
        raise Refused(_("“%(name)s” is a program; programs are not kept here.") % {"name": name}, "file")
    claimed = _family(ending)
    if claimed and by_content not in claimed:
        said = {"name": name, "ending": ending, "found": by_content or _("something else")}
        message = _("“%(name)s” is called %(ending)s but holds %(found)s. Give it the name that fits, or save it anew.")
        raise Refused(message % said, "file")
    if by_content and not claimed and ending in ("txt", "csv", "tsv", "md", "json", "xml", "html", "htm", "svg", "eml"):
        message = _("“%(name)s” is called %(ending)s but holds %(found)s. Give it the name that fits, or save it anew.")
        raise Refused(message % {"name": name, "ending": ending, "found": by_content}, "file")
    named = mimetypes.guess_type(f"x.{ending}")[0] or ""
    if claimed and named:
        return named  # a word processor's document is a ZIP file by content
    if media:
        return str(media)
    if MARKUP.match(head):
        return _markup(head.lower())
    if b"\x00" in head:
        return BINARY
    return (
        named if named.startswith(("text/", "application/json", "message/")) else "text/plain" if not named else BINARY
    )


def _markup(head: bytes) -> str:
    if b"<svg" in head[:1000]:
        return "image/svg+xml"
    return "text/xml" if head.lstrip().startswith(b"<?xml") else "text/html"


def _family(ending: str) -> set[str]:
    return next((family for family in FAMILIES if ending in family), set())


def served_as(media_type: str) -> str:
    """The type under which a file is handed out: nothing that a browser would run."""
    runs = ("html", "svg", "/xml", "+xml", "javascript", "ecmascript", "shockwave")
    return BINARY if any(word in media_type for word in runs) else media_type
