"""`guanxi import`: customers, sales, products, prices and more from files; and taking an import back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from guanxi.foundation import tasks
from guanxi.foundation.actions import Refused
from guanxi.foundation.bulk import without_pandas
from guanxi.foundation.visibility import SYSTEM


class Kinds(click.Group):
    """The kinds of import of this package, then the types of record whose desks declare them importable."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from guanxi.intake import desk_kinds

        return [*super().list_commands(ctx), *dict(desk_kinds.choices())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from guanxi.intake import desk_kinds

        own = super().get_command(ctx, cmd_name)
        desk = desk_kinds.desk_of(cmd_name) if own is None else None
        return own if desk is None else _command_of(cmd_name, str(desk.plural))


@click.group(name="import", cls=Kinds, invoke_without_command=True)
@click.option("--revert", type=int, metavar="NUMBER", help="Take back the import of that number, whole.")
@click.pass_context
def import_(context: click.Context, revert: int | None) -> None:
    """Take in a file (CSV, TSV, XLSX, Parquet, vCard, JSON lines).

    Format, encoding, separator, dates and columns are found and shown. Rejected rows go to a file with their row number
    and the reason. The same file twice changes nothing; a file whose import was killed goes on where it was.
    """
    if revert is not None:
        _revert(revert)
        context.exit()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that all kinds of import have."""
    options = [
        click.argument("file", type=click.Path(path_type=Path)),
        click.option(
            "--map",
            "maps",
            multiple=True,
            metavar="FIELD=COLUMN",
            help="Which column feeds a field; repeatable. FIELD= for none.",
        ),
        click.option("--mapping", help="Use the mapping kept under this name."),
        click.option("--save-mapping", help="Keep the mapping under this name."),
        click.option(
            "--source",
            help="Code of the system the file comes from; customer numbers are unique within it. Default: files.",
        ),
        click.option("--encoding", help="Such as utf-8, utf-16, gb18030, big5, cp1252. Found by itself."),
        click.option("--separator", help="One character; tab for a tabulator. Found by itself."),
        click.option("--date-format", help="Such as %d/%m/%Y or dd/mm/yyyy, or ISO. Found by itself."),
        click.option("--decimal", help="Decimal mark, . or , (found by itself)."),
        click.option(
            "--rule",
            type=click.Choice(["create_or_update", "create", "update"]),
            help="Take in new ones and update known ones (default), only the former, or only the latter.",
        ),
        click.option("--dry-run", is_flag=True, help="Say what it would do, row by row in sum; write nothing."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@import_.command()
@_options
@click.option("--currency", help="Of all amounts that name none, such as TWD.")
@click.option("--channel", help="Of all lines that name none: till, web, phone, ...")
def sales(**options: Any) -> None:
    """Sales lines: customer, date and amount at the least."""
    _import("sales", **options)


@import_.command()
@_options
@click.option("--role", help="Of all that name none: customer (default), prospect, partner, supplier, competitor.")
@click.option("--kind", "kind_of_all", help="Of all that name none: person (default) or organisation.")
@click.option("--match-by", help="By what customers are known again: of external, card, mail, phone; with commas.")
def parties(**options: Any) -> None:
    """Customers: people and organisations."""
    _import("parties", **options)


@import_.command()
@_options
def relationships(**options: Any) -> None:
    """Who works where, belongs to whom, lives with whom: party, kind and other party at the least."""
    _import("relationships", **options)


@import_.command()
@_options
@click.option("--list", "list_of_all", help="Code of the price list, where no column names it.")
@click.option("--currency", help="Of all prices that name none.")
def prices(**options: Any) -> None:
    """Price lists: list, product and amount at the least."""
    _import("prices", **options)


@import_.command()
@_options
@click.option("--purpose", help="Of all that name none: marketing, service, research, profiling.")
@click.option("--channel", help="Of all that name none: mail, phone, sms, post, chat, app, any.")
@click.option("--given", help="Of all that name none: yes or no.")
@click.option("--basis", help="Of all that name none: consent (default), contract, legitimate_interest, legal_duty.")
def consents(**options: Any) -> None:
    """Consents: customer, purpose, channel and whether given."""
    _import("consents", **options)


@import_.command()
@_options
def products(**options: Any) -> None:
    """Products with category, brand, unit, price and cost."""
    _import("products", **options)


@import_.command()
@_options
@click.option("--kind", "kind_of_all", help="Of all that name none, such as mailing.sent.")
@click.option("--channel", help="Of all that name none: mail, phone, web, ...")
@click.option("--direction", help="Of all that name none: in, out or inside.")
def events(**options: Any) -> None:
    """Anything that happened with a customer; columns that feed no field become its details."""
    _import("events", **options)


def _command_of(kind: str, words: str) -> click.Command:
    """The command for a type of record."""

    @_options
    def take_in(**options: Any) -> None:
        _import(kind, **options)

    return click.command(kind, help=f"{words}.")(take_in)


def _import(
    kind: str, file: Path, maps: tuple[str, ...], save_mapping: str | None, dry_run: bool, **options: Any
) -> None:
    without_pandas.settle()
    from guanxi.intake import actions, running
    from guanxi.intake.plan import prepare

    named = {name: options.pop(name) for name in ("encoding", "date_format", "decimal", "source", "rule")}
    match_by = options.pop("match_by", None)
    named["match_by"] = [name.strip() for name in match_by.split(",")] if match_by else None
    separator = {"tab": "\t", "\\t": "\t"}.get(options["separator"] or "", options["separator"])
    mapping = options.pop("mapping")
    del options["separator"]
    own = {name.removesuffix("_of_all"): value for name, value in options.items() if value}
    try:
        plan = prepare(kind, file, mapping=_maps(maps), mapping_name=mapping, separator=separator, options=own, **named)
        for what, words in plan.described():
            click.echo(f"{what}: {words}", err=True)
        if save_mapping:
            actions.keep_mapping(plan, save_mapping, by=SYSTEM)
        begun = actions.begin_import(plan, by=SYSTEM, dry_run=dry_run)
        click.echo(_("Import %(number)s.") % {"number": begun.pk}, err=True)
        if begun.phase:
            click.echo(
                _("Going on with import %(number)s, which did not come to its end.") % {"number": begun.pk}, err=True
            )
        with tasks.shown_on_console():
            done = running.run(begun.pk)
    except Refused as refusal:
        click.echo(f"{_('Error')}: {refusal.message}", err=True)
        sys.exit(1)
    _tell(done)


def _maps(maps: tuple[str, ...]) -> dict[str, list[str]]:
    mapping: dict[str, list[str]] = {}
    for text in maps:
        name, equals, column = text.partition("=")
        if not equals:
            raise click.BadParameter(_("Write FIELD=COLUMN, not “%(text)s”.") % {"text": text}, param_hint="--map")
        mapping.setdefault(name.strip(), []).append(column.strip())
    return mapping


def _tell(done: Any) -> None:
    counts = _("%(read)s rows read, %(accepted)s accepted, %(rejected)s rejected") % {
        "read": f"{done.read:,}", "accepted": f"{done.accepted:,}", "rejected": f"{done.rejected:,}",
    }  # fmt: skip
    click.echo(counts)
    if done.dry_run:
        from guanxi.intake import difference

        for state, count in difference.counts(done).items():
            if count:
                click.echo(f"  {_STATES[state]}: {count:,}")
        click.echo(_("Row by row: %(path)s") % {"path": done.folder / difference.FILE})
    else:
        what = _("%(created)s new, %(updated)s changed, %(unchanged)s unchanged") % {
            "created": f"{done.created:,}", "updated": f"{done.updated:,}", "unchanged": f"{done.unchanged:,}",
        }  # fmt: skip
        click.echo(what)
        if done.skipped:
            click.echo(_("%(count)s left out by the rule") % {"count": f"{done.skipped:,}"})
    if done.rejected:
        click.echo(_("Rejected rows with their reasons: %(path)s") % {"path": done.rejects_path})


_STATES = {
    "new": _lazy("new"),
    "changed": _lazy("changed"),
    "conflict": _lazy("said otherwise by somebody who is believed more; left as it is"),
    "possible_duplicate": _lazy("new, but perhaps known already"),
    "unchanged": _lazy("unchanged"),
    "rejected": _lazy("rejected"),
    "skipped": _lazy("left out by the rule"),
}


def _revert(number: int) -> None:
    without_pandas.settle()
    from guanxi.intake import actions, reverting
    from guanxi.intake.models import ImportRun

    try:
        run = ImportRun.objects.filter(pk=number).first()
        if run is None:
            raise Refused(_("There is no import %(number)s.") % {"number": number})
        if run.state != ImportRun.State.REVERTING:  # one that was killed goes on
            actions.mark_for_revert(run, by=SYSTEM)
        with tasks.shown_on_console():
            done = reverting.revert(run.pk)
    except Refused as refusal:
        click.echo(f"{_('Error')}: {refusal.message}", err=True)
        sys.exit(1)
    click.echo(_("Import %(number)s of %(file)s was taken back.") % {"number": done.pk, "file": done.file_name})
    for what, count in done.taken_back.items():
        click.echo(f"  {what}: {count:,}")
    if done.kept:
        message = _("%(count)s records were left alone, because somebody changed them or built on them: %(path)s")
        click.echo(message % {"count": f"{done.kept:,}", "path": done.folder / "kept.parquet"})
