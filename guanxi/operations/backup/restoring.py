"""The way back from a backup: everything is verified and built beside what is there, and then takes its place.

Until then nothing of the old is touched, so that a restore that is killed leaves all as it was. What has to follow
(the renaming, erasures done again, the lake) stands in a journal in the home and is gone on with by the next start.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.customers.rights import erasing
from guanxi.foundation.actions import Refused
from guanxi.foundation.sealing import sealing
from guanxi.foundation.tasks import worker
from guanxi.foundation.tasks.running import progress
from guanxi.lake import refresh, sources, store
from guanxi.operations import actions
from guanxi.operations.backup import archive, home, lake, loading, snapshots

JOURNAL = "restore.json"
Say = Callable[[str], None]


def journal_path() -> Path:
    """Where it stands how far a restore has come."""
    return Path(settings.GUANXI_HOME) / JOURNAL


def begun() -> bool:
    """Whether a restore has taken the place of the old, but is not at its end."""
    return journal_path().exists()


def moved() -> bool:
    """Whether all has taken its place, and only what follows is left."""
    return bool(json.loads(journal_path().read_text(encoding="utf-8"))["state"] == "finishing")


def restore(path: Path, key: str = "", replace: bool = False, say: Say = print) -> None:
    """Put what a backup holds in the place of what is there.

    Raises Refused, with nothing changed, where the backup is damaged, of a newer version or of the other kind of
    database, where Guanxi runs, where there is no room, or where there are data and not `replace`.
    """
    about = archive.about(path, key)
    _require_fitting(about)
    _require_quiet()
    if not replace and _has_data():
        raise Refused(_("There are data here. With --replace they are set aside, and the backup takes their place."))
    stamp = timezone.now().strftime("%Y%m%d_%H%M%S")
    fresh = not _has_data()
    staging = Staging(about)
    with ThreadPoolExecutor(1) as pool:  # PostgreSQL makes the tables meanwhile
        verifying = pool.submit(copy_context().run, archive.verify, path, key)
        manifest = staging.fill(path, key, lambda: _fitting(verifying.result(), staging, say))
    journal = {"state": "moving", "stamp": stamp, "moves": staging.moves(stamp), "fresh": fresh}
    _write_journal({**journal, "about": about, **manifest.told})
    go_on(say)


def _fitting(manifest: archive.Manifest, staging: Staging, say: Say) -> archive.Manifest:
    """What was verified, if there is room for it."""
    say(_("Verified: %(parts)s parts, %(size)s MB.") % _sizes(manifest))
    snapshots.require_room(staging.home, manifest.size)
    return manifest


def _sizes(manifest: archive.Manifest) -> dict[str, str]:
    return {"parts": f"{len(manifest.parts):,}", "size": f"{manifest.size / 1e6:,.0f}"}


def _require_fitting(about: dict[str, Any]) -> None:
    unknown = loading.unknown_migrations(about["migrations"])
    if about["format"] > archive.FORMAT or unknown:
        raise Refused(
            _("This backup was made by version %(theirs)s, which is newer than this program (%(what)s). Upgrade first.")
            % {"theirs": about["version"], "what": ", ".join(unknown[:3]) or about["format"]}
        )
    if about["vendor"] != connection.vendor:
        raise Refused(
            _("This backup is of a %(theirs)s database, and GUANXI_DATABASE_URL names one of %(ours)s.")
            % {"theirs": about["vendor"], "ours": connection.vendor}
        )


def _tables() -> list[str]:
    return connection.introspection.table_names()


def _has_data() -> bool:
    if "foundation_user" not in _tables():
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM foundation_user) OR EXISTS (SELECT 1 FROM customers_party)")
        return bool(cursor.fetchone()[0])


def _require_quiet() -> None:
    try:
        running = "tasks_worker" in _tables() and worker.alive()
    except DatabaseError:
        return  # what is there is of no use; that is why one restores
    finally:
        connection.close()
    if running:
        raise Refused(_("Guanxi is running here. Stop it first (the service, “guanxi serve”, every “guanxi worker”)."))


class Staging:
    """Where everything is built, beside the places that it will take."""

    def __init__(self, about: dict[str, Any]) -> None:
        self.about = about
        self.is_verified = False
        self.home = Path(settings.GUANXI_HOME)
        self.small = self.home / "restoring"
        self.files = _beside(Path(settings.MEDIA_ROOT))
        self.lake = _beside(Path(settings.GUANXI_LAKE)) if store.is_local() else self.small / "lake"
        self.database = _beside(Path(str(connection.settings_dict["NAME"])))
        for folder in (self.small, self.files, self.lake):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self.database.unlink(missing_ok=True)

    def fill(self, path: Path, key: str, verified: Callable[[], archive.Manifest]) -> archive.Manifest:
        """Write everything beside, and bring it up to this program's version. Nothing is read before it is `verified`;
        where that raises, nothing is left."""
        try:
            if connection.vendor == "postgresql":
                manifest = self._load(path, key, verified)
            else:
                manifest = self._verify(verified)
                self._walk(path, key, manifest, None)
                self._upgrade_sqlite()
        finally:
            if not self.is_verified:
                self._discard()
        _merge_erasures(self.small / "home" / "erasures.jsonl")
        return manifest

    def _verify(self, verified: Callable[[], archive.Manifest]) -> archive.Manifest:
        manifest = verified()
        self.is_verified = True
        return manifest

    def _load(self, path: Path, key: str, verified: Callable[[], archive.Manifest]) -> archive.Manifest:
        with loading.loading(self.about) as load:
            manifest = self._verify(verified)
            self._walk(path, key, manifest, load)
            load.finish(manifest.told["rows"])
        return manifest

    def _discard(self) -> None:
        for folder in (self.small, self.files, self.lake):
            shutil.rmtree(folder, ignore_errors=True)
        if connection.vendor == "postgresql":
            loading.drop_staged()

    def _walk(self, path: Path, key: str, manifest: archive.Manifest, load: loading.Load | None) -> None:
        done = 0
        with archive.reading(path, key) as reader:
            for number, (name, content) in enumerate(reader.parts()):
                progress(done, manifest.size, _("Restoring"))
                if load is not None and name.startswith("database/"):
                    load.take(name.removeprefix("database/").rpartition(".")[0], content)
                elif name not in (archive.ABOUT, archive.MANIFEST):
                    _write(self._place_of(name), content)
                done += manifest.parts[number].size if number < len(manifest.parts) else 0

    def _place_of(self, name: str) -> Path:
        top, _slash, rest = name.partition("/")
        if top == "database":
            return self.database
        folder = {"files": self.files, "lake": self.lake}.get(top)
        place = (folder / rest if folder else self.small / name).resolve()
        if not place.is_relative_to((folder or self.small).resolve()):
            raise archive.Damaged(_("The backup holds “%(name)s”, which is no file.") % {"name": name})
        return place

    def _upgrade_sqlite(self) -> None:
        progress(message=_("Bringing the database up to date"))
        name = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = str(self.database)
        try:
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
            connection.settings_dict["NAME"] = name

    def moves(self, stamp: str) -> list[list[str]]:
        """What takes which place, and where the old goes."""
        found: list[list[str]] = []
        if connection.vendor == "sqlite":
            current = str(connection.settings_dict["NAME"])
            # What the old one had written ahead goes with it; the new one has nothing written ahead.
            found += [["", f"{current}{end}", f"{current}.before-{stamp}{end}"] for end in ("-wal", "-shm")]
            found.append([str(self.database), current, f"{current}.before-{stamp}"])
        pairs: list[tuple[Path, Path]] = []
        whole = not self.about["only"]
        if whole and home.is_local():
            pairs.append((self.files, Path(settings.MEDIA_ROOT)))
        if whole and store.is_local():
            pairs.append((self.lake, Path(settings.GUANXI_LAKE)))
        small = self.small / "home"
        pairs += [(path, self.home / path.name) for path in (sorted(small.iterdir()) if small.is_dir() else ())]
        return found + [[str(new), str(current), f"{current}.before-{stamp}"] for new, current in pairs]


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.restoring")


def _write(place: Path, content: IO[bytes]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
    place.chmod(0o600)


def _merge_erasures(restored: Path) -> None:
    """Whoever was erased since the backup stays erased: the log that is here is added to the one of the backup."""
    lines = [path.read_text(encoding="utf-8").splitlines() for path in (restored, erasing.log_path()) if path.exists()]
    merged = list(dict.fromkeys(line for part in lines for line in part))
    if merged:
        restored.parent.mkdir(parents=True, exist_ok=True)
        restored.write_text("\n".join(merged) + "\n", encoding="utf-8")


def _write_journal(journal: dict[str, Any]) -> None:
    draft = journal_path().with_suffix(".draft")
    draft.write_text(json.dumps(journal), encoding="utf-8")
    draft.replace(journal_path())


# Taking the place -------------------------------------------------------------------------------------------------


def go_on(say: Say) -> None:
    """Let what was built take its place, and do what follows; again after having been broken off, where it stood."""
    journal = json.loads(journal_path().read_text(encoding="utf-8"))
    if journal["state"] == "moving":
        if connection.vendor == "postgresql":
            loading.swap(f"before_{journal['stamp']}")
        connection.close()
        for new, current, aside in journal["moves"]:
            _move(new, Path(current), Path(aside))
        _write_journal({**journal, "state": "finishing"})
    # In a process of its own, which reads the restored settings and the restored secret key.
    done = subprocess.run([sys.executable, "-m", "guanxi.project.cli", "restore", "--finish"], check=False)
    if done.returncode:
        raise Refused(
            _("The restore is not at its end; mend what was said above and go on with: guanxi restore --finish")
        )


def _move(new: str, current: Path, aside: Path) -> None:
    """One step: the old aside, the new in its place; where it was done already, nothing."""
    if new and not Path(new).exists():
        return
    if current.exists() and not aside.exists():
        current.rename(aside)
    if new:
        Path(new).rename(current)


def finish(say: Say) -> None:
    """What follows once all is in its place: erasures, lake, and what the backup could not know."""
    journal = json.loads(journal_path().read_text(encoding="utf-8"))
    about = journal["about"]
    small = Path(settings.GUANXI_HOME) / "restoring"
    if not home.is_local():
        files = _beside(Path(settings.MEDIA_ROOT))
        say(_("Files put into the storage: %s") % home.give_to_storage(files))
        shutil.rmtree(files, ignore_errors=True)
    if about["key"] != home.fingerprint():
        say(
            _(
                "The secret key is another one: everybody has to log in again, and erased customers are not known. "
                "Bring the old one (GUANXI_SECRET_KEY, or “secret-key” in the home)."
            )
        )
    again = erasing.replay()
    if again:
        say(_("Erased again: %s") % again)
    lake.restore_rows(small / "lake-rows")
    behind = _behind(about["mark"]) if "mark" in about else None
    loaded = lake.discard_what_does_not_fit(journal["lake"], behind)
    say(_("The lake is brought up to date.") + (f" ({', '.join(loaded)})" if loaded else ""))
    # A lake that was left alone may know more than the restored database.
    full = not store.is_local() or about["lake"] == "rows" or bool(about["only"])
    refresh.refresh(full=full, wait=lake.WAIT)
    if "mark" in about:
        sealing.carry_over()
    if not about["only"]:
        actions.end_restored_backup(sum(journal["rows"].values()))
    actions.end_broken_backups()
    shutil.rmtree(small, ignore_errors=True)
    journal_path().unlink()
    say(_("Restored the backup of %(moment)s.") % {"moment": about["made_at"][:16].replace("T", " ")})
    _say_what_is_aside(journal, say)


def _behind(taken: int) -> Callable[[Any, int], bool]:
    """Whether a table of the lake had not read all that concerned it when the backup was made."""

    def behind(table: Any, mark: int) -> bool:
        since = mark - taken
        return sources.something_gone(since, 0) or refresh.concerned(table, since, 0)

    return behind


def _drop_empty(aside: list[Path], stamp: str) -> None:
    for place in aside:
        if ".sqlite3" in place.name:
            place.unlink()
        elif place.is_dir() and not any(path.is_file() for path in place.rglob("*")):
            shutil.rmtree(place)
    if connection.vendor == "postgresql":
        loading.drop(f"before_{stamp}")


def _say_what_is_aside(journal: dict[str, Any], say: Say) -> None:
    aside = [Path(place) for _new, _current, place in journal["moves"] if Path(place).exists()]
    if journal["fresh"]:  # there was nothing in it
        _drop_empty(aside, journal["stamp"])
    left = [str(place) for place in aside if place.exists()]
    if connection.vendor == "postgresql" and not journal["fresh"]:
        left.append(_("schema before_%s of the database") % journal["stamp"])
    if left:
        say(_("What was there before is kept; take it away when all is well:"))
        for line in left:
            say(f"  {line}")
