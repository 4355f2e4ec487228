"""`guanxi serve` and `guanxi worker`."""

from __future__ import annotations

import errno
import http.client
import os
import shutil
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import click

from guanxi.project.cli import boot
from guanxi.project.cli.setup import initialised, pending_migrations, prepare
from guanxi.project.server.supervisor import Child, Supervisor, python

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on.  [default: PORT, else 8000]")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes for background tasks."
)
@click.option(
    "--web-processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes for requests."
)
@click.option(
    "--first-run", is_flag=True, help="In an empty home: import the demonstration data and make the user admin."
)
def serve(host: str, port: int | None, workers: int, web_processes: int, first_run: bool) -> None:
    """Run web, workers and scheduler as one, until SIGTERM or SIGINT. Makes or upgrades the database where needed."""
    boot()
    from django.conf import settings

    port = port or settings.PORT
    check_port(host, port)
    if host not in LOOPBACK and not os.environ.get("GUANXI_HOSTS"):
        _say("only requests to localhost are answered; set GUANXI_HOSTS to the names this machine is called by")
    prepare(_say)
    lines: list[str] = []
    if first_run:
        from guanxi.project.cli.first_run import fill

        lines = fill(_say)
    from django.db import connection

    connection.close()
    share_metrics()
    children = [Child("web", python("-m", "guanxi.project.server.web", host, str(port), str(web_processes)))]
    for number in range(1, workers + 1):
        quick = ["--quick"] if number > 1 else []
        children.append(Child(f"worker {number}", python("-m", "guanxi.project.cli", "worker", "--child", *quick)))
    Supervisor(children, _say).run(_announcer(host, port, lines))
    _say("stopped")


GIVES_WAY = 5  # beside a web server of the same machine: whoever waits for a page comes first


@click.command()
@click.option("--quick", is_flag=True, help="Leave long tasks, such as imports, to other workers.")
@click.option("--child", is_flag=True, hidden=True, help="End when the process that started this one ends.")
def worker(quick: bool, child: bool) -> None:
    """Run one worker, which also schedules, until SIGTERM or SIGINT; a running task then goes back to the queue."""
    parent = os.getppid() if child else None
    boot()
    from guanxi.operations.backup import restoring

    if restoring.begun():
        raise click.ClickException("A restore was broken off; go on with it first: guanxi restore --finish")
    if not initialised() or pending_migrations():
        raise click.ClickException("The database is not initialised, or older than this program: run “guanxi init”.")
    from guanxi.foundation.tasks.worker import WorkerProcess

    if child:
        os.nice(GIVES_WAY)
    process = WorkerProcess(quick, parent)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.stop())
    process.run()


def share_metrics() -> None:
    """Let the web processes count into one folder, begun anew, so that /metrics tells of all of them."""
    from django.conf import settings

    folder = Path(settings.GUANXI_HOME) / "scratch" / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def check_port(host: str, port: int) -> None:
    """Raise ClickException where nothing can listen on `host` and `port`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = "it is in use. Stop what listens there, or choose another port with --port or PORT"
        elif error.errno == errno.EACCES:
            hint = "this user may not use it. Choose a port above 1023 with --port or PORT"
        else:
            hint = f"{error.strerror}. Choose an address of this machine with --host"
        raise click.ClickException(f"Cannot listen on {host} port {port}: {hint}.") from error


def _announcer(host: str, port: int, lines: list[str]) -> Callable[[], bool]:
    """A function that says where the site is as soon as it answers."""
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    shown = f"[{reach}]" if ":" in reach else reach

    def announce() -> bool:
        connection = http.client.HTTPConnection(reach, port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 503:
                return False
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        click.echo("\n".join([f"Guanxi is ready: http://{shown}:{port}/", *lines]))
        return True

    return announce


def _say(line: str) -> None:
    click.echo(f"guanxi: {line}", err=True)
