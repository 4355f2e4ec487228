"""Fitting the models of a learning, keeping each version, and deciding which is used.

What a killed learning had fitted already is taken from its versions instead of being fitted again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import Viewer
from guanxi.insight import actions, contract, lifetime, purchasing, staging, statistics
from guanxi.insight.history import Floats, History, Statistics
from guanxi.insight.lifetime import BadData, NotConverged
from guanxi.insight.models import Assumptions, Learning, ModelVersion
from guanxi.insight.purchasing import Candidate, Purchases, TooLittle, Trial
from guanxi.insight.statistics import EPOCH, UNIT
from guanxi.insight.tiering import Growth
from guanxi.insight.valuing import Discount, Spending, Valuation

Family, State = ModelVersion.Family, ModelVersion.State
MODELS: dict[str, type[Any]] = {
    "bg_nbd": lifetime.BgNbd,
    "mbg_nbd": lifetime.MbgNbd,
    "pareto_nbd": lifetime.ParetoNbd,
    "gamma_gamma": lifetime.GammaGamma,
    "sbg": lifetime.Sbg,
}
DEPENDENT = 0.3  # correlation of purchases and spend from which on the page warns


@dataclass
class Fitted:
    """The models to score with; without `purchases` no value can be told, and the notes say why."""

    purchases: Purchases | None
    spending: Spending
    contract_days: int = 0  # length of a period where customers are bound by contract
    calibration: dict[str, str] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def known(self, history: History) -> Statistics:
        """The statistics of a history as these models read them."""
        return contract.known(history, self.contract_days) if self.contract_days else history.at()

    def valuation(self, assumed: Assumptions) -> Valuation:
        """How these models value customers; there must be a model of purchases."""
        assert self.purchases is not None
        return Valuation(self.purchases, self.spending, Discount(assumed.discount_rate, assumed.horizon_years), UNIT)


def purchases_and_spend(learning: Learning, history: History, assumed: Assumptions, *, by: Viewer) -> Fitted:
    """Compare the models of purchases, refit the best on everything, fit the model of spend."""
    fitted = Fitted(None, Spending(None, 0.0))
    if assumed.bond == Assumptions.Bond.CONTRACT:
        fitted.contract_days = assumed.contract_days
        fitted.notes.append({"code": "contract_used", "days": assumed.contract_days})
    everything = fitted.known(history)
    if fitted.contract_days:
        fitted.purchases = _renewals(learning, everything, fitted, by)
    else:
        _without_contract(learning, history, everything, fitted, by)
    fitted.spending = _spending(learning, history, everything, fitted.notes, by)
    return fitted


# Purchases ------------------------------------------------------------------------------------------------------------


def _without_contract(learning: Learning, history: History, everything: Statistics, fitted: Fitted, by: Viewer) -> None:
    try:
        tried = purchasing.trial(history)
        fitted.calibration = {
            "from": _day(history.begin), "until": _day(tried.past.until), "holdout_until": _day(history.until),
        }  # fmt: skip
        fitted.purchases = _kept_purchases(learning) or _fit_purchases(learning, tried, everything, by)
    except TooLittle as reason:
        fitted.notes.append(reason.note)
    if fitted.purchases is None and not fitted.notes:
        fitted.notes += [row.reason for row in learning.models.filter(family=Family.PURCHASES) if row.reason]


def _renewals(learning: Learning, everything: Statistics, fitted: Fitted, by: Viewer) -> Purchases | None:
    """The model of contracts that are renewed or end."""
    kept = learning.models.filter(family=Family.CONTRACT).first()
    if kept is not None:
        model = contract.Renewals(_model(kept), fitted.contract_days) if kept.state == State.USED else None
        return Purchases(kept.name, model) if model else None
    try:
        purchasing.enough(everything)
        model = contract.Renewals.fit(everything, fitted.contract_days)
    except (TooLittle, NotConverged, BadData) as error:
        why = purchasing.not_converged("sbg", error)
        note = error.note if isinstance(error, TooLittle) else why
        failed = {"family": Family.CONTRACT, "name": "sbg", "state": State.FAILED, "reason": note}
        actions.keep_models(learning, [failed], by=by)
        fitted.notes.append(note)
        return None
    row = _row(Family.CONTRACT, "sbg", State.USED, model.model) | {
        "holdout": {"retention": [float(share) for share in model.model.retention(np.arange(1, 13))]}
    }
    actions.keep_models(learning, [row], by=by)
    return Purchases("sbg", model)


def _fit_purchases(learning: Learning, tried: Trial, everything: Statistics, by: Viewer) -> Purchases | None:
    candidates = purchasing.compare(tried, lambda name: progress(1))
    best = candidates[0]
    if best.calibrated is None:
        actions.keep_models(learning, [_version(one, State.FAILED) for one in candidates], by=by)
        return None
    old = _in_use(Family.PURCHASES)
    if old is not None and (was := _judged_anew(old, tried)) is not None:
        allowed = was - purchasing.WORSE * len(tried.past)
        if best.predictive < allowed:
            return _go_on_with(old, learning, candidates, was, by)
    try:
        purchasing.refit(best, everything, tried)
    except (NotConverged, BadData) as error:
        best.reason = purchasing.not_converged(best.name, error)
        best.fitted = best.calibrated
    versions = [_version(best, State.USED)]
    versions += [_cohort(best, year, model) for year, model in best.cohorts.items()]
    versions += [_version(one, State.COMPARED if one.calibrated else State.FAILED) for one in candidates[1:]]
    actions.keep_models(learning, versions, by=by)
    return Purchases(best.name, best.fitted, best.cohorts)


def _go_on_with(
    old: ModelVersion, learning: Learning, candidates: list[Candidate], was: float, by: Viewer
) -> Purchases:
    """Keep the model in use: the new one told the new hold-out worse."""
    reason = {"code": "worse_than_before", "new": candidates[0].predictive, "old": was}
    refused, *others = candidates
    versions = [_version(refused, State.REFUSED) | {"reason": reason}]
    versions += [_version(one, State.COMPARED if one.calibrated else State.FAILED) for one in others]
    actions.keep_models(learning, versions, by=by)
    cohorts = ModelVersion.objects.filter(learning=old.learning, family=Family.PURCHASES, state=State.USED)
    return Purchases(old.name, _model(old), {int(row.segment): _model(row) for row in cohorts.exclude(segment="")})


def _judged_anew(old: ModelVersion, tried: Trial) -> float | None:
    """What the model in use, as its own calibration had it, makes of the new hold-out."""
    parameters = old.holdout.get("parameters")
    if old.name not in MODELS or not parameters:
        return None
    return purchasing.predictive(MODELS[old.name](parameters), tried)


def _kept_purchases(learning: Learning) -> Purchases | None:
    """The model that a killed run of this learning had fitted."""
    rows = list(learning.models.filter(family=Family.PURCHASES))
    used = {row.segment: row for row in rows if row.state == State.USED}
    if "" not in used:
        refused = any(row.state == State.REFUSED for row in rows)
        old = _in_use(Family.PURCHASES) if refused else None
        return Purchases(old.name, _model(old)) if old else None
    own = {int(segment): _model(row) for segment, row in used.items() if segment}
    return Purchases(used[""].name, _model(used[""]), own)


def _in_use(family: str) -> ModelVersion | None:
    used = ModelVersion.objects.filter(family=family, segment="", state=State.USED)
    return used.filter(learning__state=Learning.State.PUBLISHED).order_by("-id").first()


def _model(row: ModelVersion) -> Any:
    covariance = np.array(row.covariance) if row.covariance else None
    return MODELS[row.name](row.parameters, row.log_likelihood, covariance, float(row.customers))


def _version(one: Candidate, state: str) -> dict[str, Any]:
    return _row(Family.PURCHASES, one.name, state, one.fitted) | {"holdout": _plain(one.holdout), "reason": one.reason}


def _cohort(best: Candidate, year: int, model: Any) -> dict[str, Any]:
    return _row(Family.PURCHASES, best.name, State.USED, model) | {"segment": str(year)}


def _row(family: str, name: str, state: str, model: Any) -> dict[str, Any]:
    if model is None:
        return {"family": family, "name": name, "state": state}
    return {
        "family": family,
        "name": name,
        "state": state,
        "parameters": model.params,
        "errors": model.standard_errors,
        "covariance": model.covariance.tolist(),
        "log_likelihood": model.log_likelihood,
        "customers": round(model.customers),
    }


def _plain(holdout: dict[str, Any]) -> dict[str, Any]:
    """As JSON holds it: days as text."""
    if "by_week" not in holdout:
        return holdout
    return holdout | {"by_week": [[_day(day), actual, told] for day, actual, told in holdout["by_week"]]}


def _day(number: int) -> str:
    return date.fromordinal(EPOCH + number).isoformat()


# Spend ----------------------------------------------------------------------------------------------------------------


def _mean_spend(known: Statistics) -> float:
    purchases = (known.x + 1).sum()
    return float(known.amount.sum() / UNIT / purchases) if purchases else 0.0


def _spending(
    learning: Learning, history: History, everything: Statistics, notes: list[dict[str, Any]], by: Viewer
) -> Spending:
    """The model of spend per purchase, from repeat purchases of which something was left."""
    mean = _mean_spend(everything)
    kept = learning.models.filter(family=Family.SPEND).first()
    if kept is not None:
        return Spending(_model(kept) if kept.state == State.USED else None, mean)
    spent, usable = _repeat_spend(everything)
    if left_out := int(((everything.x > 0) & ~usable).sum()):
        notes.append({"code": "negative_spend", "count": left_out})
    try:
        if usable.sum() < purchasing.LEAST_REPEATING:
            raise TooLittle("too_few_repeating", count=int(usable.sum()), least=purchasing.LEAST_REPEATING)
        model = lifetime.fit_gamma_gamma(everything.x[usable], spent[usable])
    except TooLittle as reason:
        actions.keep_models(learning, [_failed_spend(reason.note)], by=by)
        notes.append(reason.note | {"family": Family.SPEND})
        return Spending(None, mean)
    except (NotConverged, BadData) as error:
        note = purchasing.not_converged("gamma_gamma", error)
        actions.keep_models(learning, [_failed_spend(note)], by=by)
        notes.append(note)
        return Spending(None, mean)
    correlation = float(np.corrcoef(everything.x[usable], spent[usable])[0, 1]) if usable.sum() > 2 else 0.0
    if abs(correlation) > DEPENDENT:
        notes.append({"code": "spend_not_independent", "correlation": correlation})
    holdout = {"correlation": correlation} | _calibrated_spend(history)
    actions.keep_models(learning, [_row(Family.SPEND, "gamma_gamma", State.USED, model) | {"holdout": holdout}], by=by)
    return Spending(model, mean)


def _calibrated_spend(history: History) -> dict[str, Any]:
    """The same model of the calibration period alone, for comparison."""
    past = history.at(purchasing.cut(history))
    spent, usable = _repeat_spend(past)
    try:
        model = lifetime.fit_gamma_gamma(past.x[usable], spent[usable])
    except (NotConverged, BadData):
        return {}
    return {
        "parameters": model.params,
        "errors": model.standard_errors,
        "log_likelihood": model.log_likelihood,
        "customers": int(usable.sum()),
    }


def _repeat_spend(known: Statistics) -> tuple[Floats, NDArray[np.bool_]]:
    """Mean spend of the repeat purchases (whole units), and of whom something was left to learn from."""
    spent = known.mean_spend / UNIT
    return spent, (known.x > 0) & (spent > 0)


def _failed_spend(note: dict[str, Any]) -> dict[str, Any]:
    return {"family": Family.SPEND, "name": "gamma_gamma", "state": State.FAILED, "reason": note}


# Stage and growth -----------------------------------------------------------------------------------------------------


def stages(learning: Learning, history: History, *, by: Viewer) -> staging.Staged:
    """The stage of every customer, and the version of the model that told it."""
    from guanxi.insight.states import HiddenMarkov

    kept = learning.models.filter(family=Family.STAGE).first()
    staged = staging.stages(
        history,
        HiddenMarkov.from_json(kept.parameters) if kept and kept.parameters else None,
        lambda panel: statistics.touches(panel, history.parties),
    )
    if kept is None:
        known = staged.model
        row = {
            "family": Family.STAGE,
            "name": "hidden_markov" if known else "rule",
            "state": State.USED,
            "parameters": known.as_json() if known else {},
            "log_likelihood": known.log_likelihood if known else None,
            "customers": len(history.parties),
            "holdout": staged.figures,
            "reason": staged.note,
        }
        actions.keep_models(learning, [row], by=by)
    return staged


def keep_growth(learning: Learning, growth: Growth | None, *, by: Viewer) -> None:
    """Keep the figures of the model of similar customers' spend."""
    if growth is None or learning.models.filter(family=Family.GROWTH).exists():
        return
    row = {
        "family": Family.GROWTH, "name": "quantile_regression", "state": State.USED, "customers": growth.customers,
        "holdout": {"coverage": growth.coverage, "importance": growth.importance},
    }  # fmt: skip
    actions.keep_models(learning, [row], by=by)
