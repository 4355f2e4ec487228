"""Whose the customers of a file are to be: colleagues by mail, user name or name to whom the importer may give them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import duckdb
import pyarrow as pa

from guanxi.customers.models import Party
from guanxi.foundation.governing import rule_of
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer, may, rights_of
from guanxi.intake.importing import PROBLEMS
from guanxi.intake.plan import Plan

_FOUND = pa.schema([("said", pa.string()), ("user_id", pa.int64()), ("problem", pa.string())])
# What an import does to customers by its rule; whom it names as owner must be within both.
VERBS = {"create": ("create",), "update": ("edit",), "create_or_update": ("create", "edit")}


def leave_out_owners(work: duckdb.DuckDBPyConnection, plan: Plan, by: Viewer) -> pa.Table:
    """Take the rows out of `checked` whose owner is nobody, or nobody whom `by` may hand customers to; they are given
    back as problems. The others are found by `owner_sql`."""
    if plan.kind != "parties" or "owner" not in plan.mapping:
        return PROBLEMS.empty_table()
    said = [text for (text,) in work.execute("SELECT DISTINCT owner FROM checked WHERE owner IS NOT NULL").fetchall()]
    work.register("found_owners", _find(said, VERBS[plan.rule], by))
    work.execute("CREATE OR REPLACE TABLE owner_ids AS SELECT * FROM found_owners")
    work.unregister("found_owners")
    bad = work.sql(
        "SELECT c.row, 'owner:' || o.problem AS problem FROM checked AS c JOIN owner_ids AS o ON o.said = c.owner "
        "WHERE o.problem IS NOT NULL ORDER BY c.row"
    ).to_arrow_table()
    work.execute("DELETE FROM checked WHERE owner IN (SELECT said FROM owner_ids WHERE problem IS NOT NULL)")
    return bad.cast(PROBLEMS)


def owner_sql(plan: Plan) -> str:
    """The number of a row's owner."""
    if "owner" not in plan.mapping:
        return "CAST(NULL AS BIGINT)"
    return "(SELECT o.user_id FROM owner_ids AS o WHERE o.said = c.owner)"


def colleagues_called() -> dict[str, set[User]]:
    """Who is called what, in small letters: by mail, user name and name."""
    called: dict[str, set[User]] = defaultdict(set)
    for user in User.objects.filter(is_active=True, is_staff=True):
        for name in {user.username, user.email, str(user)} - {""}:
            called[name.casefold()].add(user)
    return called


def _find(said: list[str], verbs: tuple[str, ...], by: Viewer) -> pa.Table:
    called = colleagues_called()
    judged: dict[User, str | None] = {}
    rows: list[dict[str, Any]] = []
    for text in said:
        meant = called.get(text.casefold(), set())
        if len(meant) != 1:
            rows.append({"said": text, "problem": "unknown_owner"})
            continue
        user = next(iter(meant))
        if user not in judged:
            judged[user] = _problem(user, verbs, by)
        rows.append({"said": text, "user_id": user.pk, "problem": judged[user]})
    return pa.Table.from_pylist(rows, _FOUND)


def _problem(owner: User, verbs: tuple[str, ...], by: Viewer) -> str | None:
    """Why customers cannot be handed to somebody."""
    if not may(owner, "view", Party):
        return "owner_sees_none"
    his = Party(owner=owner)
    rule, rights = rule_of(Party), rights_of(by)
    return None if all(rule.allows(his, rights, verb) for verb in verbs) else "not_yours_to_give"
