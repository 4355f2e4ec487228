"""`guanxi bench`: make data of a size, do with it what users do, and print each figure beside its floor."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks import crowds, data, floors, lifetime, matching, states
from benchmarks.measure import Figure, command

SIZES = {"10k": 10_000, "30k": 30_000, "100k": 100_000, "300k": 300_000, "1M": 1_000_000}
console = Console(width=None if sys.stdout.isatty() else 150)


@click.command()
@click.option(
    "--size",
    "sizes",
    multiple=True,
    type=click.Choice(list(SIZES)),
    default=("10k", "100k"),
    show_default=True,
    help="Customers (ten order lines each); give several to see the growth.",
)
@click.option(
    "--database",
    "databases",
    multiple=True,
    type=click.Choice(["sqlite", "postgres"]),
    default=("sqlite", "postgres"),
    show_default=True,
    help="Which database; repeatable.",
)
@click.option("--models", is_flag=True, help="Fit and score the models alone, on a million simulated customers.")
@click.option("--matching", "duplicates", is_flag=True, help="Find duplicates alone, among a million drawn customers.")
@click.option("--boards", is_flag=True, help="Boards, calendars and groups alone, over as many cards as the sizes say.")
@click.option("--people", type=click.IntRange(1), help="So many people at once, on the first size and each database.")
@click.option("--minutes", type=float, default=5.0, show_default=True, help="With --people: how long.")
@click.option("--keeping", is_flag=True, help="Back up and restore alone.")
@click.option("--mail", is_flag=True, help="Read a mailbox of 100,000 messages alone, with workers killed on the way.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where the data lie; kept.")
def bench(
    sizes: tuple[str, ...],
    databases: tuple[str, ...],
    models: bool,
    duplicates: bool,
    boards: bool,
    people: int | None,
    minutes: float,
    keeping: bool,
    mail: bool,
    folder: Path | None,
) -> None:
    """Measure imports, refresh, learning, pages and questions at the sizes named."""
    work = folder or Path(tempfile.mkdtemp(prefix="guanxi-bench-"))
    if models or duplicates:
        _without_database(models, work)
        return
    if boards or mail:
        _in_empty_homes(boards, databases, sizes, work)
        return
    if people or keeping:
        for database in databases:
            _print(f"{database}, {sizes[0]} customers", _alone(work, sizes[0], database, people, minutes))
        return
    results: dict[str, dict[str, list[Figure]]] = {}
    try:
        for database in databases:
            for size in sizes:
                files = data.make(work / size, SIZES[size])
                with _database(database, work) as url:
                    figures = run_size(files, work / f"home-{database}-{size}", url)
                results.setdefault(database, {})[size] = figures
                _print(f"{database}, {files.customers:,} customers, {files.lines:,} lines", figures)
            _print_slopes(database, results[database])
    finally:
        _keep(results)
        if folder is None:
            shutil.rmtree(work, ignore_errors=True)


def _without_database(models: bool, work: Path) -> None:
    if models:
        _print("models, 1,000,000 simulated customers", [*lifetime.measure(folder=work), *states.figures()])
    else:
        _print("duplicates among 1,000,000 drawn customers", matching.measure(folder=work))


def _in_empty_homes(boards: bool, databases: tuple[str, ...], sizes: tuple[str, ...], work: Path) -> None:
    """Boards over so many cards, or else a large mailbox."""
    for database, size in product(databases, sizes if boards else sizes[:1]):
        with _database(database, work) as url:
            if boards:
                _print(
                    f"{database}, {SIZES[size]:,} cards", _boards(SIZES[size], work / f"{database}-{size}-cards", url)
                )
            else:
                _print(f"{database}, a mailbox", _mail(work / f"{database}-mail", url))


def _alone(work: Path, size: str, database: str, people: int | None, minutes: float) -> list[Figure]:
    """Imported data, and then only many people at once, or only backup and restore."""
    files = data.make(work / size, SIZES[size])
    home = work / f"home-{database}-{size}-alone"
    with _database(database, work) as url:
        environment = _filled(files, home, url)
        if people is None:
            return _within("keeping", environment)
        command("learn", environment=environment)  # else the worker would, while people work
        return crowds.measure(environment, people, minutes, 500.0)


def _filled(files: data.BenchFiles, home: Path, database_url: str) -> dict[str, str]:
    """A home with all that was imported and the lake of it; the environment of its commands."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    environment = {"GUANXI_HOME": str(home), "GUANXI_TODAY": "2018-01-01", "GUANXI_COUNTRY": "TW"}
    if database_url:
        environment["GUANXI_DATABASE_URL"] = database_url
    command("init", environment=environment)
    for kind, file in (("products", files.products), ("parties", files.parties), ("sales", files.sales)):
        command("import", kind, str(file), "--source", "bench", environment=environment)
    command("refresh", environment=environment)
    _indexed(environment)
    return environment


def run_size(files: data.BenchFiles, home: Path, database_url: str) -> list[Figure]:
    """All figures of one size on one database, in an empty home."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    environment = {"GUANXI_HOME": str(home), "GUANXI_TODAY": "2018-01-01", "GUANXI_COUNTRY": "TW"}
    if database_url:
        environment["GUANXI_DATABASE_URL"] = database_url
    command("init", environment=environment)
    command("import", "products", str(files.products), "--source", "bench", environment=environment)
    figures = [
        _import(files.parties, "parties", files.customers, 50_000, environment, database_url, home),
        _import(files.sales, "sales", files.lines, 100_000, environment, database_url, home),
    ]
    full = command("refresh", environment=environment)
    figures.append(Figure("first load of the lake", full.seconds, "s", memory_mb=full.peak_mb))
    figures.append(_indexed(environment))
    command("import", "sales", str(files.late), "--source", "bench", environment=environment)
    late = command("refresh", environment=environment)
    taken = re.search(r"up to date \(([\d.]+) s\)", late.output)
    if taken is None:
        raise click.ClickException(f"“guanxi refresh” did not say how long it took:\n{late.output[-1000:]}")
    floor = floors.parquet_seconds(files.late, home)
    name = "refresh after 1,000 orders (within the worker)"
    figures.append(Figure(name, float(taken[1]), "s", floor, "their lines as one Parquet file", 2.0))
    figures += _second_source(files, environment)
    figures += _learned(environment)
    figures += _within("pages", environment) + _within("recognition", environment)
    figures += _within("webhooks", environment) + _within("api", environment) + _within("bulk", environment)
    figures += _within("boards", environment, str(files.customers))
    figures += _within("papers", environment)
    figures += _within("keeping", environment) + _within("custom_fields", environment)
    return figures + _within("erasing", environment)  # last: it takes three customers away


def _second_source(files: data.BenchFiles, environment: dict[str, str]) -> list[Figure]:
    """The customers once more, from another source: what it would do, doing it, and taking it back."""
    file = ("import", "parties", str(files.parties), "--source", "again")
    dry = command(*file, "--dry-run", environment=environment)
    run = command(*file, environment=environment)
    number = re.search(r"^Import (\d+)", run.output, re.MULTILINE)
    if number is None:
        raise click.ClickException(f"“guanxi import” did not say its number:\n{run.output[-1000:]}")
    back = command("import", "--revert", number[1], environment=environment)
    share = files.customers / 1_000_000  # the targets are for a million rows
    return [
        Figure("dry run of as many rows, all known", dry.seconds, "s", target=30 * share, memory_mb=dry.peak_mb),
        Figure("import of as many rows, all known", files.customers / run.seconds, "rows/s", memory_mb=run.peak_mb),
        Figure("taking it back", back.seconds, "s", target=60 * share, memory_mb=back.peak_mb),
    ]


def _within(module: str, environment: dict[str, str], *arguments: str) -> list[Figure]:
    """The figures that a module of the benchmarks measures within the filled home, in a process of its own."""
    output = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if output.returncode:
        raise click.ClickException(f"benchmarks.{module} could not measure:\n{output.stderr[-3000:]}")
    return [Figure.from_json(values) for values in json.loads(output.stdout.splitlines()[-1])]


def _boards(cards: int, home: Path, database_url: str) -> list[Figure]:
    """The figures of boards over `cards` tasks in a home of their own; a kept one is used again."""
    home.mkdir(parents=True, exist_ok=True)
    environment = {"GUANXI_HOME": str(home), "GUANXI_TODAY": "2018-01-01"}
    environment |= {"GUANXI_DATABASE_URL": database_url} if database_url else {}
    command("init", environment=environment)
    figures = _within("boards", environment, str(cards)) + _within("deals", environment, str(cards))
    figures += _within("winning", environment | {"GUANXI_TODAY": ""}, str(cards))
    figures += _within("day", environment, str(cards), str(cards), str(5 * cards))
    return figures + _within("forecast", environment, str(cards))


def _mail(home: Path, database_url: str) -> list[Figure]:
    """A large mailbox read into an empty home."""
    home.mkdir(parents=True, exist_ok=True)
    environment = {"GUANXI_HOME": str(home)} | ({"GUANXI_DATABASE_URL": database_url} if database_url else {})
    command("init", environment=environment)
    return _within("mail", environment)


def _learned(environment: dict[str, str]) -> list[Figure]:
    """`guanxi learn` from nothing, whole and by its steps, beside the barest reading of the days of purchase."""
    run = command("learn", environment=environment)
    steps = re.search(r"s: (.+)$", run.output.strip().splitlines()[-1])
    floor = floors.days_of_purchase_seconds(Path(environment["GUANXI_HOME"]))
    name = "days of purchase in DuckDB"
    figures = [Figure("guanxi learn", run.seconds, "s", floor, name, 60.0, memory_mb=run.peak_mb)]
    for step in steps[1].split(", ") if steps else []:
        label, seconds = step.rsplit(" ", 1)
        figures.append(Figure(f"  of that: {label}", float(seconds), "s"))
    return figures


def _indexed(environment: dict[str, str]) -> Figure:
    """The worker takes imported records into the search behind the import: how long that is, without its start."""
    program = (
        "import time; from guanxi.project.cli import boot; boot(); from guanxi.foundation import search; "
        "start = time.perf_counter(); search.catch_up(); print(time.perf_counter() - start)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return Figure("search index of all that was imported", float(done.stdout.split()[-1]), "s")


def _import(
    file: Path, kind: str, rows: int, target: int, environment: dict[str, str], database_url: str, home: Path
) -> Figure:
    run = command("import", kind, str(file), "--source", "bench", environment=environment)
    floor = floors.copy_seconds(file, database_url, home)
    return Figure(
        f"import of {kind}",
        rows / run.seconds,
        "rows/s",
        rows / floor,
        "bare copy into one table",
        target,
        True,
        run.peak_mb,
    )


@contextmanager
def _database(kind: str, work: Path) -> Iterator[str]:
    """The address of an empty database: "" for SQLite in the home, or a throw-away PostgreSQL."""
    if kind == "sqlite":
        yield ""
        return
    from tests.cluster import Cluster

    cluster = Cluster()
    cluster.start()
    try:
        yield cluster.url("postgres")
    finally:
        cluster.stop()


def _print(title: str, figures: list[Figure]) -> None:
    table = Table(title=title, title_justify="left")
    for column in ("figure", "measured", "floor", "ratio", "target", "peak memory"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for figure in figures:
        mark = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}[figure.reached]
        sign = "≥" if figure.higher_is_better else "≤"
        table.add_row(
            figure.name,
            f"{figure.value:,.1f} {figure.unit}" if figure.value < 1000 else f"{figure.value:,.0f} {figure.unit}",
            f"{figure.floor:,.1f} ({figure.floor_name})" if figure.floor else "",
            f"{figure.ratio:.2f} x" if figure.ratio else "",
            f"{sign} {figure.target:,.0f} {mark}" if figure.target else "",
            f"{figure.memory_mb:,.0f} MB" if figure.memory_mb else "",
        )
    console.print(table)


def _print_slopes(database: str, by_size: dict[str, list[Figure]]) -> None:
    """How times grow with size: the slope of log time over log customers, between the smallest and the largest."""
    if len(by_size) < 2:
        return
    small, large = min(by_size, key=SIZES.__getitem__), max(by_size, key=SIZES.__getitem__)
    growth = math.log(SIZES[large] / SIZES[small])
    for first, last in zip(by_size[small], by_size[large], strict=True):
        if not (first.value and last.value):
            continue  # too short to be told apart from nothing
        if first.unit == "rows/s":
            slope = 1 + math.log(first.value / last.value) / growth
        elif first.unit == "s":
            slope = math.log(last.value / first.value) / growth
        else:
            continue
        console.print(f"{database}: log-log slope of {first.name}, {small} to {large}: {slope:.2f} (target ≤ 1.05)")


def _keep(results: dict[str, dict[str, list[Figure]]]) -> None:
    """Write the figures where the last run's can be compared."""
    target = Path(os.environ.get("GUANXI_HOME", "var")) / "bench.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    plain = {
        db: {size: [f.as_json() for f in figures] for size, figures in sizes.items()} for db, sizes in results.items()
    }
    target.write_text(json.dumps(plain, indent=2))
    console.print(f"Figures kept in {target}")
