"""Forgetting that the demonstration data were ever there."""

from guanxi.intake.demo.forgetting.actions import forget

__all__ = ["forget"]
