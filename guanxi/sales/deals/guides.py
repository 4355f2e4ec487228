"""What is to be ticked on a deal, by stage and by the buyer's steps."""

from __future__ import annotations

from dataclasses import dataclass

from guanxi.sales.deals.models import Check, Deal, Step, Tick


@dataclass(frozen=True)
class Line:
    """One thing to do on a deal, and whether it is done."""

    item: Check
    tick: Tick | None


@dataclass(frozen=True)
class Part:
    """The things of one stage or step."""

    label: str
    lines: list[Line]

    @property
    def done(self) -> int:
        return sum(line.tick is not None for line in self.lines)

    @property
    def is_done(self) -> bool:
        return self.done == len(self.lines)


def checklist(deal: Deal) -> Part:
    """What is to be done in the present stage."""
    items = list(Check.objects.filter(stage=deal.stage_id).order_by("position", "id"))
    return Part(str(deal.stage), _lines(deal, items))


def playbook(deal: Deal) -> list[Part]:
    """The buyer's steps for this kind of purchase; none where the kind is not known."""
    if not deal.purchase_kind:
        return []
    lines = _lines(
        deal, list(Check.objects.filter(purchase_kind=deal.purchase_kind).order_by("step", "position", "id"))
    )
    parts = [Part(str(step.label), [line for line in lines if line.item.step == step]) for step in Step]
    return [part for part in parts if part.lines]


def _lines(deal: Deal, items: list[Check]) -> list[Line]:
    ticks = {tick.item_id: tick for tick in deal.ticks.filter(item__in=items).select_related("by")}
    return [Line(item, ticks.get(item.pk)) for item in items]
