"""The container file, the compose file and the units of systemd say what the program knows: nothing is built here."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml
from django.test import Client

from guanxi.project.cli import cli

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
SETUP = (ROOT / "scripts" / "setup.py").read_text()
OPERATE = (ROOT / "docs" / "operate.md").read_text()
UNITS = sorted(DEPLOY.glob("*.service"))


def instructions() -> list[tuple[str, str]]:
    """The container file's instructions, lines that go on joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]  # type: ignore[misc]


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


def valid(words: list[str]) -> None:
    """Fail unless “guanxi …” names a command with such options."""
    assert words[0].rpartition("/")[2] == "guanxi", words
    command = cli.get_command(click.Context(cli), words[1])
    assert command is not None, words
    command.make_context(words[1], words[2:], resilient_parsing=False)


def commands() -> Iterator[list[str]]:
    for name, value in instructions():
        if name == "CMD":
            yield json.loads(value)
    for service in compose()["services"].values():
        if "command" in service:
            yield service["command"]
    for unit in UNITS:
        yield shlex.split(re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)[0])


def test_every_command_that_is_started_exists() -> None:
    assert [valid(words) for words in commands()]


def test_python_is_one_that_the_project_takes() -> None:
    (image,) = [value for name, value in instructions() if name == "FROM"]
    version = re.findall(r"python:(3\.\d+)", image)[0]
    least = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert tuple(map(int, version.split("."))) >= tuple(map(int, least.split(".")))
    assert f'"python{version}"' in SETUP  # set-up takes it
    assert any(value == "python3 scripts/setup.py run" for name, value in instructions() if name == "RUN")


def test_the_image_has_the_packages_that_set_up_installs() -> None:
    """What `make run` installs on Debian for PDF is in the image too."""
    installed = set(re.findall(r"[a-z0-9.+-]+", next(v for n, v in instructions() if n == "RUN" and "apt-get" in v)))
    wanted = set(re.findall(r"libpango[a-z0-9.-]+|libharfbuzz-subset0|fonts-noto-cjk", OPERATE))
    assert wanted and wanted <= installed


def settings_named() -> set[str]:
    named = set(re.findall(r"GUANXI_[A-Z_0-9]+", (DEPLOY / "compose.yaml").read_text()))
    return named | set(re.findall(r"GUANXI_[A-Z_0-9]+", (DEPLOY / "Containerfile").read_text()))


def test_every_setting_is_one_that_the_program_reads_and_the_documents_explain() -> None:
    read = (ROOT / "guanxi" / "project" / "settings.py").read_text()
    for name in settings_named():
        assert f'"{name}"' in read, f"{name} is read nowhere"
        assert f"| `{name}`" in OPERATE or f"`{name}`" in OPERATE, f"{name} stands not in docs/operate.md"


def test_health_is_asked_where_the_program_answers(client: Client, db: None) -> None:
    (check,) = [value for name, value in instructions() if name == "HEALTHCHECK"]
    url = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", check)[0]
    assert url[0] == dict(re.findall(r"(PORT)=(\d+)", " ".join(v for n, v in instructions() if n == "ENV")))["PORT"]
    assert client.get(url[1]).status_code in (200, 503)
    program = json.loads(check[check.index("[") :])[-1]
    compile(program, "healthcheck", "exec")


def test_services_wait_for_the_upgrade_and_share_one_home() -> None:
    services = compose()["services"]
    for name in ("web", "worker"):
        assert services[name]["depends_on"]["upgrade"]["condition"] == "service_completed_successfully"
        assert services[name]["volumes"] == ["home:/srv/guanxi"]
        assert services[name]["environment"]["GUANXI_DATABASE_URL"].startswith("postgres://")
    home = next(v for n, v in instructions() if n == "ENV")
    assert "GUANXI_HOME=/srv/guanxi" in home
    assert set(services["database"]["environment"]) == {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"}


def test_what_is_the_machines_own_stays_out_of_the_image() -> None:
    assert (ROOT / ".containerignore").read_text() == (ROOT / ".dockerignore").read_text()
    assert {"var", ".venv", "deploy/.env"} <= set((ROOT / ".containerignore").read_text().split())


def test_units_have_time_to_end_and_the_documents_name_them() -> None:
    from guanxi.project.server.supervisor import PATIENCE

    assert UNITS
    for unit in UNITS:
        assert int(re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)[0]) > PATIENCE
        assert f"deploy/{unit.name}" in OPERATE
    assert int(compose()["x-guanxi"]["stop_grace_period"].removesuffix("s")) > PATIENCE
