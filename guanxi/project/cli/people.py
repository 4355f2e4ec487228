"""`guanxi user` and `guanxi token`: who may come in, as a person and as a program."""

from __future__ import annotations

import secrets
import sys

import click

from guanxi.project.cli import boot


@click.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Give all rights, also that of administrating.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="Give a role, such as sales.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of making one up.")
def user(name: str, admin: bool, roles: tuple[str, ...], password_stdin: bool) -> None:
    """Make the user NAME, or give NAME a new password, which is printed where it was made up.

    Without a role the first user administrates, and others see customers, orders and products.
    """
    boot()
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
