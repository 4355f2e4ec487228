"""What can be done with forecasts."""

from guanxi.sales.forecast.actions.judging import judge
from guanxi.sales.forecast.actions.nights import HORIZONS, night_near, score, score_periods, take_snapshot
from guanxi.sales.forecast.actions.quotas import create_quota, edit_quota, remove_quota

__all__ = [
    "HORIZONS",
    "create_quota",
    "edit_quota",
    "judge",
    "night_near",
    "remove_quota",
    "score",
    "score_periods",
    "take_snapshot",
]
