"""`guanxi user` and `guanxi token`: who may come in, as a person and as a program."""

from __future__ import annotations

import secrets
import sys
from datetime import timedelta

import click

from guanxi.project.cli import boot


@click.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Give all rights, also that of administrating.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Give a role, such as sales.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one up.")
@click.option("--reset-factors", is_flag=True, help="Only take away second factors and locks of NAME.")
def user(name: str, admin: bool, roles: tuple[str, ...], password_stdin: bool, reset_factors: bool) -> None:
    """Make the user NAME, or give NAME a new password, which is printed where it was made up.

    Without a role the first user administrates, and others see customers, orders and products.
    """
    boot()
    if reset_factors:
        _reset_factors(name)
        return
    from guanxi.foundation import people
    from guanxi.foundation.models import User
    from guanxi.foundation.roles import actions, ready_made
    from guanxi.foundation.roles.guarding import administrators
    from guanxi.foundation.visibility import SYSTEM

    wanted = [*roles, *([ready_made.ADMINISTRATOR] if admin else [])]
    for role in wanted:
        actions.role_called(role)  # before anything is done
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else made_up_password()
    existing = User.objects.filter(username=name).first()
    if existing is None:
        alone = not administrators().exists()
        existing = people.create_user(name, password, by=SYSTEM)
        wanted = wanted or [ready_made.ADMINISTRATOR if alone else ready_made.READ_ONLY]
        click.echo(f"Made the user {name}.")
    else:
        people.set_password(existing, password, by=SYSTEM)
        click.echo(f"Gave the user {name} a new password.")
    for role in wanted:
        actions.give_role(existing, role, by=SYSTEM)
    if not password_stdin:
        click.echo(f"Password: {password}")


def _reset_factors(name: str) -> None:
    from guanxi.foundation.access import actions, locking
    from guanxi.foundation.models import User
    from guanxi.foundation.visibility import SYSTEM

    existing = User.objects.filter(username=name).first()
    if existing is None:
        raise click.ClickException(f"There is no user “{name}”.")
    count = actions.reset_factors(existing, by=SYSTEM)
    locking.succeeded(f"user:{existing.pk}")
    click.echo(f"Took {count} second factors of {name} away; the password alone lets in, and no lock stands.")


@click.command()
@click.argument("name", metavar="USER")
@click.option("--label", default="command line", show_default=True, help="What the token is for.")
@click.option("--scope", "scope", multiple=True, help="read, write, admin, or such as read:orders; several times.")
@click.option("--days", type=click.IntRange(1, 36_500), help="For how many days it counts; without: until revoked.")
@click.option("--from", "addresses", default="", help="Addresses or networks from where it may be used.")
def token(name: str, label: str, scope: tuple[str, ...], days: int | None, addresses: str) -> None:
    """Print a new API token that acts in the name of USER, as the last line. It is shown only now."""
    boot()
    from django.utils import timezone

    from guanxi.foundation import people
    from guanxi.foundation.api import scopes
    from guanxi.foundation.models import User
    from guanxi.foundation.visibility import SYSTEM

    owner = User.objects.filter(username=name, is_active=True).first()
    if owner is None:
        raise click.ClickException(f"There is no active user “{name}”. Make one with: guanxi user {name}")
    until = timezone.now() + timedelta(days=days) if days else None
    asked = scopes.checked(scope or people.ALL_SCOPES)
    _, plain = people.create_token(owner, label, by=SYSTEM, scopes=asked, expires_at=until, addresses=addresses)
    click.echo(plain)


def made_up_password() -> str:
    """A password that nobody guesses, of letters and digits that are not taken for each other."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))
