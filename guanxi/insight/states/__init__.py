"""Hidden Markov models of relationship states, on NumPy arrays; no Django needed (docs/develop/states.md)."""

from guanxi.insight.lifetime.errors import BadData, NotConverged
from guanxi.insight.states.beta_mixed import BetaMixed, beta_mixed_log_likelihood, fit_beta_mixed
from guanxi.insight.states.fitting import fit_hidden_markov
from guanxi.insight.states.labels import label
from guanxi.insight.states.model import HiddenMarkov
from guanxi.insight.states.parameters import Parameters, parameters
from guanxi.insight.states.simulation import Simulated, simulate

__all__ = [
    "BadData",
    "BetaMixed",
    "HiddenMarkov",
    "NotConverged",
    "Parameters",
    "Simulated",
    "beta_mixed_log_likelihood",
    "fit_beta_mixed",
    "fit_hidden_markov",
    "label",
    "parameters",
    "simulate",
]
