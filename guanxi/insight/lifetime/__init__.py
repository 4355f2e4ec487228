"""Lifetime value on NumPy arrays: how often a customer will buy, whether he is still there, what he spends.

It knows nothing of Django, of the lake or of the business; see docs/develop/lifetime.md for formulas and sources.
"""

from guanxi.insight.lifetime.beta_geometric import BgNbd, MbgNbd, fit_bg_nbd, fit_mbg_nbd
from guanxi.insight.lifetime.errors import BadData, NotConverged

__all__ = ["BadData", "BgNbd", "MbgNbd", "NotConverged", "fit_bg_nbd", "fit_mbg_nbd"]
