"""`guanxi user` and `guanxi token`: who may come in, as a person and as a program."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING

import click

from guanxi.project.cli import boot

if TYPE_CHECKING:
    from guanxi.foundation.models import User


@click.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Give all rights, also that of administrating.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one up.")
def user(name: str, admin: bool, password_stdin: bool) -> None:
    """Make the user NAME, or give NAME a new password, which is printed where it was made up."""
    boot()
    from guanxi.foundation import people
    from guanxi.foundation.models import User
    from guanxi.foundation.visibility import SYSTEM

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else made_up_password()
    existing = User.objects.filter(username=name).first()
    if existing is None:
        people.create_user(name, password, by=SYSTEM, is_superuser=admin)
        click.echo(f"Made the user {name}.")
    else:
        people.set_password(existing, password, by=SYSTEM)
        if admin and not existing.is_superuser:
            make_admin(existing)
        click.echo(f"Gave the user {name} a new password.")
    if not password_stdin:
        click.echo(f"Password: {password}")


@click.command()
@click.argument("name", metavar="USER")
@click.option("--label", default="command line", show_default=True, help="What the token is for.")
def token(name: str, label: str) -> None:
    """Print a new API token that acts in the name of USER, as the last line. It is shown only now."""
    boot()
    from guanxi.foundation import people
    from guanxi.foundation.models import User
    from guanxi.foundation.visibility import SYSTEM

    owner = User.objects.filter(username=name, is_active=True).first()
    if owner is None:
        raise click.ClickException(f"There is no active user “{name}”. Make one with: guanxi user {name}")
    _, plain = people.create_token(owner, label, by=SYSTEM)
    click.echo(plain)


def made_up_password() -> str:
    """A password that nobody guesses, of letters and digits that are not taken for each other."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))


def make_admin(existing: User) -> None:
    """Give a user the right to administrate."""
    from guanxi.foundation.actions import acting, change
    from guanxi.foundation.visibility import SYSTEM

    with acting(SYSTEM, "project.make_admin"):
        change(existing, is_superuser=True, is_staff=True)
