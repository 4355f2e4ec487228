"""What the tests of the day stand on: those of deals."""

from guanxi.sales.deals.tests.conftest import acme, make, settled, stages  # noqa: F401  fixtures
