"""The chain for `guanxi check` and `guanxi audit`."""

from __future__ import annotations

import sys

import click

from guanxi.foundation.sealing import verifying
from guanxi.foundation.sealing.verifying import Fault

SHOWN = 5


def fault() -> str | None:
    """What is wrong with the chain, or None."""
    result = verifying.verify()
    if not result.count:
        return None
    rest = result.count - SHOWN
    told = "; ".join(in_words(one) for one in result.faults[:SHOWN])
    return f"{told}{f'; and {rest} more' if rest > 0 else ''}; see guanxi audit"


def in_words(one: Fault) -> str:
    """A fault in one line."""
    return f"entry {one.entry}: {one.words}" if one.entry else one.words


@click.command()
@click.option("--head", metavar="NUMBER:HASH", help="A head noted earlier, which must still be part of the chain.")
def audit(head: str | None) -> None:
    """Look whether the audit log is untouched; print its head, to be noted elsewhere. Exit code 1 where it is not."""
    result = verifying.verify()
    for one in result.faults:
        click.echo(f"{one.kind:9} {in_words(one)}")
    lost = head is not None and not _known(head)
    if lost:
        click.echo(f"removed   the chain no longer holds {head}: it was shortened or made anew")
    words = f"{result.sealed} entries, {result.redacted} without their values, {result.forgotten} forgotten by rules"
    click.echo(f"{words}\nhead {result.head}")
    if result.count or lost:
        click.echo(f"{result.count + lost} faults.", err=True)
        sys.exit(1)


def _known(head: str) -> bool:
    sequence, _, hash_ = head.partition(":")
    if not sequence.isdecimal() or len(hash_) != 64:
        raise click.ClickException(f"“{head}” is no head; write NUMBER:HASH as guanxi audit printed it.")
    return int(sequence) < 2**63 and verifying.holds(int(sequence), hash_)
