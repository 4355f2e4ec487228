"""What the tests of the win score stand on: those of deals."""

from guanxi.sales.deals.tests.conftest import acme, deal, make, settled, stages

__all__ = ["acme", "deal", "make", "settled", "stages"]
