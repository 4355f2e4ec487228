"""Every page and every operation of the API, by who may and by who may not, on records of one's own, one's team's and
others'.

`rights_addresses` says of each address which right it needs, `rights_requests` what is sent; one not listed fails.
Each is asked by an administrator, by somebody with a role that lacks nothing but this right, by a sales
representative (whose rights reach to the team, some to his own), by the other ready-made roles, and by a colleague
without any role; on PostgreSQL by the administrator and the representative. What the ready-made roles grant is tried
right by right.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone
from PIL import Image

from guanxi.catalog.actions import create_product
from guanxi.channels.activities import actions as activities
from guanxi.channels.calendar.models import Account, Clash, Notice
from guanxi.channels.mail.models import Folder, Mailbox, Message, Thread
from guanxi.customers import actions as customers
from guanxi.customers.actions.consents import OPT_IN
from guanxi.customers.models import JunkValue, MatchPair, OptIn, Party, Source, SourceRecord
from guanxi.customers.rights.models import Request, RetentionRule, SensitiveField
from guanxi.customers.sending import PREFERENCES
from guanxi.foundation import clock, hooks, visibility
from guanxi.foundation.access.models import Invitation, Lock
from guanxi.foundation.api.service import build
from guanxi.foundation.attachments import actions as attachments
from guanxi.foundation.bulk_changes.models import BulkChange
from guanxi.foundation.custom_fields.actions import add_field
from guanxi.foundation.desk.actions import save_view
from guanxi.foundation.models import AuditEntry, Notification, User
from guanxi.foundation.notes import actions as notes
from guanxi.foundation.people import create_token
from guanxi.foundation.roles import actions, ready_made
from guanxi.foundation.roles.models import Role
from guanxi.foundation.tags.actions import tag as add_tags
from guanxi.foundation.tasks.models import BackgroundTask
from guanxi.foundation.todos import actions as todos
from guanxi.foundation.visibility import SYSTEM
from guanxi.insight.models import Learning, Standing
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.models import ImportRun
from guanxi.lake.dashboards import actions as dashboards
from guanxi.ledger.webhooks.models import Delivery, Webhook
from guanxi.orders.actions import Line, create_order
from guanxi.orders.invoices.actions import invoice_order
from guanxi.orders.invoices.models import Reminder
from guanxi.orders.quotes.actions import Draft, create_quote
from guanxi.sales.accounts import actions as plans
from guanxi.sales.deals import actions as deals
from guanxi.sales.deals import ready_made as deals_ready_made
from guanxi.sales.deals.models import Check, LostReason, Stage
from guanxi.sales.leads.actions import create_lead
from tests.rights_addresses import API, DESKS, OF_LIST, OF_RECORD, ON_DESKS, ROUTES, Route, desk_routes, read
from tests.rights_requests import BODIES, OF_API, OF_PAGES, WITH_A_FILE, fill, on_record

OWN, TEAM, FOREIGN = "own", "team", "foreign"
WHOSE = (OWN, TEAM, FOREIGN)
REACHES = {"none": (), "own": (OWN,), "team": (OWN, TEAM), "all": WHOSE}
DENIED = {401, 403, 404}
# What roles say is the same on each database; how far they reach is asked of it, by sales.
EVERYBODY = connection.vendor == "sqlite"
OTHER_ROLES = [key for key in ready_made.GRANTS if key not in (ready_made.ADMINISTRATOR, ready_made.SALES)]
NOTHING = 299
NOT_DONE = {NOTHING, 405, 409, 422}  # what was sent was wrong besides: nothing was done, nothing shown


def patterns(found: Any, prefix: str = "") -> Iterator[str]:
    for pattern in found:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from patterns(pattern.url_patterns, route)


def test_every_address_and_operation_is_listed() -> None:
    pages = {route for route in patterns(get_resolver().url_patterns) if not route.startswith(("accounts/", "api/"))}
    listed = {route.address if route.address != "/" else "" for route in read(ROUTES)}
    of_desks = {route.removeprefix("<desk:desk>/") for route in pages if route.startswith("<desk:desk>/")}
    known = {end.replace("{pk}", "<int:pk>") for end in (*OF_LIST, *OF_RECORD)} | ON_DESKS
    operations = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in build().get_openapi_schema()["paths"].items()
        for method in operations
    }
    slugs = {line.split()[0] for line in DESKS.strip().splitlines()}

    assert {route for route in pages if not route.startswith("<desk:desk>/")} ^ listed == set()
    assert of_desks ^ known == set()
    # Those of lists come from their declarations: each asks for the verb of its method; some are walked.
    of_lists = {one for one in operations if one.split()[1].startswith("/records/") and one.split("/")[2] in slugs}
    listed_operations = {str(route) for route in read(API) if not route.address.startswith("/records/")}
    assert (operations - of_lists) ^ listed_operations == set()
    assert {desk.slug for desk in hooks.get("desk")} ^ slugs == set()


# What the ready-made roles grant -------------------------------------------------------------------------------------


def deal_of(party: Party, owner: User) -> dict[str, Any]:
    """A deal with what hangs on it."""
    deals_ready_made.install(partial(apps.get_model, "deals"))
    deal = deals.create_deal(name="Deal", party=party, owner=owner, purchase_kind="straight_rebuy", by=SYSTEM)
    return {
        "deal": deal.pk,
        "lead": create_lead(name="Lead", owner=owner, by=SYSTEM).pk,
        "seat": deals.seat(deal.pk, party, "decider", by=SYSTEM).pk,
        "check": Check.objects.filter(purchase_kind="straight_rebuy").values_list("pk", flat=True)[0],
        "stage": Stage.objects.filter(pipeline=deal.pipeline).values_list("pk", flat=True).last(),
        "reason": LostReason.objects.filter(needs_competitor=False).values_list("pk", flat=True)[0],
    }


def more_records(party: Party, owner: User) -> dict[str, Any]:
    """What else hangs on a customer, or is somebody's own."""
    works_at = customers.create_party(name=f"Of {owner.username}, Ltd", kind="organisation", owner=owner, by=SYSTEM)
    relationship = customers.add_relationship(party, "works_at", works_at, by=SYSTEM)
    customers.edit_party(party.pk, {"city": "Kaohsiung"}, by=SYSTEM)
    edited = AuditEntry.objects.filter(object_type="customers.party", object_id=party.pk).order_by("-id").first()
    tag = add_tags(party, ["Regular"], by=SYSTEM)[0]
    dashboard = dashboards.make_dashboard("Mine", by=owner)
    question = dashboards.save_question("Mine", "m=orders", by=owner)
    tile = dashboards.add_tile(dashboard.pk, question.pk, by=owner)
    asked = {"function": "guanxi.foundation.tasks.tasks.clean_up", "requested_by": owner, "state": "failed"}
    change = {"desk": "customers", "object_type": "customers.party", "kind": "edit", "state": "done", "changed": 1}
    return {
        **_decided(party, works_at, owner),
        "organisation": works_at.pk,
        "goal": plans.add_goal(by=SYSTEM, party=works_at, title="More", due_on=clock.today(), owner=owner).pk,
        "review": plans.plan_review(works_at, clock.today(), by=SYSTEM).pk,
        "relationship": relationship.pk,
        "entry": edited.pk if edited else 0,
        "tag": tag.pk,
        "dashboard": dashboard.pk,
        "question": question.pk,
        "tile": tile.pk,
        "background": BackgroundTask.objects.create(**asked).pk,
        "change": BulkChange.objects.create(by=owner, by_name=str(owner), **change).pk,
        "view": save_view("customers", "Mine", "", by=owner).pk,
        "notification": Notification.objects.create(user=owner, title="Read me").pk,
        "token": create_token(owner, "mine", by=owner)[0].pk,
        "request": Request.objects.create(kind="access", party=party, due_on=date(2026, 12, 1)).pk,
        "pair": MatchPair.objects.create(low=party, high=works_at, probability=0.9).pk,
    }


def _decided(party: Party, firm: Party, owner: User) -> dict[str, Any]:
    """Merged and decided duplicates, what was asked and gathered, a picture: what must be there to be acted upon."""
    twin, other = (customers.create_party(name=f"Of {owner.username}", owner=owner, by=SYSTEM) for _ in range(2))
    merge = customers.merge_parties(twin.pk, [other.pk], by=SYSTEM).merges[0]
    asked = OptIn.objects.create(
        party=party, purpose="marketing", channel="mail", address="a@example.com", text="Yes?", language="en",
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    picture = BytesIO()
    Image.new("RGB", (600, 400)).save(picture, "PNG")
    kept = {"file": default_storage.save("request.zip", ContentFile(b"zip")), "file_until": clock.now() + timedelta(1)}
    gathered = Request.objects.create(kind="access", party=party, due_on=date(2026, 12, 1), **kept)
    return {
        "merge": merge.pk,
        "decided": MatchPair.objects.create(low=party, high=twin, probability=0.8, state="different").pk,
        "opt_in": signing.dumps(asked.pk, salt=OPT_IN),
        "preferences": signing.dumps([party.pk, "marketing", "mail"], salt=PREFERENCES),
        "picture": attachments.attach(party, "a.png", ContentFile(picture.getvalue()), by=owner).pk,
        "gathered": gathered.pk,
        "said": SourceRecord.objects.filter(party=party).latest("id").pk,
        "standing": Standing.objects.create(
            party=party, learning=_learning(), day=date(2026, 11, 1), value_so_far=0
        ).pk,
    }


def _learning() -> Learning:
    return Learning.objects.get_or_create(day=date(2026, 11, 1), state="published")[0]


def shared_records(home: Path, owner: User) -> dict[str, Any]:
    """What belongs to nobody, once."""
    webhook = Webhook.objects.create(name="Till", url="https://example.com/hook", owner=owner)
    file = home / "rows.csv"
    file.write_text("name,mail\nAnna,anna@example.com\n")
    taken = {"kind": "parties", "file_name": file.name, "path": str(file), "file_size": file.stat().st_size}
    done = ImportRun.objects.create(**taken, state="done")
    done.folder.mkdir(parents=True)
    done.rejects_path.write_text("row,column,value,reason\n")
    invited = {"email": "new@example.com", "nonce": "1", "expires_at": timezone.now() + timedelta(days=1)}
    return {
        "webhook": webhook.pk,
        "delivery": Delivery.objects.create(webhook=webhook, kind="webhook.test").pk,
        "field": add_field("customers.party", {"en": "Colour"}, "text", by=SYSTEM).pk,
        "rule": RetentionRule.objects.create(kind="events", months=12).pk,
        "sensitive": SensitiveField.objects.create(field="customers.party.occupation").pk,
        "draft": ImportDraft.objects.create(**taken).pk,
        "run": done.pk,
        "waiting": ImportRun.objects.create(**taken, state="waiting").pk,
        "paused": ImportRun.objects.create(**taken, state="paused").pk,
        "source": Source.objects.create(code="till", name="Till").pk,
        "junk": JunkValue.objects.create(kind="mail", key="none@example.com").pk,
        "invitation": Invitation.objects.create(**invited).pk,
        "lock": Lock.objects.create(kind=Lock.Kind.ACCOUNT, key="user:1", label="somebody").pk,
    }


@pytest.fixture
def three(home: Path, colleague: Any) -> dict[str, Any]:
    """A representative, a colleague of his team, another one, and a customer with all that hangs on him of each."""
    people = {OWN: colleague("rep", "sales"), TEAM: colleague("mate", "sales"), FOREIGN: colleague("other", "sales")}
    team = actions.create_team("North", by=SYSTEM)
    for who in (OWN, TEAM):
        actions.add_member(team, people[who], by=SYSTEM)
    product = create_product(code="tea", name="Tea", by=SYSTEM)
    records: dict[str, dict[str, Any]] = {}
    shared = shared_records(home, people[FOREIGN])
    for who, owner in people.items():
        said = {"name": f"Of {who}", "city": "Taipei", "mail": f"{who}@example.com"}
        party = customers.create_party(**said, owner=owner, by=SYSTEM)
        order = create_order(party, [Line(description="Tea", amount=1)], by=SYSTEM)  # type: ignore[arg-type]
        invoice = invoice_order(order.pk, by=SYSTEM)
        quote = create_quote(party, [Draft(description="Tea", price=1)], by=SYSTEM)  # type: ignore[arg-type]
        share = actions.share(party, user=owner, by=SYSTEM)
        records[who] = {
            "party": party.pk,
            "order": order.pk,
            "line": order.lines.get().pk,
            "quote": quote.pk,
            "quote_line": quote.lines.get().pk,
            "invoice": invoice.pk,
            "reminder": Reminder.objects.create(invoice=invoice, level=1).pk,
            "product": product.pk,
            "point": party.contact_points.get().pk,
            "note": notes.write(party, "Text", by=owner).note.pk,
            "todo": todos.add("Call", record=party, assignee=owner, by=owner).pk,
            "activity": activities.plan(by=SYSTEM, record=party, kind="call", owner=owner).pk,
            **mail_of(party, owner),
            **calendar_of(owner),
            "attachment": attachments.attach(party, "a.txt", ContentFile(b"text"), by=owner).pk,
            "event": party.events.order_by("pk").first().pk,
            "share": share.pk,
            "team": team.pk,
            "user": people[FOREIGN].pk,
            "owner": owner.pk,
            "role": Role.objects.get(key=ready_made.READ_ONLY).pk,
            **deal_of(party, owner),
            **more_records(party, owner),
            **shared,
        }
    return {"people": people, "records": records, "team": team}


def mail_of(party: Party, owner: User) -> dict[str, int]:
    """A mailbox of somebody, with a message from a customer."""
    mailbox = Mailbox.objects.create(owner=owner, address=owner.email, imap_host="mail.example.com", username="x")
    thread = Thread.objects.create()
    message = Message.objects.create(
        mailbox=mailbox, thread=thread, message_id=f"{owner.pk}@example.com", direction="in", sender="a@b", party=party
    )
    folder = Folder.objects.create(mailbox=mailbox, name="INBOX", kind="inbox", read=True)
    notice = Notice.objects.create(message=message, state=Notice.State.SHOWN)
    return {"mailbox": mailbox.pk, "message": message.pk, "folder": folder.pk, "notice": notice.pk}


def calendar_of(owner: User) -> dict[str, int]:
    """A calendar elsewhere of somebody, with an appointment that was changed on both sides."""
    account = Account.objects.create(owner=owner, address="https://calendar.example.com/", path="/x/", username="x")
    meeting = activities.plan(by=SYSTEM, kind="meeting", owner=owner)
    text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20270101T000000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    clash = Clash.objects.create(account=account, activity=meeting, ours=text, theirs=text)
    return {"calendar": account.pk, "clash": clash.pk}


def test_the_ready_made_roles_reach_as_far_as_their_tables_say(three: dict[str, Any], colleague: Any) -> None:
    """Each role, each right over customers and orders, own, team and foreign: by `may` and by `allowed_to` alike."""
    for key, grants in ready_made.GRANTS.items():
        user = colleague(f"with-{key}", key)
        actions.add_member(three["team"], user, by=SYSTEM)
        mine = customers.create_party(name="Mine", owner=user, by=SYSTEM)
        parties = {OWN: mine, **{who: Party.objects.get(pk=three["records"][who]["party"]) for who in (TEAM, FOREIGN)}}
        for verb in ("view", "edit", "delete", "export", "merge"):
            table = grants.get("customers", {})
            expected = WHOSE if key == ready_made.ADMINISTRATOR else REACHES[table.get(verb, "none")]
            for who, party in parties.items():
                allowed = Party.objects.allowed_to(user, verb).filter(pk=party.pk).exists()
                assert visibility.may(user, verb, party) is allowed is (who in expected), (key, verb, who)


# Pages and operations ------------------------------------------------------------------------------------------------


def granted(leaving: str) -> dict[str, dict[str, str]]:
    """Every right over everything, but this one."""
    subject, _dot, verb = leaving.partition(".")
    return {
        one.key: {name: "all" for name in one.verbs if (one.key, name) != (subject, verb)}
        for one in visibility.subjects()
    }


@cache
def fewer(one: str, other: str) -> bool:
    """Whether a ready-made role has fewer rights than another, and none that the other has not."""
    mine, theirs = (
        {
            (subject, verb): len(REACHES[reach])
            for subject, table in ready_made.GRANTS[key].items()
            for verb, reach in table.items()
        }
        for key in (one, other)
    )
    return mine != theirs and all(reach <= theirs.get(right, 0) for right, reach in mine.items())


class Walk:
    """Who asks, and what came of it."""

    def __init__(self, three: dict[str, Any], staff: User, colleague: Any) -> None:
        self.records = three["records"]
        self.colleague = colleague
        self.wrong: list[str] = []
        self.clients: dict[str, Client] = {}
        self.log_in("administrator", staff)
        self.log_in("sales", three["people"][OWN])
        self.log_in("nothing", colleague("nothing"))
        for role in (key for key in ready_made.GRANTS if key not in self.clients):
            self.log_in(role, colleague(f"all-{role}", role))

    def log_in(self, name: str, user: User) -> None:
        client = Client(raise_request_exception=False)
        client.force_login(user)
        self.clients[name] = client

    def without(self, need: str) -> str:
        """Somebody who may everything but this."""
        name = f"all but {need}"
        if name not in self.clients:
            user = self.colleague(f"u{len(self.clients)}")
            role = actions.create_role(name, by=SYSTEM)
            actions.edit_role(role.pk, {"grants": granted(need)}, by=SYSTEM)
            actions.give_roles(user, [role], by=SYSTEM)
            self.log_in(name, user)
        return name

    def ask(self, route: Route, address: str, who: str, whose: str) -> int:
        data = BODIES.get(str(route), {})
        records = self.records[whose]
        body = {key: self.filled(value, records) for key, value in data.items()}
        send = getattr(self.clients[who], route.method.lower())
        options: dict[str, Any] = {"secure": False}
        if str(route) in WITH_A_FILE:
            options["data"] = body | {"file": SimpleUploadedFile(*WITH_A_FILE[str(route)])}
        elif address.startswith("/api/") and route.method != "GET":
            options |= {"data": body, "content_type": "application/json"}
        elif body:
            options["data"] = body
        with transaction.atomic():
            response = send(address, **options)
            transaction.set_rollback(True)
        visibility.forget()
        if who in ("sales", "nothing") and not response.streaming and b"Of foreign" in response.content:
            self.wrong.append(f"{route} tells {who} of a customer whom he does not see")
        return self.outcome(response)

    def filled(self, value: Any, records: dict[str, Any]) -> Any:
        """A value of a body, with the numbers of records in place of their names."""
        if isinstance(value, list):
            return [self.filled(one, records) for one in value]
        return records[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value

    @staticmethod
    def outcome(response: Any) -> int:
        """The status; NOTHING for a list without anything in it."""
        if response.status_code == 200 and response.headers.get("Content-Type", "").startswith("application/json"):
            found = response.json()
            if found == [] or (isinstance(found, dict) and found.get("items") == []):
                return NOTHING
        return int(response.status_code)

    def expect(self, route: Route, address: str, who: str, whose: str, allowed: bool) -> None:
        status = self.ask(route, address, who, whose)
        if status >= 500 and route.there:
            self.wrong.append(f"{route} ({whose}) as {who}: {status}")
        elif allowed and route.there and status in DENIED:
            self.wrong.append(
                f"{route} needs {route.need}: refused ({status}) to {who}, whose right reaches to {whose}"
            )
        elif not allowed and status not in DENIED | NOT_DONE:
            self.wrong.append(f"{route} needs {route.need}: given ({status}) to {who} on what is {whose}")

    def walk(self, route: Route, address: str) -> None:
        on_record = "{" in address
        here = address.format(**self.records[FOREIGN])
        if route.need == "mine":
            for who in ("administrator", "nothing"):
                self.expect(route, here, who, FOREIGN, False)
            for whose in WHOSE:
                self.expect(route, address.format(**self.records[whose]), "sales", whose, whose == OWN)
            return
        self.expect(route, here, "administrator", FOREIGN, True)
        if route.need == "open":
            return
        if EVERYBODY:
            self.expect(route, here, "nothing", FOREIGN, route.need == "-")
        if route.need == "-":
            return
        for whose in WHOSE if on_record else (FOREIGN,):
            allowed = self.may("sales", route.reaching or route.need, whose if on_record else OWN)
            self.expect(route, address.format(**self.records[whose]), "sales", whose, allowed)
        if EVERYBODY:
            self.walk_of_others(route, here, FOREIGN if on_record else OWN)

    def walk_of_others(self, route: Route, here: str, whose: str) -> None:
        if route.need != "administrate":
            self.expect(route, here, self.without(route.need), FOREIGN, False)
        for role, allowed in self.others(route, whose).items():
            self.expect(route, here, role, FOREIGN, allowed)

    def others(self, route: Route, whose: str) -> dict[str, bool]:
        """The other roles that are asked, with whether they may: those of whom nothing is known yet.

        Rights only add: who lacks the right fares no better than who lacks nothing but it, and where a role may, one
        with more rights may.
        """
        may = {
            role: self.may(role, route.reaching or route.need, whose) and self.may(role, route.need, OWN)
            for role in OTHER_ROLES
            if route.need == "administrate" or self.may(role, route.need, OWN)
        }
        allowed = [role for role, allowed in may.items() if allowed]
        least = [one for one in allowed if not any(fewer(other, one) for other in allowed)]
        return {role: allowed for role, allowed in may.items() if not allowed or role in least}

    @staticmethod
    def may(role: str, need: str, whose: str) -> bool:
        """Whether the table of a ready-made role grants a right on what is somebody's."""
        subject, _dot, verb = need.partition(".")
        return whose in REACHES[ready_made.GRANTS[role].get(subject, {}).get(verb, "none")]


@pytest.mark.django_db
def test_pages_are_given_to_who_may(home: Any, three: dict[str, Any], staff: User, colleague: Any) -> None:
    walk = Walk(three, staff, colleague)
    for route in read(ROUTES):
        walk.walk(
            route,
            "/" + fill(route.address.strip("/") + ("/" if route.address.endswith("/") else ""), OF_PAGES).lstrip("/"),
        )
    for route in desk_routes():
        walk.walk(route, f"/{route.address}")
    assert not walk.wrong, "\n".join(walk.wrong)


@pytest.mark.django_db
def test_operations_are_given_to_who_may(home: Any, three: dict[str, Any], staff: User, colleague: Any) -> None:
    walk = Walk(three, staff, colleague)
    for route in read(API):
        address = "/api/v1" + fill(route.address, OF_API)
        if on_record(route) and "{" not in address:
            address += "?of={party}"  # so that it is asked for each record; the body names it
        walk.walk(route, address)
    assert not walk.wrong, "\n".join(walk.wrong)
