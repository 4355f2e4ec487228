"""What can be done with the made-up year: write a part of it, take all of it away."""

from guanxi.sales.sample.actions.colleagues import employ
from guanxi.sales.sample.actions.taking_away import part_with, take_away
from guanxi.sales.sample.actions.writing import write

__all__ = ["employ", "part_with", "take_away", "write"]
