"""What can be asked of win scores: the model in use, the newest run, chances of deals."""

from __future__ import annotations

from collections.abc import Collection

from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.tasks.models import State as TaskState
from guanxi.foundation.visibility import SYSTEM, Viewer
from guanxi.sales.deals.models import Deal, State
from guanxi.sales.winning.models import WinModel, WinRun, WinScore

LEARN = "guanxi.sales.winning.tasks.score_deals"
AT_ONCE = 500
LONG = ("parameters", "trial", "spread")  # loaded only where they are asked for


def probabilities(deals: Collection[int]) -> dict[int, float]:
    """The chance of being won, 0 to 1, of those of `deals` that have a score; for forecasts (door
    “deal_probabilities”). Asks nobody's rights: what is summed up from it asks those of the deals.
    """
    wanted = set(deals)
    rows = WinScore.objects.filter(deal__state=State.OPEN)
    if len(wanted) <= AT_ONCE:
        return dict(rows.filter(deal__in=wanted).values_list("deal", "probability"))
    return {deal: chance for deal, chance in rows.values_list("deal", "probability").iterator() if deal in wanted}


def score_of(deal: Deal, viewer: Viewer) -> WinScore | None:
    """The score of an open deal; None where it has none yet."""
    if deal.state != State.OPEN:
        return None
    rows = WinScore.objects.visible_to(viewer).filter(deal=deal).select_related("model")
    return rows.defer(*(f"model__{name}" for name in LONG)).first()


def is_used(*, made_up: bool) -> bool:
    """Whether a model scores such deals: real ones, or those made up for demonstration."""
    model = in_use(SYSTEM)
    return model is not None and model.made_up == made_up


def in_use(viewer: Viewer) -> WinModel | None:
    """The model that scores deals; None until there is one."""
    known = WinModel.objects.visible_to(viewer).filter(state=WinModel.State.USED, run__state=WinRun.State.PUBLISHED)
    return known.defer(*LONG).order_by("-id").first()


def newest_run(viewer: Viewer) -> WinRun | None:
    """The last run that was published."""
    return WinRun.objects.visible_to(viewer).filter(state=WinRun.State.PUBLISHED).order_by("-id").first()


def runs(viewer: Viewer, limit: int = 20) -> list[WinRun]:
    """The last runs, whatever came of them, the newest first."""
    return list(WinRun.objects.visible_to(viewer).order_by("-id")[:limit])


def versions(viewer: Viewer, limit: int = 20) -> list[WinModel]:
    """The last versions: the one in use first, then the newest."""
    rows = WinModel.objects.visible_to(viewer).filter(run__state=WinRun.State.PUBLISHED).defer(*LONG).order_by("-id")
    return [*rows.filter(state=WinModel.State.USED)[:1], *rows.exclude(state=WinModel.State.USED)[:limit]]


def under_way(viewer: Viewer) -> BackgroundTask | None:
    """The task that waits or runs."""
    waiting = BackgroundTask.objects.visible_to(viewer).filter(
        function=LEARN, state__in=[TaskState.WAITING, TaskState.RUNNING]
    )
    return waiting.order_by("state", "id").first()


def known_counts() -> dict[str, int]:
    """How many deals can be learned from and how many it takes, as the last run found; nothing before the first."""
    newest = newest_run(SYSTEM)
    return dict(newest.figures.get("closed") or {}) if newest is not None else {}
