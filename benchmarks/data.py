"""Files of a named size for the benchmarks: customers with Chinese and Western names, products, and their purchases.

Ten lines an order, as in The Complete Journey; a few customers buy much, many little; two years; the same at every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from guanxi.intake.demo import people

LINES_PER_CUSTOMER = 10
LINES_PER_ORDER = 10
PRODUCTS = 20_000


@dataclass(frozen=True)
class BenchFiles:
    """The files of one size, and how many rows they hold."""

    customers: int
    lines: int
    parties: Path
    products: Path
    sales: Path
    late: Path  # 1,000 orders that come in after the others


def make(folder: Path, customers: int) -> BenchFiles:
    """Write the files for `customers` into `folder`; those already there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = customers * LINES_PER_CUSTOMER
    files = BenchFiles(customers, lines, *(folder / f"{name}.csv" for name in ("parties", "products", "sales", "late")))
    orders = lines // LINES_PER_ORDER
    with duckdb.connect() as database:
        _register_names(database)
        for path, query in (
            (files.parties, _parties(customers)),
            (files.products, _products()),
            (files.sales, _sales(customers, 0, orders)),
            (files.late, _sales(customers, orders, orders + 1000)),
        ):
            if not path.exists():
                database.execute(f"COPY ({query}) TO '{path}.part' (HEADER, DELIMITER ',')")
                Path(f"{path}.part").rename(path)
    return files


def _register_names(database: duckdb.DuckDBPyConnection) -> None:
    lists = {
        "zh_family": list(people.CHINESE_FAMILY[:-4]),
        "zh_given": people.CHINESE_FEMALE + people.CHINESE_MALE,
        "en_family": people.WESTERN_FAMILY,
        "en_given": people.WESTERN_FEMALE + people.WESTERN_MALE,
    }
    for name, values in lists.items():
        database.execute(f"SET VARIABLE {name} = ?", [values])


def _pick(variable: str, salt: int) -> str:
    values = f"getvariable('{variable}')"
    return f"{values}[(hash(i + {salt}) % len({values}) + 1)::BIGINT]"


def _parties(customers: int) -> str:
    return f"""
        SELECT i AS external_id,
               CASE WHEN i % 5 < 2 THEN {_pick("zh_family", 1)} || {_pick("zh_given", 2)}
                    ELSE {_pick("en_given", 3)} || ' ' || {_pick("en_family", 4)} END AS name,
               'customer' || i || '@example.com' AS mail,
               '+8869' || lpad((i % 100000000)::VARCHAR, 8, '0') AS phone,
               ['臺北市', '高雄市', 'Taichung', 'Tainan', 'Hsinchu', 'Keelung', 'Yilan', 'Hualien'][
                   (hash(i + 5) % 8 + 1)::BIGINT] AS city,
               'customer' AS role,
               ['19-24', '25-34', '35-44', '45-54', '55-64', '65+'][(hash(i + 6) % 6 + 1)::BIGINT] AS "profile.age"
        FROM range(1, {customers + 1}) AS r(i)
    """


def _products() -> str:
    return f"""
        SELECT i AS code, 'Product ' || i AS name, 'Department ' || (i % 20) AS department,
               'Category ' || (i % 300) AS category, 'Brand ' || (i % 500) AS brand
        FROM range(1, {PRODUCTS + 1}) AS r(i)
    """


def _sales(customers: int, first: int, last: int) -> str:
    """Orders `first` ≤ o < `last` in time order; the customer of an order leans to the small numbers."""
    span = max(last, 1)
    return f"""
        SELECT 1 + floor({customers} * pow((hash(o + 7) % 1000003) / 1000003.0, 1.5))::BIGINT AS customer,
               strftime(TIMESTAMP '2016-01-01 08:00:00' + INTERVAL (floor(o * 63072000.0 / {span})) SECOND,
                        '%Y-%m-%d %H:%M:%S') AS date,
               o + 1 AS "order", 1 + (hash(o * {LINES_PER_ORDER} + line) % {PRODUCTS})::BIGINT AS product,
               1 + line % 3 AS quantity, (100 + hash(o * 31 + line) % 2900) / 100.0 AS amount,
               (hash(o + line) % 50) / 100.0 AS discount, 1 + o % 50 AS place, 'till' AS channel
        FROM range({first}, {last}) AS r(o), range({LINES_PER_ORDER}) AS l(line)
    """
