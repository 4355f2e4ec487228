"""Records that are tried again and again, matched once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from benchmarks.identities import Drawn, customers
from guanxi.customers.matching import Model, match, train


@pytest.fixture(scope="package")
def drawn() -> Drawn:
    """Records of a business, a quarter of them duplicates, some people in one household."""
    return customers(1_000, seed=7)


@pytest.fixture(scope="package")
def model(drawn: Drawn) -> Model:
    return train(drawn.records)


@pytest.fixture(scope="package")
def pairs(drawn: Drawn, model: Model) -> pa.Table:
    return match(drawn.records, model=model)
