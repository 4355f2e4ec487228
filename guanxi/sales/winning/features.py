"""The features of deals at moments, told only by what was recorded until then.

What is kept as steps (stage, amount, expected close) is the newest at the moment. What the deal's row says now (owner,
source, kind of purchase ...) is undone: the first edit after the moment tells what stood there before it. So a fact
that is recorded later changes nothing of an earlier moment; a property test holds that.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.sales.winning.facts import PLAIN, Facts

NUMBERS = (
    "age_days", "days_in_stage", "pace", "progress", "moves", "moves_back", "amount", "amount_change", "close_moves",
    "days_to_close", "contacts", "quiet_days", "competitors", "seats", "deciders", "owner_rate", "party_won",
    "party_lost",
)  # fmt: skip
WORDS = ("stage", "source", "purchase_kind", "buyer_kind", "standing")
NAMES = (*NUMBERS, *WORDS)
RECENT = 30  # days in which contacts are counted
SILENCE = 180  # days of silence from which on more makes no difference
TRUST = 10  # deals with which an owner's own share of wins counts as much as everybody's
SNAPSHOTS = 3  # of a deal of middling length

MOMENTS = pa.schema([("n", pa.int64()), ("deal", pa.int64()), ("moment", PLAIN)])
DAY = 86_400_000_000.0  # microseconds


def at_now(facts: Facts, moment: pa.Scalar) -> pa.Table:
    """One moment for each deal that is open."""
    with duckdb.connect() as work:
        work.register("deals", facts.deals)
        found = work.sql("SELECT deal FROM deals WHERE state = 'open' ORDER BY deal").to_arrow_table()
    numbers = pa.array(range(found.num_rows), pa.int64())
    return pa.table([numbers, found["deal"], pa.repeat(moment, found.num_rows)], schema=MOMENTS)


class History:
    """All facts, and what they said at any moment; use it in a `with` block."""

    def __init__(self, facts: Facts) -> None:
        self.work = duckdb.connect()
        for name in ("deals", "steps", "stages", "edits", "members", "touches", "standings"):
            self.work.register(name, getattr(facts, name))
        self.work.execute(_CLOSINGS)
        self._as_of("closed", "closing", ("owner", "party"))
        for whose in ("owner", "party"):
            self.work.execute(_records(whose))
        self.work.execute(_OF_ALL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, moment: TracebackType | None
    ) -> None:
        self.work.close()

    def closed(self) -> pa.Table:
        """Each deal that is closed now: when it began and ended, and whether it was won; by its end."""
        return self.work.sql(
            "SELECT c.deal, c.born, c.moment, c.won FROM ended AS c JOIN deals USING (deal) "
            "WHERE deals.state <> 'open' ORDER BY c.moment, c.deal"
        ).to_arrow_table()

    def snapshots(self, closed: pa.Table) -> pa.Table:
        """Moments in the lives of closed deals, evenly spread from a begin of each deal's own: together they are as
        the open deals of any night, long ones among them oftener than short ones.
        """
        self.work.register("chosen", closed)
        life = "(epoch(moment) - epoch(born)) / 86400"
        step = f"(SELECT least(30.0, greatest(1.0, median({life}) / {SNAPSHOTS})) FROM chosen)"
        return self.work.sql(
            f"""
            WITH grid AS (SELECT {step} * 86400 AS step),
            spread AS (
                SELECT c.*, step, (hash(deal) % 10007) / 10007.0 * step AS begun, epoch(moment) - epoch(born) AS life
                FROM chosen AS c, grid
            ), each AS (
                SELECT deal, born, moment, won, begun, step,
                    unnest(range(0, 1 + CAST(floor((life - begun) / step) AS BIGINT))) AS k
                FROM spread WHERE life > begun
            )
            SELECT row_number() OVER (ORDER BY moment, deal, k) - 1 AS n, deal,
                born + to_microseconds(CAST((begun + k * step) * 1e6 AS BIGINT)) AS moment, won, moment AS ended
            FROM each ORDER BY n
            """
        ).to_arrow_table()

    def features(self, moments: pa.Table) -> pa.Table:
        """NAMES for each moment (n, deal, moment), in the order of n; whether the deal was open then as `open`."""
        work = self.work
        work.register("moments", moments.select(["n", "deal", "moment"]))
        work.execute("CREATE OR REPLACE TEMP TABLE m AS SELECT * FROM moments")
        work.execute("CREATE OR REPLACE TEMP TABLE asked AS SELECT DISTINCT deal FROM m")
        work.execute(_TRACKS)
        ends = pc.min_max(moments["moment"])
        at_once = bool(pc.equal(ends["min"], ends["max"]).as_py())
        self._as_of("told", "m", ("owner", "party", "source", "purchase_kind", "buyer_kind"), at_once)
        return work.sql(_features(at_once)).to_arrow_table()

    def _as_of(self, made: str, moments: str, names: tuple[str, ...], at_once: bool = False) -> None:
        """The table `made`: what the deal's row said at each of `moments`, by undoing later edits."""
        columns, joins = [], []
        for name in names:
            self.work.execute(
                f"CREATE OR REPLACE TEMP TABLE edit_{name} AS SELECT deal, moment, min_by({name}_before, id) AS said "
                f"FROM (SELECT deal, moment, id, COALESCE({name}_before, '') AS {name}_before FROM edits "
                f"WHERE {name}_before IS DISTINCT FROM {name}_after) GROUP BY deal, moment"
            )
            now = f"COALESCE(CAST(d.{name} AS VARCHAR), '')"
            columns.append(f"COALESCE(e_{name}.said, {now}) AS {name}")
            joins.append(_next_to(f"edit_{name}", f"e_{name}", "deal", at_once, after=True))
        self.work.execute(
            f"CREATE OR REPLACE TEMP TABLE {made} AS SELECT m.*, {', '.join(columns)} FROM {moments} AS m "
            f"JOIN deals AS d ON d.deal = m.deal {' '.join(joins)}"
        )


# Each time that an open deal was won or lost, and the last of a deal.
_CLOSINGS = """
CREATE TEMP TABLE closing AS
SELECT deal, moment, max(CAST(to_state = 'won' AS INT)) AS won FROM steps
WHERE from_state = 'open' AND to_state IN ('won', 'lost') AND deal IN (SELECT deal FROM deals) GROUP BY deal, moment;
CREATE TEMP TABLE ended AS
SELECT s.deal, min(s.moment) AS born, max(s.moment) FILTER (s.to_state <> 'open' AND s.from_state = 'open') AS moment,
    max_by(CAST(s.to_state = 'won' AS INT), s.moment) FILTER (s.to_state <> 'open' AND s.from_state = 'open') AS won
FROM steps AS s JOIN deals AS d ON d.deal = s.deal AND d.state <> 'open'
GROUP BY s.deal HAVING moment IS NOT NULL;
"""


def _records(whose: str) -> str:
    """How many deals each owner, or each customer, had won and lost by then."""
    return f"""
CREATE TEMP TABLE record_{whose} AS
SELECT {whose}, moment, sum(won) OVER w AS won, count(*) OVER w AS ended FROM closed WHERE {whose} <> ''
WINDOW w AS (PARTITION BY {whose} ORDER BY moment)
"""


_OF_ALL = """
CREATE TEMP TABLE record_all AS
SELECT moment, max(won) AS won, max(ended) AS ended
FROM (SELECT moment, sum(won) OVER w AS won, count(*) OVER w AS ended FROM closing WINDOW w AS (ORDER BY moment))
GROUP BY moment
"""

# What changes along the life of the deals asked for, added up to each moment of change. Of several facts of the very
# same moment the last counts.
_TRACKS = """
CREATE OR REPLACE TEMP TABLE step AS
SELECT deal, moment, to_stage AS stage, to_state AS state, born, moves, moves_back FROM (
    SELECT s.deal, s.moment, s.id, s.to_stage, s.to_state, min(s.moment) OVER w AS born,
        sum(CAST(s.from_stage IS NOT NULL AND s.from_stage <> s.to_stage AS INT)) OVER w AS moves,
        sum(CAST(COALESCE(f.pipeline = t.pipeline AND f.position > t.position, FALSE) AS INT)) OVER w AS moves_back,
        lead(s.moment) OVER w IS DISTINCT FROM s.moment AS last
    FROM steps AS s JOIN asked USING (deal)
    LEFT JOIN stages AS f ON f.stage = s.from_stage LEFT JOIN stages AS t ON t.stage = s.to_stage
    WINDOW w AS (PARTITION BY s.deal ORDER BY s.moment, s.id ROWS UNBOUNDED PRECEDING)
) WHERE last;
CREATE OR REPLACE TEMP TABLE worth AS
SELECT deal, moment, last(amount ORDER BY rank, id) AS amount FROM (
    SELECT deal, moment, 0 AS rank, id, CAST(amount AS DOUBLE) AS amount FROM steps JOIN asked USING (deal)
    UNION ALL
    SELECT deal, moment, 1, id, CAST(amount_after AS DOUBLE) * 10000 FROM edits JOIN asked USING (deal)
    WHERE amount_before IS DISTINCT FROM amount_after
) GROUP BY deal, moment;
CREATE OR REPLACE TEMP TABLE first_worth AS
SELECT deal, moment, first_value(amount IGNORE NULLS) OVER (
    PARTITION BY deal ORDER BY moment ROWS UNBOUNDED PRECEDING) AS first_amount, amount FROM worth;
CREATE OR REPLACE TEMP TABLE due AS
SELECT deal, moment, day, sum(CAST(COALESCE(day > before, FALSE) AS INT)) OVER (
    PARTITION BY deal ORDER BY moment ROWS UNBOUNDED PRECEDING) AS moved
FROM (SELECT *, lag(day) OVER (PARTITION BY deal ORDER BY moment) AS before FROM (
    SELECT deal, moment, last(day ORDER BY rank, id) AS day FROM (
        SELECT deal, moment, 0 AS rank, id, expected_close AS day FROM steps JOIN asked USING (deal)
        UNION ALL
        SELECT deal, moment, 1, id, TRY_CAST(expected_close_after AS DATE) FROM edits JOIN asked USING (deal)
        WHERE expected_close_before IS DISTINCT FROM expected_close_after
    ) GROUP BY deal, moment));
CREATE OR REPLACE TEMP TABLE touch AS
SELECT deal, moment, count(*) OVER (PARTITION BY deal ORDER BY moment) AS so_far FROM touches JOIN asked USING (deal);
CREATE OR REPLACE TEMP TABLE member AS
SELECT deal, moment, sum(change) FILTER (kind = 'deals.contender') OVER w AS competitors,
    sum(change) FILTER (kind = 'deals.committeeseat') OVER w AS seats,
    sum(change) FILTER (kind = 'deals.committeeseat' AND role = 'decider') OVER w AS deciders
FROM (
    SELECT joined AS deal, moment, kind, role, 1 AS change FROM members WHERE joined IS NOT NULL AND "left" IS NULL
    UNION ALL
    SELECT "left", moment, kind, role, -1 FROM members WHERE "left" IS NOT NULL AND joined IS NULL
) JOIN asked USING (deal) WINDOW w AS (PARTITION BY deal ORDER BY moment);
"""


def _next_to(table: str, alias: str, key: str, at_once: bool, of: str = "", after: bool = False) -> str:
    """Joins to each row of m the last row of `table` until its moment, or the first one after it, of those with the
    same `key`.

    Where all moments are one, as in the nightly scoring, that row is the same for all: it is found once for each key,
    and nothing is sorted.
    """
    same = f"{of or f'm.{key}'} = {alias}.{key}" if key else "TRUE"
    if not at_once:
        sign = "<" if after else ">="
        return f"ASOF LEFT JOIN {table} AS {alias} ON {same} AND m.moment {sign} {alias}.moment"
    chosen, sign = ("arg_min", ">") if after else ("arg_max", "<=")
    found = f"SELECT {chosen}(t, t.moment) AS it FROM {table} AS t WHERE t.moment {sign} (SELECT max(moment) FROM m)"
    found += f" GROUP BY t.{key}" if key else ""
    return f"LEFT JOIN (SELECT it.* FROM ({found})) AS {alias} ON {same}"


def _features(at_once: bool) -> str:
    def last(table: str, alias: str, key: str = "deal", of: str = "") -> str:
        return _next_to(table, alias, key, at_once, of)

    return f"""
SELECT m.n, m.deal, COALESCE(s.state = 'open', FALSE) AS open,
    (epoch_us(m.moment) - epoch_us(s.born)) / {DAY} AS age_days,
    (epoch_us(m.moment) - epoch_us(s.moment)) / {DAY} AS days_in_stage,
    (epoch_us(m.moment) - epoch_us(s.moment)) / {DAY} / NULLIF(g.expected_days, 0) AS pace,
    CAST(g.place AS DOUBLE) AS progress,
    CAST(s.moves AS DOUBLE) AS moves, CAST(s.moves_back AS DOUBLE) AS moves_back,
    log10(1 + w.amount / 10000) AS amount,
    CASE WHEN w.amount > 0 AND w.first_amount > 0 THEN ln(w.amount / w.first_amount) END AS amount_change,
    CAST(COALESCE(u.moved, 0) AS DOUBLE) AS close_moves,
    CAST(date_diff('day', CAST(m.moment AS DATE), u.day) AS DOUBLE) AS days_to_close,
    CAST(COALESCE(t.so_far, 0) - COALESCE(p.so_far, 0) AS DOUBLE) AS contacts,
    least({SILENCE}.0, (epoch_us(m.moment) - epoch_us(COALESCE(t.moment, s.born))) / {DAY}) AS quiet_days,
    CAST(COALESCE(b.competitors, 0) AS DOUBLE) AS competitors,
    CAST(COALESCE(b.seats, 0) AS DOUBLE) AS seats, CAST(COALESCE(b.deciders, 0) AS DOUBLE) AS deciders,
    (COALESCE(o.won, 0) + {TRUST} * a.won / a.ended) / (COALESCE(o.ended, 0) + {TRUST}) AS owner_rate,
    CAST(COALESCE(c.won, 0) AS DOUBLE) AS party_won, CAST(COALESCE(c.ended - c.won, 0) AS DOUBLE) AS party_lost,
    COALESCE(CAST(s.stage AS VARCHAR), '') AS stage, m.source, m.purchase_kind, m.buyer_kind,
    COALESCE(h.standing, '') AS standing
FROM told AS m
{last("step", "s")}
LEFT JOIN (SELECT *, percent_rank() OVER (PARTITION BY pipeline ORDER BY position) AS place FROM stages) AS g
    ON g.stage = s.stage
{last("first_worth", "w")}
{last("due", "u")}
{last("touch", "t")}
{last(f"(SELECT deal, moment + INTERVAL {RECENT} DAY AS moment, so_far FROM touch)", "p")}
{last("member", "b")}
{last("record_owner", "o", "owner")}
{last("record_party", "c", "party")}
{last("standings", "h", "party", "TRY_CAST(m.party AS BIGINT)")}
{last("record_all", "a", "")}
ORDER BY m.n
"""
