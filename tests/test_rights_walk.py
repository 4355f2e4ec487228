"""Every page and every operation of the API, by who may and by who may not, on records of one's own, one's team's and
others'.

ROUTES says of each address which right it needs; a new one that is not listed fails. Each is asked by an administrator,
by somebody with a role that lacks nothing but this right, by a sales representative (whose rights reach to the team,
some to his own) and by a colleague without any role. What the ready-made roles grant is tried right by right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from guanxi.catalog.actions import create_product
from guanxi.customers import actions as customers
from guanxi.customers.models import MatchPair, Party
from guanxi.customers.rights.models import Request, RetentionRule, SensitiveField
from guanxi.foundation import hooks, visibility
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
from guanxi.intake.drafts import ImportDraft
from guanxi.intake.models import ImportRun
from guanxi.lake.dashboards import actions as dashboards
from guanxi.ledger.webhooks.models import Delivery, Webhook
from guanxi.orders.actions import Line, create_order

# method, address, right: `subject.verb`; “administrate”; “open”: nobody needs to log in; “mine”: whose it is, nobody
# else, administrators neither (with `~` the right that he needs besides). “-”: whoever works here, for what is his own
# (account, notifications, favourites), for open pages, and for words that the house shares (tags, teams, colleagues).
# A “?” behind it: the record it is about is not made here, so that being allowed cannot be told from finding nothing.
ROUTES = """
GET healthz open ?
GET create/ -
GET search/ -
GET search/suggest/ -
GET reports/<slug:slug>/ reports.view
GET reports/<slug:slug>/pdf/ reports.view
POST reports/<slug:slug>/subscription/ reports.view
GET tasks/<int:pk>/state/ background.view
GET tasks/<int:pk>/progress/ background.view
POST tasks/<int:pk>/cancel/ background.edit
POST tasks/<int:pk>/retry/ background.edit
POST roles/<int:pk>/rights/ administrate
POST roles/<int:pk>/fields/ administrate
POST roles/<int:pk>/hold/ administrate
POST roles/<int:pk>/remove/ administrate
POST roles/of/<int:pk>/ administrate
POST teams/<int:pk>/member/ people.edit
POST teams/<int:pk>/remove/ people.delete
GET sharing/<str:object_type>/<int:object_id>/ customers.view
POST sharing/<str:object_type>/<int:object_id>/ customers.edit
GET audit/chain/ audit.view
POST audit/chain/look/ administrate
GET attachments/of/<str:object_type>/<int:object_id>/ customers.view
GET attachments/<int:pk>/file/ customers.view
GET attachments/<int:pk>/preview/ customers.view ?
GET attachments/<int:pk>/open/ customers.view
POST attachments/<int:pk>/remove/ customers.edit
GET notes/of/<str:object_type>/<int:object_id>/ customers.view
GET notes/colleagues/ -
GET notes/<int:pk>/ customers.view
POST notes/<int:pk>/pin/ customers.edit
POST notes/<int:pk>/remove/ customers.edit
GET notes/<int:pk>/versions/ customers.view
GET notes/<int:pk>/open/ customers.view
GET tags/of/<str:object_type>/<int:object_id>/ customers.view
GET tags/suggestions/ -
GET todos/mine/ -
GET todos/of/<str:object_type>/<int:object_id>/ customers.view
POST todos/<int:pk>/done/ tasks.edit~customers.edit
POST todos/<int:pk>/remove/ tasks.delete~customers.edit
GET account/ -
POST account/tokens/ -
POST account/tokens/<int:pk>/revoke/ mine
GET account/notifications/ -
GET notifications/all/ -
GET notifications/live/ -
POST notifications/<int:pk>/mark/ mine
GET dashboards/ reports.view
POST dashboards/new/ reports.view
GET dashboards/<slug:key>/ mine~reports.view
POST dashboards/<slug:key>/change/ mine~reports.view
GET dashboards/<slug:key>/tiles/<int:number>/ mine~reports.view
GET explore/file/<slug:shape>/ reports.export
GET first-steps/<slug:slug>/ -
POST first-steps/<slug:slug>/settle/ settings.edit
GET first-steps/business/ settings.view
GET imports/sample-data/ imports.create
POST imports/sample-data/change/ imports.create
POST questions/ reports.view
GET questions/<int:pk>/ mine~reports.view
POST questions/<int:pk>/change/ mine~reports.view
POST access/<int:pk>/factors/reset/ people.edit
POST access/<int:pk>/sessions/end/ people.edit
POST access/invitations/<int:pk>/again/ people.create
POST access/invitations/<int:pk>/withdraw/ people.create
GET access/invite/ people.create
POST access/locks/<int:pk>/unlock/ people.edit
GET access/rules/ people.edit
POST access/tokens/<int:pk>/revoke/ people.edit
POST account/sessions/end/ -
POST language/ open
POST theme/ open
GET palette/ -
GET icons/<slug:name>.svg open
GET notifications/ -
GET notifications/unread/ -
POST notifications/read/ -
POST notifications/<int:pk>/open/ mine
GET consent/c/<str:token>/ open ?
GET consent/u/<str:token>/ open ?
GET rights/ consent.view
GET rights/purposes/ -
POST rights/purposes/<slug:code>/ settings.edit
POST requests/<int:pk>/do/ consent.edit
GET requests/<int:pk>/file/ consent.view ?
POST retention/<int:pk>/do/ settings.edit
POST sensitive/<int:pk>/remove/ settings.delete
GET customers/<int:pk>/rights/ consent.view
GET customers/duplicates/ merging.view
POST customers/duplicates/look/ merging.edit
GET customers/duplicates/looking/ merging.view
GET customers/duplicates/<int:pk>/ merging.view
GET customers/duplicates/<int:pk>/why/ merging.view
POST customers/duplicates/<int:pk>/decide/ merging.edit
POST customers/duplicates/<int:pk>/take-back/ merging.edit ?
GET customers/merge/ customers.merge
GET customers/merge/preview/ customers.merge
GET customers/merges/<int:pk>/undo/ merging.merge ?
GET customers/<int:pk>/story/<str:name>/ customers.view
GET customers/<int:pk>/story/<str:name>/<int:record>/ customers.view ?
GET customers/identity/settings/ merging.view
GET customers/identity/settings/outlook/ merging.view
POST customers/identity/settings/rules/ settings.edit
GET customers/identity/settings/rules/following/ merging.view
POST customers/identity/settings/sources/<int:pk>/ settings.edit ?
POST customers/identity/settings/junk/ settings.create
POST customers/identity/settings/junk/<int:pk>/ settings.edit ?
POST customers/new/again/ customers.create
POST customers/new/same/ customers.create
POST customers/new/use/<int:pk>/ customers.edit
GET customers/new/line/ customers.create
GET customers/new/telephone/ customers.create
POST customers/new/address/ customers.create
GET customers/new/organisations/ customers.create
GET customers/pick/ customers.view
POST customers/<int:pk>/contact-points/ customers.edit
GET customers/contact-points/<int:pk>/ customers.view
POST customers/contact-points/<int:pk>/remove/ customers.edit
POST customers/<int:pk>/relationships/ customers.edit
GET customers/<int:pk>/relationships/<int:row>/ customers.edit
POST customers/<int:pk>/relationships/<int:row>/end/ customers.edit
POST customers/<int:pk>/relationships/<int:row>/remove/ customers.edit
GET customers/<int:pk>/chart/ customers.view
POST customers/<int:pk>/chart/move/ customers.edit ?
GET customers/<int:pk>/chart/people/ customers.edit
GET customers/<int:pk>/chart/people/<int:person>/ customers.edit
POST customers/<int:pk>/chart/people/<int:person>/leave/ customers.edit
POST customers/<int:pk>/consents/ consent.create
GET webhooks/<int:pk>/edit/ settings.edit
POST webhooks/<int:pk>/do/ settings.edit
POST webhooks/<int:pk>/rotate/ settings.edit
POST deliveries/<int:pk>/resend/ settings.edit
GET customers/<int:pk>/timeline/ events.view
GET customers/<int:pk>/timeline/more/ events.view
POST customers/<int:pk>/note/ customers.edit
GET products/suggest/ products.view
GET products/<int:pk>/price/ products.view
GET orders/<int:pk>/card-lines/ orders.view
GET orders/<int:pk>/lines/ orders.view
GET orders/lines/<int:pk>/ orders.edit
POST orders/lines/<int:pk>/remove/ orders.edit
POST orders/<int:pk>/take-back/ orders.edit
GET / -
GET explore/ reports.view
GET explore/values/<slug:name>/ reports.view
GET imports/start/ imports.create
POST imports/upload/ imports.create
GET imports/samples/<slug:key>.csv -
GET imports/drafts/<int:draft_id>/columns/ imports.create
GET imports/drafts/<int:draft_id>/rules/ imports.create
GET imports/drafts/<int:draft_id>/check/ imports.create ?
GET imports/drafts/<int:draft_id>/check/<slug:state>/ imports.create ?
POST imports/drafts/<int:draft_id>/import/ imports.create ?
POST imports/drafts/<int:draft_id>/throw-away/ imports.create
GET imports/<int:run_id>/result/ imports.view
GET imports/<int:run_id>/live/ imports.view
POST imports/<int:run_id>/pause/ imports.edit ?
POST imports/<int:run_id>/cancel/ imports.edit ?
POST imports/<int:run_id>/resume/ imports.edit ?
GET imports/<int:run_id>/revert/ask/ imports.edit
POST imports/<int:run_id>/revert/ imports.edit ?
GET imports/<int:run_id>/kept/ imports.view
GET imports/<int:run_id>/rejected.csv imports.view ?
POST backups/start/ settings.edit ?
POST bulk-changes/<int:pk>/undo/ background.view
GET bulk-changes/<int:pk>/state/ background.view
GET bulk-changes/field/<desk:found>/ customers.edit
POST bulk-changes/hangs/<desk:found>/ products.delete
POST bulk-changes/remove/<desk:found>/<int:pk>/ products.delete
GET fields/ settings.view
GET fields/parties/ -
POST fields/new/ settings.create
GET fields/<int:pk>/ settings.view
POST fields/<int:pk>/archive/ settings.edit
POST fields/<int:pk>/destroy/ settings.delete
GET fields/<int:pk>/outlook/ settings.edit
POST fields/<int:pk>/refresh/ settings.edit
POST fields/<int:pk>/replace/ settings.edit
POST fields/<int:pk>/restore/ settings.edit
POST fields/<int:pk>/retype/ settings.edit
POST fields/order/ settings.edit
POST fields/preview/ settings.view
GET habits/ -
POST habits/arrange/ -
GET habits/keys/ -
GET habits/lines/ -
POST habits/shortcuts/ -
POST habits/star/<desk:desk>/<int:pk>/ customers.view
GET metrics open ?
GET status/ settings.view
GET insight/ insight.view
GET insight/models/ insight.view
GET insight/models/<int:pk>/ insight.view ?
POST insight/learn/ insight.run
GET insight/assumptions/ insight.view
"""

API = """
GET /access/locks people.edit
DELETE /access/locks/{number} people.edit
GET /access/{user}/sessions people.edit
DELETE /access/{user}/sessions people.edit
DELETE /access/{user}/factors people.edit
GET /invitations people.create
POST /invitations people.create
POST /invitations/{number}/again people.create
DELETE /invitations/{number} people.create
GET /bulk-changes background.view
POST /bulk-changes customers.edit
GET /bulk-changes/{number} background.view
POST /bulk-changes/{number}/undo background.view ?
GET /favourites -
PUT /favourites -
GET /favourites/seen -
PUT /favourites/{slug}/{number} customers.view
DELETE /favourites/{slug}/{number} customers.view
GET /notifications -
POST /notifications/read -
PATCH /notifications/{number} mine
GET /questions reports.view
POST /questions reports.view
GET /questions/{number} mine~reports.view
GET /questions/{number}/answer mine~reports.view ?
PATCH /questions/{number} mine~reports.view
PUT /questions/{number}/sharing mine~reports.view
DELETE /questions/{number} mine~reports.view
GET /dashboards reports.view
POST /dashboards reports.view
PUT /dashboards/first -
GET /dashboards/{key} mine~reports.view
PATCH /dashboards/{key} mine~reports.view
DELETE /dashboards/{key} mine~reports.view
PUT /dashboards/{key}/sharing mine~reports.view
POST /dashboards/{key}/tiles mine~reports.view
PUT /dashboards/{key}/tiles mine~reports.view
GET /dashboards/{key}/tiles/{tile} mine~reports.view ?
PATCH /dashboards/{key}/tiles/{tile} mine~reports.view
DELETE /dashboards/{key}/tiles/{tile} mine~reports.view
POST /views customers.view
PATCH /views/{number} mine
DELETE /views/{number} mine
PUT /views/{number}/sharing mine
PUT /views/{number}/choice mine
POST /views/{number}/copy mine
GET /attachments -
POST /attachments customers.edit ?
DELETE /attachments/{number} customers.edit
GET /attachments/{number} customers.view
GET /attachments/{number}/content customers.view
GET /bulk/{kind}/fields -
POST /bulk/{kind} imports.create
PUT /events/by/{source}/{external_id} events.create
PUT /orders/by/{source}/{external_id} orders.create
PUT /parties/by/{source}/{external_id} customers.create
PUT /products/by/{code} products.create
GET /records/customers customers.view
GET /records/customers/{party} customers.view
GET /records/orders orders.view
GET /records/orders/{order} orders.view
GET /records/events events.view
GET /records/events/{event} events.view
GET /records/products products.view
GET /records/audit audit.view
GET /records/roles people.view
GET /custom-fields settings.view
POST /custom-fields settings.create
PATCH /custom-fields/{number} settings.edit
DELETE /custom-fields/{number} settings.edit
GET /tokens -
POST /tokens -
DELETE /tokens/{number} mine
GET /history/{slug}/{number} customers.view
POST /history/{slug}/{number}/{entry}/put-back customers.edit
GET /duplicates merging.view
POST /duplicates/{number} merging.edit
GET /erasures consent.view
POST /erasures consent.create ?
GET /events events.view
POST /events events.create
GET /events/{number} events.view
GET /imports imports.view
POST /imports imports.create ?
GET /imports/{number} imports.view
POST /imports/{number}/cancel imports.edit ?
GET /imports/{number}/difference imports.view
GET /imports/{number}/kept imports.view
POST /imports/{number}/pause imports.edit ?
POST /imports/{number}/resume imports.edit ?
POST /imports/{number}/revert imports.edit ?
GET /insight/equity insight.view
POST /insight/learn insight.run
GET /insight/models insight.view
GET /merges merging.view
POST /merges/{number}/undo merging.merge ?
GET /notes -
POST /notes customers.edit
DELETE /notes/{number} customers.edit
GET /notes/{number} customers.view
PATCH /notes/{number} customers.edit
GET /orders orders.view
POST /orders orders.create
GET /orders/{number} orders.view
PATCH /orders/{number} orders.edit
POST /orders/{number}/lines orders.edit
POST /orders/{number}/return orders.edit
GET /parties customers.view
POST /parties customers.create
POST /parties/likely customers.view
GET /parties/{number} customers.view
PATCH /parties/{number} customers.edit
GET /parties/{number}/chart customers.view
POST /parties/{number}/chart/moves customers.edit
POST /parties/{number}/consent-questions consent.create ?
GET /parties/{number}/consents consent.view
POST /parties/{number}/consents consent.create
GET /parties/{number}/contact-points customers.view
POST /parties/{number}/contact-points customers.edit
DELETE /parties/{number}/contact-points/{point} customers.edit
PATCH /parties/{number}/contact-points/{point} customers.edit
GET /parties/{number}/contactable consent.view
GET /parties/{number}/events events.view
POST /parties/{number}/merge customers.merge ?
GET /parties/{number}/orders orders.view
GET /parties/{number}/relationships customers.view
POST /parties/{number}/relationships customers.edit
DELETE /parties/{number}/relationships/{row} customers.edit
PATCH /parties/{number}/relationships/{row} customers.edit
GET /parties/{number}/standing insight.view ?
GET /products products.view
POST /products products.create
GET /products/{number} products.view
PATCH /products/{number} products.edit
GET /products/{number}/price products.view
GET /products/{number}/stock products.view
GET /query reports.view
POST /query reports.view
GET /requests consent.view
POST /requests consent.create
GET /requests/{number} consent.view
GET /roles people.view
POST /roles administrate
PUT /roles/of/{user} administrate
DELETE /roles/{number} administrate
GET /roles/{number} people.view
PATCH /roles/{number} administrate
GET /sharing customers.view
POST /sharing customers.edit
DELETE /sharing/{number} customers.edit
GET /tags -
POST /tags -
POST /tags/of customers.edit
GET /tags/of/{object_type}/{object_id} customers.view
DELETE /tags/of/{object_type}/{object_id}/{tag} customers.edit
DELETE /tags/{number} settings.delete
PATCH /tags/{number} settings.edit
GET /teams -
POST /teams people.create
DELETE /teams/{number} people.delete
PUT /teams/{number}/members people.edit
GET /todos tasks.view
POST /todos tasks.create~customers.edit
DELETE /todos/{number} tasks.delete~customers.edit
GET /todos/{number} tasks.view
PATCH /todos/{number} tasks.edit~customers.edit
GET /views -
GET /views/{number} mine
GET /views/{number}/rows mine~customers.view
GET /webhooks settings.view
POST /webhooks settings.create
DELETE /webhooks/{number} settings.delete
GET /webhooks/{number} settings.view
PATCH /webhooks/{number} settings.edit
GET /webhooks/{number}/deliveries settings.view
GET /webhooks/{number}/deliveries/{delivery} settings.view
POST /webhooks/{number}/deliveries/{delivery}/resend settings.edit
POST /webhooks/{number}/pause settings.edit
POST /webhooks/{number}/resume settings.edit
POST /webhooks/{number}/rotate-secret settings.edit
POST /webhooks/{number}/test settings.edit
"""

# Of each list the subject of its records, and the record that is opened (see `records`).
DESKS = """
backups settings -
bulk-changes background -
access people.edit -
costs insight -
imports imports -
orders orders order
products products product
price-lists products -
prices products -
exchange-rates products -
tax-rates products -
stock products -
stock-places products -
bundle-parts products -
events events event
webhooks settings -
deliveries settings -
requests consent -
consents consent -
erasures consent -
retention settings -
looks audit -
sensitive settings -
customers customers party
duplicates merging -
merges merging -
sources - -
source-records customers -
tags - -
todos tasks todo
audit audit entry
tasks background -
roles people role
teams - team
"""
# Behind the slug of a list; what is no record needs the right to see, but for the files.
OF_LIST = {
    "": "view",
    "rows/": "view",
    "count/": "view",
    "export.csv": "export",
}
OF_RECORD = {"{pk}/": "view", "{pk}/history/": "view"}
ON_DESKS = {  # tried elsewhere: what they need is asked of the declaration, by each desk's own tests
    "<int:pk>/history/<int:entry>/back/", "filter/", "bulk/<slug:key>/", "arrange/", "cards/", "group/", "figures/",
    "live/", "narrow/", "totals/", "<int:pk>/move/", "export.xlsx", "<int:pk>/beside/", "<int:pk>/news/", "views/",
    "views/<int:pk>/", "views/<int:pk>/edit/", "new/", "<int:pk>/fact/<str:name>/", "<int:pk>/panel/<slug:key>/",
}  # fmt: skip

OWN, TEAM, FOREIGN = "own", "team", "foreign"
WHOSE = (OWN, TEAM, FOREIGN)
REACHES = {"none": (), "own": (OWN,), "team": (OWN, TEAM), "all": WHOSE}
DENIED = {401, 403, 404}
NOTHING = 299
NOT_DONE = {NOTHING, 405, 409, 422}  # what was sent was wrong besides: nothing was done, nothing shown
BODIES: dict[str, dict[str, Any]] = {
    "POST /invitations": {"email": "another@example.com"},
    "POST /bulk-changes": {
        "list": "customers",
        "everything": True,
        "filter": "f.city=Taipei",
        "values": {"city": "Tainan"},
    },
    "PUT /favourites": {"numbers": [1]},
    "PATCH /notifications/{number}": {"read": True},
    "POST /questions": {"name": "New", "query": "m=orders"},
    "PATCH /questions/{number}": {"name": "Other"},
    "PUT /questions/{number}/sharing": {"sharing": "everybody"},
    "POST /dashboards": {"name": "New"},
    "PATCH /dashboards/{key}": {"name": "Other"},
    "PUT /dashboards/{key}/sharing": {"sharing": "everybody"},
    "POST /dashboards/{key}/tiles": {"question": "{question}"},
    "PUT /dashboards/{key}/tiles": {"tiles": [1]},
    "PATCH /dashboards/{key}/tiles/{tile}": {"form": "table"},
    "POST /views": {"list": "customers", "name": "New"},
    "PATCH /views/{number}": {"name": "Other"},
    "PUT /views/{number}/sharing": {"users": []},
    "PUT /views/{number}/choice": {"pinned": True},
    "POST dashboards/new/": {"name": "New"},
    "POST requests/<int:pk>/do/": {"what": "gather"},
    "POST retention/<int:pk>/do/": {"what": "pause"},
    "POST first-steps/<slug:slug>/settle/": {"as": "dismissed"},
    "POST imports/sample-data/change/": {"do": "load"},
    "POST questions/": {"name": "New", "query": "m=orders"},
    "POST questions/<int:pk>/change/": {"name": "Other"},
    "POST dashboards/<slug:key>/change/": {"do": "rename", "name": "Other"},
    "POST webhooks/<int:pk>/do/": {"what": "pause"},
    "POST fields/<int:pk>/retype/": {"kind": "number"},
    "POST fields/order/": {"type": "customers.party", "key": "colour"},
    "POST habits/arrange/": {"order": "1"},
    "POST /bulk/{kind}": {"rows": [{"name": "New"}]},
    "PUT /events/by/{source}/{external_id}": {"kind": "call", "party": "{party}"},
    "PUT /orders/by/{source}/{external_id}": {"party": "{party}", "lines": [{"description": "Tea", "amount": "1"}]},
    "PUT /parties/by/{source}/{external_id}": {"name": "New"},
    "PUT /products/by/{code}": {"name": "New"},
    "POST /custom-fields": {"object_type": "customers.party", "names": {"en": "New"}, "kind": "text"},
    "PATCH /custom-fields/{number}": {"names": {"en": "Other"}},
    "POST /tokens": {"name": "new", "scopes": ["read"]},
    "POST /history/{slug}/{number}/{entry}/put-back": {"seen": {}},
    "POST /duplicates/{number}": {"do": "different"},
    "POST /parties/{number}/chart/moves": {"person": "{party}", "under": None},
    "POST /parties/{number}/relationships": {"kind": "works_at", "other": "{organisation}"},
    "PATCH /parties/{number}/relationships/{row}": {"title": "Clerk"},
    "POST /requests": {"kind": "access", "party": "{party}"},
    "POST /tags": {"name": "New"},
    "PATCH /tags/{number}": {"name": "Other"},
    "POST /webhooks": {"name": "New", "url": "https://example.com/other"},
    "PATCH /webhooks/{number}": {"name": "Other"},
    "POST /webhooks/{number}/resume": {"skip": False},
    "POST /events": {"kind": "call", "party": "{party}"},
    "POST /notes": {"object_type": "customers.party", "object_id": "{party}", "text": "Called."},
    "POST /orders": {"party": "{party}", "lines": [{"description": "Tea", "amount": "1"}]},
    "PATCH /notes/{number}": {"text": "Other"},
    "PATCH /products/{number}": {"name": "Other"},
    "PATCH /todos/{number}": {"what": "Other"},
    "POST roles/<int:pk>/hold/": {"user": "{user}"},
    "POST teams/<int:pk>/member/": {"user": "{user}"},
    "POST /orders/{number}/lines": {"lines": [{"description": "Tea", "amount": "1"}]},
    "POST /parties": {"name": "New"},
    "POST /parties/likely": {"name": "New"},
    "PATCH /parties/{number}": {"city": "Taipei"},
    "POST /parties/{number}/consents": {"purpose": "marketing", "channel": "mail", "given": True},
    "POST /parties/{number}/contact-points": {"kind": "mail", "value": "new@example.com"},
    "POST /products": {"code": "new", "name": "New"},
    "POST /query": {"measures": ["orders"]},
    "POST /roles": {"name": "New"},
    "PUT /roles/of/{user}": {"roles": []},
    "POST /sharing": {"object_type": "customers.party", "object_id": "{party}", "team": "{team}"},
    "POST /tags/of": {"object_type": "customers.party", "object_id": "{party}", "names": ["new"]},
    "POST /teams": {"name": "New"},
    "PUT /teams/{number}/members": {"members": []},
    "POST /todos": {"what": "Call", "object_type": "customers.party", "object_id": "{party}"},
}  # fmt: skip


@dataclass(frozen=True)
class Route:
    """One address, the right that it needs, and whether what it is about is there."""

    method: str
    address: str
    need: str
    there: bool
    reaching: str = ""  # the right that says how far a representative reaches, where that is another one

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


def read(table: str) -> list[Route]:
    routes = []
    for line in table.strip().splitlines():
        method, address, said, *missing = line.split()
        need, _tilde, reaching = said.partition("~")
        routes.append(Route(method, address, need, not missing, reaching))
    return routes


def desk_routes() -> list[Route]:
    routes = []
    for line in DESKS.strip().splitlines():
        slug, subject, record = line.split()
        for ends, of in ((OF_LIST, "list"), (OF_RECORD, "record")):
            for end, verb in ends.items():
                verb = "view" if slug == "backups" else verb  # who sees backups may list them in a file
                need = "-" if subject == "-" and verb == "view" else f"{subject if subject != '-' else 'none'}.{verb}"
                need = subject if "." in subject else need
                if (of == "list" or record != "-") and need != "none.export":
                    routes.append(Route("GET", f"{slug}/{end.replace('{pk}', '{' + record + '}')}", need, True))
    return routes


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
        "organisation": works_at.pk,
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


def shared_records(home: Path, owner: User) -> dict[str, Any]:
    """What belongs to nobody, once."""
    webhook = Webhook.objects.create(name="Till", url="https://example.com/hook", owner=owner)
    file = home / "rows.csv"
    file.write_text("name,mail\nAnna,anna@example.com\n")
    taken = {"kind": "parties", "file_name": file.name, "path": str(file), "file_size": file.stat().st_size}
    invited = {"email": "new@example.com", "nonce": "1", "expires_at": timezone.now() + timedelta(days=1)}
    return {
        "webhook": webhook.pk,
        "delivery": Delivery.objects.create(webhook=webhook, kind="webhook.test").pk,
        "field": add_field("customers.party", {"en": "Colour"}, "text", by=SYSTEM).pk,
        "rule": RetentionRule.objects.create(kind="events", months=12).pk,
        "sensitive": SensitiveField.objects.create(field="customers.party.occupation").pk,
        "draft": ImportDraft.objects.create(**taken).pk,
        "run": ImportRun.objects.create(**taken, state="done").pk,
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
        share = actions.share(party, user=owner, by=SYSTEM)
        records[who] = {
            "party": party.pk,
            "order": order.pk,
            "line": order.lines.get().pk,
            "product": product.pk,
            "point": party.contact_points.get().pk,
            "note": notes.write(party, "Text", by=owner).note.pk,
            "todo": todos.add("Call", record=party, assignee=owner, by=owner).pk,
            "attachment": attachments.attach(party, "a.txt", ContentFile(b"text"), by=owner).pk,
            "event": party.events.order_by("pk").first().pk,
            "share": share.pk,
            "team": team.pk,
            "user": people[FOREIGN].pk,
            "role": Role.objects.get(key=ready_made.READ_ONLY).pk,
            **more_records(party, owner),
            **shared,
        }
    return {"people": people, "records": records, "team": team}


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
        body = {
            key: records[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value
            for key, value in data.items()
        }
        send = getattr(self.clients[who], route.method.lower())
        options: dict[str, Any] = {"secure": False}
        if address.startswith("/api/") and route.method != "GET":
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
        self.expect(route, here, "nothing", FOREIGN, route.need == "-")
        if route.need == "-":
            return
        if route.need != "administrate":
            self.expect(route, here, self.without(route.need), FOREIGN, False)
        for whose in WHOSE if on_record else (FOREIGN,):
            allowed = self.sales_may(route.reaching or route.need, whose if on_record else OWN)
            self.expect(route, address.format(**self.records[whose]), "sales", whose, allowed)

    @staticmethod
    def sales_may(need: str, whose: str) -> bool:
        subject, _dot, verb = need.partition(".")
        return whose in REACHES[ready_made.GRANTS[ready_made.SALES].get(subject, {}).get(verb, "none")]


OF_PAGES = (
    (r"^tasks/<int:pk>", "tasks/{background}"),
    (r"^account/tokens/<int:pk>", "account/tokens/{token}"),
    (r"^access/(invitations|locks|tokens)/<int:pk>", lambda found: f"access/{found[1]}/{{{found[1][:-1]}}}"),
    (r"^access/<int:pk>", "access/{user}"),
    (r"^dashboards/<slug:key>", "dashboards/{dashboard}"),
    (r"^fields/<int:pk>", "fields/{field}"),
    (r"^bulk-changes/(hangs|remove)/<desk:found>", lambda found: f"bulk-changes/{found[1]}/products"),
    (r"^bulk-changes/remove/products/<int:pk>", "bulk-changes/remove/products/{product}"),
    (r"^bulk-changes/<int:pk>", "bulk-changes/{change}"),
    (r"^(notifications|questions|requests|webhooks)/<int:pk>", lambda found: f"{found[1]}/{{{found[1][:-1]}}}"),
    (r"^retention/<int:pk>", "retention/{rule}"),
    (r"^sensitive/<int:pk>", "sensitive/{sensitive}"),
    (r"^deliveries/<int:pk>", "deliveries/{delivery}"),
    (r"^customers/duplicates/<int:pk>", "customers/duplicates/{pair}"),
    (r"^customers/<int:pk>/chart", "customers/{organisation}/chart"),
    (r"<int:number>", "{tile}"),
    (r"<int:person>", "{party}"),
    (r"relationships/<int:row>", "relationships/{relationship}"),
    (r"<int:draft_id>", "{draft}"),
    (r"<int:run_id>", "{run}"),
    (r"<slug:shape>", "csv"),
    (r"first-steps/<slug:slug>", "first-steps/mail"),
    (r"^products/<int:pk>", "products/{product}"),
    (r"^orders/lines/<int:pk>", "orders/lines/{line}"),
    (r"^orders/<int:pk>", "orders/{order}"),
    (r"^customers/contact-points/<int:pk>", "customers/contact-points/{point}"),
    (r"^customers/<int:pk>", "customers/{party}"),
    (r"^customers/new/use/<int:pk>", "customers/new/use/{party}"),
    (r"^(notes|todos|attachments)/<int:pk>", lambda found: f"{found[1]}/{{{found[1][:-1]}}}"),
    (r"^roles/of/<int:pk>", "roles/of/{user}"),
    (r"^(roles|teams)/<int:pk>", lambda found: f"{found[1]}/{{{found[1][:-1]}}}"),
    (r"<str:object_type>/<int:object_id>", "customers.party/{party}"),
    (r"<desk:(desk|found)>/<int:pk>", "customers/{party}"),
    (r"<desk:(desk|found)>", "customers"),
    (r"<slug:slug>", "who-buys"),
    (r"<slug:code>", "marketing"),
    (r"<slug:key>", "parties"),
    (r"values/<slug:name>", "values/department"),
    (r"icons/<slug:name>", "icons/users"),
    (r"<str:name>", "name"),
    (r"<[a-z]+:[a-z_]+>", "1"),
)
OF_API = (
    (r"^/(parties)/\{number\}", "/parties/{party}"),
    (
        r"^/(notes|todos|attachments|orders|events|products|roles|teams)/\{number\}",
        lambda f: f"/{f[1]}/{{{f[1][:-1]}}}",
    ),
    (
        r"^/(requests|tags|tokens|views|webhooks)/\{number\}",
        lambda f: f"/{f[1]}/{{{f[1][:-1]}}}",
    ),
    (r"^/custom-fields/\{number\}", "/custom-fields/{field}"),
    (r"^/access/locks/\{number\}", "/access/locks/{lock}"),
    (r"^/(invitations|questions|notifications)/\{number\}", lambda f: f"/{f[1]}/{{{f[1][:-1]}}}"),
    (r"^/dashboards/\{key\}", "/dashboards/{dashboard}"),
    (r"^/bulk-changes/\{number\}", "/bulk-changes/{change}"),
    (r"^/favourites/\{slug\}/\{number\}", "/favourites/customers/{party}"),
    (r"^/duplicates/\{number\}", "/duplicates/{pair}"),
    (r"^/imports/\{number\}", "/imports/{run}"),
    (r"^/history/\{slug\}/\{number\}", "/history/customers/{party}"),
    (r"^/parties/\{party\}/chart", "/parties/{organisation}/chart"),
    (r"\{(entry)\}", "{entry}"),
    (r"\{row\}", "{relationship}"),
    (r"^/bulk/\{kind\}", "/bulk/parties"),
    (r"^/sharing/\{number\}", "/sharing/{share}"),
    (r"^/sharing$", "/sharing?object_type=customers.party&object_id={party}"),
    (r"\{object_type\}/\{object_id\}", "customers.party/{party}"),
    (r"\{(number|source|external_id|code)\}", "1"),
)


def fill(address: str, rules: Any) -> str:
    for pattern, instead in rules:
        address = re.sub(pattern, instead, address)
    return address


def on_record(route: Route) -> bool:
    return any(value == "{party}" for value in BODIES.get(str(route), {}).values())


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
