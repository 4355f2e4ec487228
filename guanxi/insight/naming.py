"""How what was learned is called and coloured: models, their parameters, stages, tiers, grades."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from guanxi.customers import profile
from guanxi.foundation.desk import Pill
from guanxi.insight.models import Grade, ModelVersion, Stage, Tier
from guanxi.lake.schema import PROFILE

MODELS: dict[str, Any] = {
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "bg_bb": "BG/BB",
    "sbg": "sBG",
    "gamma_gamma": "Gamma-Gamma",
    "hidden_markov": _("Hidden Markov model"),
    "rule": _("Rule of rhythm"),
    "quantile_regression": _("Quantile regression"),
}
FAMILIES: dict[str, Any] = {
    ModelVersion.Family.PURCHASES: _("How often customers buy, and whether they still do"),
    ModelVersion.Family.CONTRACT: _("How long contracts are renewed"),
    ModelVersion.Family.SPEND: _("How much they spend on a purchase"),
    ModelVersion.Family.STAGE: _("In which stage a relationship is"),
    ModelVersion.Family.GROWTH: _("What similar customers spend"),
}
STEPS: dict[str, Any] = {
    "read": _("Read the days of purchase"),
    "models": _("Fit the models of purchases and spend"),
    "stages": _("Fit the stages"),
    "scores": _("Work out the standing of each customer"),
    "equity": _("Add up customer equity over time"),
    "publish": _("Publish"),
}
STAGE_TONES = {
    Stage.NONE: "neutral",
    Stage.EXPLORATION: "info",
    Stage.FORMATION: "accent",
    Stage.STABILITY: "good",
    Stage.DECLINE: "bad",
    Stage.BROKEN: "neutral",
}
TIER_TONES = {Tier.MOST_VALUABLE: "warn", Tier.MOST_GROWABLE: "info", Tier.BELOW_ZERO: "bad"}
STATE_TONES = {
    ModelVersion.State.USED: "good",
    ModelVersion.State.COMPARED: "neutral",
    ModelVersion.State.REFUSED: "warn",
    ModelVersion.State.FAILED: "bad",
    ModelVersion.State.REPLACED: "neutral",
}
# The bars of the base by stage: numbers and names of the plot's own colours.
STAGE_COLOURS: dict[str, Any] = {
    Stage.NONE: "grey",
    Stage.EXPLORATION: 3,
    Stage.FORMATION: 2,
    Stage.STABILITY: 1,
    Stage.DECLINE: "red",
    Stage.BROKEN: "grey",
}


def model(name: str) -> str:
    """The name of a model as people write it."""
    return str(MODELS.get(name, name))


def stage(code: str) -> str:
    """A stage in words."""
    return str(dict(Stage.choices).get(code, code))


def tier(code: str) -> str:
    """A tier in words."""
    return str(dict(Tier.choices).get(code, code))


def stage_pill(code: str) -> Pill:
    """A stage with its colour."""
    return Pill(stage(code), STAGE_TONES.get(Stage(code), "neutral") if code in Stage.values else "neutral")


def tier_pill(code: str, grade: str = "") -> Pill:
    """A tier with its colour, the grade before it."""
    words = " · ".join(word for word in (grade, tier(code)) if word)
    return Pill(words, TIER_TONES.get(Tier(code), "neutral") if code in Tier.values else "neutral")


def grade_pill(code: str) -> Pill:
    """A grade with its colour."""
    return Pill(
        code, {Grade.A: "warn", Grade.B: "accent"}.get(Grade(code), "neutral") if code in Grade.values else "neutral"
    )


def state_pill(row: ModelVersion) -> Pill:
    """What became of a model."""
    return Pill(row.get_state_display(), STATE_TONES[ModelVersion.State(row.state)])


def step(name: str) -> str:
    """A step of a learning in words."""
    return str(STEPS.get(name, name.replace("_", " ")))


FEATURES = {
    "kind": _("Person or organisation"),
    "gender": _("Gender"),
    "birth_year": _("Year of birth"),
    "city": _("City"),
    "occupation": _("Occupation"),
    "tenure": _("Known for long"),
    "first_spend": _("First purchase"),
    "channels": _("Channels"),
}


def feature(name: str) -> str:
    """What the model of growth goes by, in words."""
    if name.startswith(PROFILE):
        labels = {field.name: field.label for field in profile.fields()}
        return str(labels.get(name.removeprefix(PROFILE), name))
    return str(FEATURES.get(name, name))
