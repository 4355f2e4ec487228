"""The made-up year as a part of the sample data: its files for the import engine, then the deals around them."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from pathlib import Path

from django.utils.translation import gettext as _

from guanxi.catalog.models import Product
from guanxi.customers.models import SourceRecord
from guanxi.foundation import clock, tasks
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.visibility import Viewer
from guanxi.intake.demo import loading
from guanxi.intake.models import ImportRun
from guanxi.orders.models import OrderLine
from guanxi.sales.deals import queries
from guanxi.sales.deals.models import LostReason, Stage
from guanxi.sales.sample import actions, firms, known
from guanxi.sales.sample.actions.colleagues import NAMES, PREFIX
from guanxi.sales.sample.actions.world import World
from guanxi.sales.sample.process import Story, Way, draw_stories

AT_ONCE = 250  # stories in one transaction


def prepare(folder: Path, by: Viewer, scale: float) -> list[tuple[str, Path]]:
    """The representatives, and the files of organisations, people, products and orders. None for no scale."""
    if not scale:
        return []
    actions.employ(by=by)
    day, scale = _begun(folder, scale)
    files = firms.write_firms(folder, _firms(scale), day.replace(year=day.year - 3, day=1).isoformat())
    sales = folder / "year-sales.csv"
    firms.write_rows(sales, [row for story in _stories(day, scale) if story.state == "won" for row in _sale(story)])
    return [*files, ("sales", sales)]


def build(by: Viewer, scale: float) -> list[str]:
    """The deals with all that hangs on them, some at a time; what is there already is passed over."""
    if not scale:
        return []
    stories = _stories(*_begun(loading.folder(), scale))
    world = _world()
    written = 0
    for start in range(0, len(stories), AT_ONCE):
        written += actions.write(stories[start : start + AT_ONCE], world, by=by)
        tasks.progress(start, len(stories), "deals")
    counts = ", ".join(f"{count:,} {name.lower()}" for name, count in known.lines())
    return [f"deals: {written:,} written; there are {counts}"]


def _begun(folder: Path, scale: float) -> tuple[date, float]:
    """The day on which the year ends, and its scale: as they were when it was drawn first, until it is taken away."""
    path = folder / "year.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"day": clock.today().isoformat(), "scale": scale}))
    said = json.loads(path.read_text())
    return date.fromisoformat(said["day"]), float(said["scale"])


def _firms(scale: float) -> list[firms.Firm]:
    return firms.draw_firms([f"{PREFIX}{number}" for number in range(1, len(NAMES) + 1)], scale)


def _stories(day: date, scale: float) -> list[Story]:
    stages = _stages()
    way = Way([stage.probability for stage in stages], [stage.expected_days or 14 for stage in stages])
    return draw_stories(_firms(scale), firms.articles(), way, day, clock.zone(), scale)


def _stages() -> list[Stage]:
    """The stages of the first pipeline in use. Raises Refused."""
    found = queries.pipelines()
    if not found:
        raise Refused(_("There is no pipeline with stages in use; made-up deals need one."))
    return found[0][1]


def _sale(story: Story) -> list[dict[str, object]]:
    """An order as the import engine takes it."""
    assert story.closed_at is not None
    number = f"{known.PREFIX}{story.number:05}"
    return [
        {
            "customer": story.firm.key, "date": f"{story.closed_at:%Y-%m-%d %H:%M}", "order": number, "line": place,
            "product": item.article.code, "quantity": item.quantity, "amount": f"{item.amount / 100:.2f}",
            "discount": f"{item.article.price * item.quantity - item.amount / 100:.2f}",
            "cost": f"{item.article.price * 0.58 * item.quantity:.2f}",
            "sales_person": story.firm.rep, "channel": "web",
        }
        for place, item in enumerate(story.items, 1)
    ]  # fmt: skip


def _world() -> World:
    runs = known.runs().filter(state=ImportRun.State.DONE)
    run = runs.filter(kind=ImportRun.Kind.PARTIES).order_by("-pk").values_list("pk", flat=True).first()
    if run is None:
        raise Refused(_("The made-up organisations did not come in; see the imports."))
    said = SourceRecord.objects.filter(source__code=firms.SOURCE).select_related("party")
    orders = {order.number: order for order in known.orders()}
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order__in=orders.values()).order_by("order", "pk"):
        lines[line.order_id].append(line)
    for some in lines.values():
        some.sort(key=lambda line: int(line.key))
    reasons = list(LostReason.objects.order_by("position", "pk"))
    return World(
        run=run,
        parties={one.external_id: one.party for one in said if one.party is not None},
        users={user.username: user for user in User.objects.filter(username__startswith=PREFIX)},
        stages=_stages(),
        products={one.code: one for one in Product.objects.filter(code__in=[one.code for one in firms.articles()])},
        reasons=[one for one in reasons if one.needs_competitor],
        quiet_reasons=[one for one in reasons if not one.needs_competitor] or reasons,
        orders=orders,
        order_lines=lines,
    )
