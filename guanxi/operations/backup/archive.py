"""The file of a backup: tar within Zstandard within age, written and read as a stream.

The first member says what made it (`about.json`), the last one (`manifest.json`) names every part with its size and
SHA-256: a file without it is cut off. Memory stays flat: nothing is held but one piece.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import pyarrow as pa
import pyrage
from django.utils.translation import gettext as _

from guanxi.foundation.actions import Refused
from guanxi.operations.backup import keys

ABOUT, MANIFEST = "about.json", "manifest.json"
PIECE = 8 << 20  # bytes of a part whose length is not known before
AT_ONCE = 1 << 20  # bytes that go from one stream to the next
AGE, ZSTD = b"age-encryption.org/v1", b"\x28\xb5\x2f\xfd"
FORMAT = 1


class Damaged(Refused):
    """The backup is cut off, changed, or none at all."""


@dataclass
class Part:
    """One member of the archive."""

    name: str
    size: int
    sha256: str


@dataclass
class Manifest:
    """What the archive holds, and what is told beside it."""

    parts: list[Part] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> bytes:
        parts = [[part.name, part.size, part.sha256] for part in self.parts]
        return json.dumps({"parts": parts, **self.told}, indent=1).encode()

    @classmethod
    def read(cls, text: bytes) -> Manifest:
        told = json.loads(text)
        return cls([Part(*values) for values in told.pop("parts")], told)

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)


class Writer:
    """Puts parts into an archive."""

    def __init__(self, target: BinaryIO) -> None:
        self.manifest = Manifest()
        self._packed = pa.CompressedOutputStream(pa.PythonFile(_Open(target), "w"), "zstd")
        # As much at once as its buffer holds, which is copied with each piece that comes.
        more: Any = {"copybufsize": AT_ONCE}
        self._tar = tarfile.open(fileobj=cast("Any", self._packed), mode="w|", bufsize=AT_ONCE, **more)  # noqa: SIM115

    def add(self, name: str, content: bytes | memoryview) -> None:
        """One part out of memory."""
        self.add_stream(name, io.BytesIO(content), len(content))

    def add_stream(self, name: str, source: IO[bytes], size: int) -> None:
        """One part of a known size; `source` may be a file that grows meanwhile."""
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = size, int(time.time()), 0o600
        hashing = _Hashing(source)
        self._tar.addfile(member, cast("Any", hashing))
        self.manifest.parts.append(Part(name, size, hashing.sha.hexdigest()))

    def add_pieces(self, name: str, pieces: Iterable[bytes | memoryview]) -> None:
        """Numbered parts `name.000001` … of something whose length is not known before."""
        number, held, size = 0, [], 0
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= PIECE:
                number += 1
                self.add(f"{name}.{number:06}", b"".join(held))
                held, size = [], 0
        if held or not number:
            self.add(f"{name}.{number + 1:06}", b"".join(held))

    def close(self) -> None:
        """Write the manifest and end the archive."""
        content = self.manifest.as_json()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mtime, member.mode = len(content), int(time.time()), 0o600
        self._tar.addfile(member, io.BytesIO(content))
        self._tar.close()
        self._packed.close()

    def leave(self) -> None:
        """Write no more, whatever is still held: what was broken off is thrown away."""
        cast("Any", self._tar).closed = True
        if self._tar.fileobj is not None:  # tarfile's own stream, which else writes when it is thrown away
            cast("Any", self._tar.fileobj).closed = True


class Reader:
    """Walks the parts of an archive in their order."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._packed = pa.CompressedInputStream(pa.PythonFile(_Open(source), "r"), "zstd")
        self._tar = tarfile.open(fileobj=cast("Any", self._packed), mode="r|", bufsize=AT_ONCE)  # noqa: SIM115

    def parts(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Name and content of each part; a content is to be read before the next part is asked for."""
        for member in self._tar:
            content = self._tar.extractfile(member)
            if content is None:
                raise Damaged(_("The backup holds “%(name)s”, which is no file.") % {"name": member.name})
            yield member.name, content

    def drain(self) -> None:
        """Read what is behind the last part, so that a change there shows too."""
        for stream in (self._packed, self._source):
            while stream.read(1 << 20):
                pass


class _Hashing:
    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.sha = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self.source.read(size)
        self.sha.update(content)
        return content


class _Open:
    """A file that Arrow does not close."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, content: Any) -> int:
        self._file.write(content)
        return len(content)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        pass


# Writing to a file ------------------------------------------------------------------------------------------------


@contextmanager
def writing(target: Path, key: str = "") -> Iterator[Writer]:
    """An archive at `target`: under another name until it is whole, taken away where the block raises."""
    draft = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with _encrypting(file, key) if key else contextlib.nullcontext(file) as sink:
                writer = Writer(sink)
                try:
                    yield writer
                    writer.close()
                finally:
                    writer.leave()
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _encrypting(file: BinaryIO, key: str) -> Iterator[BinaryIO]:
    """What is written goes through age in a thread, for age pulls its plain text."""
    to = keys.recipient(key)
    reading, writing_end = os.pipe()
    faults: list[BaseException] = []

    def encrypt() -> None:
        with os.fdopen(reading, "rb") as plain:
            try:
                pyrage.encrypt_io(plain, file, [to])
            except BaseException as error:  # noqa: BLE001  raised again by whoever waits
                faults.append(error)

    thread = threading.Thread(target=encrypt, name="age", daemon=True)
    thread.start()
    sink = os.fdopen(writing_end, "wb")
    try:
        yield sink
        sink.close()
    except BrokenPipeError:
        thread.join()
        if not faults:
            raise
    finally:
        with contextlib.suppress(BrokenPipeError):
            sink.close()
        thread.join()
    if faults:
        raise OSError(*_reason(faults[0])) from faults[0]


def _reason(error: BaseException) -> tuple[Any, ...]:
    """What the system said, which age hands on as a text only."""
    import errno

    text = str(error)
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        if f"[Errno {number}]" in text:
            return number, os.strerror(number)
    return (text,)


# Reading from a file ----------------------------------------------------------------------------------------------


def is_encrypted(path: Path) -> bool:
    """Whether a backup was encrypted. Raises Damaged where it is none."""
    try:
        with path.open("rb") as file:
            start = file.read(len(AGE))
    except OSError as error:
        raise Refused(_("%(path)s cannot be read: %(why)s.") % {"path": path, "why": error.strerror}) from error
    if start == AGE:
        return True
    if start.startswith(ZSTD):
        return False
    raise Damaged(_("%(path)s is no backup of Guanxi.") % {"path": path})


@contextmanager
def reading(path: Path, key: str = "") -> Iterator[Reader]:
    """The archive at `path`. Raises Damaged where it is cut off or was changed, Refused where the key is not its."""
    encrypted = is_encrypted(path)
    if encrypted and not key:
        raise Refused(_("This backup is encrypted; name its secret key with --key-file."), "key")
    with path.open("rb") as file, _decrypting(file, key) if encrypted else contextlib.nullcontext(file) as source:
        try:
            yield Reader(source)
        except (tarfile.TarError, pa.ArrowException, EOFError, OSError, ValueError, KeyError) as error:
            if isinstance(error, OSError) and error.errno and not isinstance(error, BrokenPipeError):
                raise
            raise Damaged(
                _("The backup is damaged: it was cut off or changed. Nothing was written; take another one.")
            ) from error


@contextmanager
def _decrypting(file: BinaryIO, key: str) -> Iterator[BinaryIO]:
    opener = keys.identity(key)
    reading_end, writing_end = os.pipe()
    faults: list[BaseException] = []

    def decrypt() -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(writing_end, "wb") as plain:
            try:
                pyrage.decrypt_io(file, plain, [opener])
            except BaseException as error:  # noqa: BLE001  raised again by whoever reads
                faults.append(error)

    thread = threading.Thread(target=decrypt, name="age", daemon=True)
    thread.start()
    source = os.fdopen(reading_end, "rb")
    try:
        yield source
    finally:
        source.close()
        thread.join()
        fault = faults[0] if faults else None
        if isinstance(fault, pyrage.DecryptError):
            raise Refused(_("This key does not open the backup: it was made with another."), "key") from fault
        if fault is not None and "Broken pipe" not in str(fault):  # which only says that we read no further
            raise Damaged(
                _("The backup is damaged: it was cut off or changed. Nothing was written; take another one.")
            ) from fault


def about(path: Path, key: str = "") -> dict[str, Any]:
    """What the first part says: who made the backup, of what, when."""
    with reading(path, key) as reader:
        for name, content in reader.parts():
            if name == ABOUT:
                told: dict[str, Any] = json.loads(content.read())
                return told
            break
    raise Damaged(_("%(path)s is no backup of Guanxi.") % {"path": path})


def verify(path: Path, key: str = "") -> Manifest:
    """Read the whole archive and compare every part with the manifest. Raises Damaged; writes nothing."""
    found: dict[str, tuple[int, str]] = {}
    manifest = None
    with reading(path, key) as reader:
        for name, content in reader.parts():
            if name == MANIFEST:
                manifest = Manifest.read(content.read())
                continue
            sha, size = hashlib.sha256(), 0
            while piece := content.read(1 << 20):
                sha.update(piece)
                size += len(piece)
            found[name] = size, sha.hexdigest()
        reader.drain()
    if manifest is None:
        raise Damaged(_("The backup is cut off: its end is missing. Nothing was written; take another one."))
    wanted = {part.name: (part.size, part.sha256) for part in manifest.parts}
    if wanted != found:
        wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        raise Damaged(
            _("The backup is damaged: “%(name)s” is not as it was written. Nothing was written; take another one.")
            % {"name": wrong[0]}
        )
    return manifest
