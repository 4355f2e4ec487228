"""Lifetime value on NumPy arrays: how often a customer will buy, whether he is still there, what he spends.

It knows nothing of Django, of the lake or of the business; see docs/develop/lifetime.md for formulas and sources.
"""

from guanxi.insight.lifetime.beta_geometric import BgNbd, MbgNbd, fit_bg_nbd, fit_mbg_nbd
from guanxi.insight.lifetime.bg_bb import BgBb, fit_bg_bb
from guanxi.insight.lifetime.errors import BadData, NotConverged
from guanxi.insight.lifetime.gamma_gamma import GammaGamma, fit_gamma_gamma
from guanxi.insight.lifetime.model import Model
from guanxi.insight.lifetime.pareto import ParetoNbd, fit_pareto_nbd
from guanxi.insight.lifetime.purchases import PurchaseModel
from guanxi.insight.lifetime.sbg import Sbg, fit_sbg

__all__ = [
    "BadData",
    "BgBb",
    "BgNbd",
    "GammaGamma",
    "MbgNbd",
    "Model",
    "NotConverged",
    "ParetoNbd",
    "PurchaseModel",
    "Sbg",
    "fit_bg_bb",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_mbg_nbd",
    "fit_pareto_nbd",
    "fit_sbg",
]
