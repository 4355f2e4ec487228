"""Writing made-up deals with all that hangs on them, as sets; what happened is told at the times when it happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from guanxi.channels.activities.models import Activity, Participant
from guanxi.customers.models import Party, Relationship
from guanxi.foundation.actions import action
from guanxi.foundation.todos.models import Todo
from guanxi.foundation.visibility import Viewer, require
from guanxi.intake.models import ImportRun
from guanxi.ledger.models import Channel, Direction, Event
from guanxi.orders.quotes.models import Quote, QuoteLine
from guanxi.sales.deals import amounts
from guanxi.sales.deals.models import CommitteeSeat, Contender, Deal, Stage, StageChange, State
from guanxi.sales.leads.models import Lead
from guanxi.sales.sample import known
from guanxi.sales.sample.actions import invoicing
from guanxi.sales.sample.actions.world import Told, World, found, money, whole
from guanxi.sales.sample.process import Step, Story

HUNDRED = Decimal(100)
VALID_FOR = timedelta(days=30)


@action
def write(stories: Sequence[Story], world: World, *, by: Viewer) -> int:
    """Write some stories, in one transaction; those that are there already are passed over. How many were written."""
    require(by, "create", ImportRun)
    numbers = {story.number: f"{known.PREFIX}{story.number:05}" for story in stories}
    there = set(Deal.objects.filter(number__in=numbers.values()).values_list("number", flat=True))
    stories = [story for story in stories if numbers[story.number] not in there]
    if not stories:
        return 0
    told = Told(world)
    deals = _deals(stories, numbers, world)
    _around(stories, deals, world)
    _changes(stories, deals, world, told)
    _activities(stories, deals, world, told)
    _leads(stories, deals, numbers, world, told)
    _quotes(stories, deals, numbers, world, told)
    invoicing.write(stories, numbers, world, told)
    Event.objects.bulk_create(sorted(told.rows, key=lambda event: event.occurred_at), batch_size=1_000)
    return len(stories)


def _deals(stories: Sequence[Story], numbers: dict[int, str], world: World) -> list[Deal]:
    made = []
    for story in stories:
        last, stage = story.steps[-1], world.stages[story.steps[-1].stage]
        over = story.closed_at
        deal = Deal(
            name=story.name, number=numbers[story.number], party=world.parties[story.firm.key],
            contact=world.parties[story.contact.key], owner=world.users[story.firm.rep], pipeline=stage.pipeline,
            stage=stage, stage_since=last.at, state=story.state, value=money(last.value), currency=world.currency,
            probability={"won": 100, "lost": 0}.get(story.state, stage.probability),
            expected_close=last.expected_close, closed_on=over.date() if over else None, source=story.source,
            purchase_kind=story.kind, buyer_kind=story.firm.buyer_kind, made_up=True, created_at=story.steps[0].at,
        )  # fmt: skip
        if story.state == "lost":
            _lose(deal, story, world)
        for name, value in amounts.worked_out(deal).items():
            setattr(deal, name, value)
        made.append(deal)
    Deal.objects.bulk_create(made, batch_size=500)
    found(made)
    return made


def _lose(deal: Deal, story: Story, world: World) -> None:
    """Why, and to whom: the strong ones win by their relationship, the weak ones by their price."""
    if story.rival is None or not world.reasons:
        deal.lost_reason = world.quiet_reasons[story.number % len(world.quiet_reasons)]
        return
    deal.lost_reason = world.reasons[(story.number + story.strength) % len(world.reasons)]
    deal.lost_to = world.parties[story.rival.key]


def _around(stories: Sequence[Story], deals: Sequence[Deal], world: World) -> None:
    """The buying committee, the competitor, the next action."""
    pairs = list(zip(stories, deals, strict=True))
    known_roles = set(Relationship.BuyingRole.values)
    CommitteeSeat.objects.bulk_create(
        [
            CommitteeSeat(
                deal=deal, person=world.parties[one.key], role=one.role, stance=one.stance, influence=one.influence
            )
            for story, deal in pairs
            for one in story.seats
            if one.role in known_roles
        ],
        batch_size=1_000,
    )
    Contender.objects.bulk_create(
        [
            Contender(deal=deal, party=world.parties[story.rival.key], strength=story.strength)
            for story, deal in pairs
            if story.rival is not None
        ],
        batch_size=1_000,
    )
    verbs = [Todo.Verb.CALL, Todo.Verb.WRITE, Todo.Verb.SEND, Todo.Verb.MEET]
    todos = [
        Todo(
            verb=verbs[story.number % len(verbs)], what=story.contact.name, object_type=known.DEAL, object_id=deal.pk,
            assignee=deal.owner, due_on=story.next_due, is_next=True, created_at=story.steps[-1].at,
        )
        for story, deal in pairs
        if story.next_due is not None
    ]  # fmt: skip
    Todo.objects.bulk_create(todos, batch_size=1_000)
    found(todos)


def _changes(stories: Sequence[Story], deals: Sequence[Deal], world: World, told: Told) -> None:
    """Where each deal has been, with what was known then."""
    rows: list[StageChange] = []
    for story, deal in zip(stories, deals, strict=True):
        before: Step | None = None
        for step in story.steps:
            stage = world.stages[step.stage]
            said = _said(deal, stage, step.value, world)
            rows.append(_change(deal, before, step, step.at, State.OPEN, stage.probability, world))
            if before is None:
                told.add("deal.created", story, deal, step.at, **said)
            else:
                told.add(
                    "deal.moved", story, deal, step.at, **{"from": world.stages[before.stage].name, "to": stage.name},
                    **said,
                )  # fmt: skip
            before = step
        if story.closed_at is not None:
            last = story.steps[-1]
            rows.append(_change(deal, last, last, story.closed_at, State(story.state), deal.probability, world))
            said = _said(deal, world.stages[last.stage], last.value, world)
            if story.state == "lost" and deal.lost_reason is not None:
                said |= {"reason": deal.lost_reason.name, "competitor": story.rival.name if story.rival else ""}
            told.add(f"deal.{story.state}", story, deal, story.closed_at, **said)
    StageChange.objects.bulk_create(rows, batch_size=1_000)


def _change(
    deal: Deal, before: Step | None, step: Step, at: datetime, state: State, probability: int, world: World
) -> StageChange:
    return StageChange(
        deal=deal, from_stage=world.stages[before.stage] if before else None, to_stage=world.stages[step.stage],
        from_state="" if before is None else State.OPEN, to_state=state, at=at, by=deal.owner,
        days=(at - before.at).days if before else 0, amount=money(step.value), probability=probability,
        expected_close=step.expected_close,
    )  # fmt: skip


def _said(deal: Deal, stage: Stage, value: int, world: World) -> dict[str, Any]:
    """What events say of a deal."""
    return {
        "name": deal.name, "amount": str(money(value)), "currency": world.currency, "pipeline": stage.pipeline.name,
        "stage": stage.name,
    }  # fmt: skip


def _activities(stories: Sequence[Story], deals: Sequence[Deal], world: World, told: Told) -> None:
    rows: list[tuple[Story, Activity, Party]] = []
    for story, deal in zip(stories, deals, strict=True):
        shared: dict[str, Any] = {
            "party": deal.party, "object_type": known.DEAL, "object_id": deal.pk, "owner": deal.owner,
            "import_run": world.run,
        }  # fmt: skip
        for place, one in enumerate(story.contacts):
            activity = Activity(
                kind=one.kind, subject=one.person.name, starts_at=one.at, minutes=one.minutes,
                state=Activity.State.HELD, outcome=one.outcome, uid=f"{deal.number}-{place}@made-up", created_at=one.at,
                changed_at=one.at, **shared,
            )  # fmt: skip
            rows.append((story, activity, world.parties[one.person.key]))
        if story.planned is not None:
            uid = f"{deal.number}-next@made-up"
            activity = Activity(
                kind=Activity.Kind.MEETING, subject=story.contact.name, starts_at=story.planned, minutes=60, uid=uid,
                created_at=story.steps[-1].at, changed_at=story.steps[-1].at, **shared,
            )  # fmt: skip
            rows.append((story, activity, world.parties[story.contact.key]))
    Activity.objects.bulk_create([row for _story, row, _person in rows], batch_size=1_000)
    found(row for _story, row, _person in rows)
    Participant.objects.bulk_create(
        [Participant(activity=row, party=person) for _story, row, person in rows], batch_size=1_000
    )
    for story, row, _person in rows:
        if row.state == Activity.State.HELD:
            told.add(
                row.kind, story, row, row.starts_at, row.channel, Direction.OUT, outcome=row.outcome,
                minutes=row.minutes, subject=row.subject,
            )  # fmt: skip


def _leads(stories: Sequence[Story], deals: Sequence[Deal], numbers: dict[int, str], world: World, told: Told) -> None:
    """Those who came by themselves were leads before: answered within hours or days, then converted."""
    rows = []
    for story, deal in zip(stories, deals, strict=True):
        if not story.lead:
            continue
        begun = story.steps[0].at
        hours = (1, 3, 8, 26, 50, 75)[story.number % 6]
        came = begun - timedelta(hours=hours + 4)
        rows.append(
            (
                story,
                Lead(
                    name=story.contact.name, organisation=story.firm.name, title=story.contact.title,
                    mail=story.contact.mail, city=story.firm.city,
                    country=story.firm.country, language=story.firm.language, message=story.items[0].article.name,
                    number=numbers[story.number], state=Lead.State.CONVERTED, owner=deal.owner,
                    same_as=deal.party, assigned_at=came, first_activity_at=came + timedelta(hours=hours),
                    seconds_to_activity=hours * 3600, converted_at=begun, deal=deal, created_at=came,
                ),
            )
        )  # fmt: skip
    Lead.objects.bulk_create([lead for _story, lead in rows], batch_size=1_000)
    found(lead for _story, lead in rows)
    for story, lead in rows:
        said = {"name": lead.name, "source": story.source}
        told.add("lead.created", story, lead, lead.created_at, Channel.WEB, Direction.IN, **said)
        told.add("lead.converted", story, lead, story.steps[0].at, **said)


def _quotes(stories: Sequence[Story], deals: Sequence[Deal], numbers: dict[int, str], world: World, told: Told) -> None:
    rows: list[tuple[Story, Quote]] = []
    for story, deal in zip(stories, deals, strict=True):
        if story.offered_at is None:
            continue
        total, number = money(story.total), numbers[story.number]
        full = sum(item.article.price * item.quantity for item in story.items)
        won = story.state == "won"
        answered = story.closed_at if won or (story.closed_at and story.number % 10 < 7) else None
        quote = Quote(
            number=number, party=deal.party, subject=deal.name, owner=deal.owner, place_type=known.DEAL,
            place_id=deal.pk, currency=world.currency, country=story.firm.country, language=story.firm.language,
            state=Quote.State.ACCEPTED if won else Quote.State.DECLINED if answered else Quote.State.SENT,
            priced_on=story.offered_at.date(), valid_until=(story.offered_at + VALID_FOR).date(), net=total,
            total=total, reduction=round(HUNDRED - total / full * HUNDRED, 2), sent_at=story.offered_at,
            answered_at=answered, answered_by=story.contact.name if answered else "",
            reason=deal.lost_reason.name if answered and not won and deal.lost_reason else "",
            order=world.orders.get(number), created_at=story.offered_at, changed_at=answered or story.offered_at,
        )  # fmt: skip
        rows.append((story, quote))
    Quote.objects.bulk_create([quote for _story, quote in rows], batch_size=500)
    found(quote for _story, quote in rows)
    QuoteLine.objects.bulk_create(
        [line for story, quote in rows for line in _lines(story, quote, world)], batch_size=1_000
    )
    for story, quote in rows:
        said: dict[str, Any] = {
            "number": quote.number, "total": str(quote.total), "currency": quote.currency,
            "place": [known.DEAL, quote.place_id],
        }  # fmt: skip
        told.add("quote.sent", story, quote, quote.created_at, **said)
        if quote.answered_at is not None:
            answer = "accepted" if quote.state == Quote.State.ACCEPTED else "declined"
            more = {"name": quote.answered_by, "reason": quote.reason}
            told.add(f"quote.{answer}", story, quote, quote.answered_at, Channel.WEB, Direction.IN, **said, **more)


def _lines(story: Story, quote: Quote, world: World) -> Iterable[QuoteLine]:
    for position, item in enumerate(story.items, 1):
        product = world.products[item.article.code]
        price = whole(item.article.price)
        yield QuoteLine(
            quote=quote, position=position, product=product, description=product.name, quantity=whole(item.quantity),
            list_price=price, price=price, discount_percent=whole(item.percent), amount=money(item.amount),
        )  # fmt: skip
