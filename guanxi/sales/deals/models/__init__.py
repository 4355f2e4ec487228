"""What is stored of deals."""

from guanxi.sales.deals.models.committee import CommitteeSeat
from guanxi.sales.deals.models.competition import Contender, MarketNote
from guanxi.sales.deals.models.deals import Credit, Deal, Source, StageChange, State, days_since
from guanxi.sales.deals.models.guides import Check, Step, Tick
from guanxi.sales.deals.models.kinds import BuyerKind, ForecastCategory, PurchaseKind
from guanxi.sales.deals.models.pipelines import LostReason, Pipeline, Stage

__all__ = [
    "BuyerKind",
    "Check",
    "CommitteeSeat",
    "Contender",
    "Credit",
    "Deal",
    "ForecastCategory",
    "LostReason",
    "MarketNote",
    "Pipeline",
    "PurchaseKind",
    "Source",
    "Stage",
    "StageChange",
    "State",
    "Step",
    "Tick",
    "days_since",
]
