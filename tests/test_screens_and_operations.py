"""What can be done on a screen, programs can do too: every address of a page has its operations, or a reason why not.

The lists themselves (`<desk:desk>/…`) have theirs by declaration: `/records/<slug>`, views, bulk changes, history.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver

from guanxi.foundation.api.service import build

DRAWN = "a part of a page: a form, a picker, a preview or a line that is drawn anew; it does nothing by itself"
BROWSER = "of one browser or one person's way of working with it"
PUBLIC = "a page for customers and visitors, by a link of their own"
HELP = "guides people through what has operations of its own"

# A pattern of addresses, and the operations that do what is done there (or the reason why there are none). The first
# that fits counts.
TABLE: list[tuple[str, str]] = [
    (r"healthz|metrics", "for machines as it is"),
    (r"|create/|palette/|icons/.*|language/|theme/|habits/(keys|lines|shortcuts)/", BROWSER),
    (r"search/(suggest/)?", "GET /parties | GET /records/customers"),
    (
        r"reports/.*subscription/",
        "GET /reports | PUT /reports/{slug}/subscription | DELETE /reports/{slug}/subscription",
    ),
    (r"reports/.*", "POST /query"),
    (r"tasks/<int:pk>/(cancel|retry)/", "POST /tasks/{number}/cancel | POST /tasks/{number}/retry"),
    (r"tasks/.*", "GET /tasks/{number} | GET /records/tasks/{number}"),
    (r"roles/of/.*|roles/.*/hold/", "PUT /roles/of/{user}"),
    (r"roles/.*", "GET /roles/{number} | PATCH /roles/{number} | DELETE /roles/{number}"),
    (r"teams/.*", "PUT /teams/{number}/members | DELETE /teams/{number}"),
    (r"sharing/.*", "GET /sharing | POST /sharing | DELETE /sharing/{number}"),
    (r"audit/chain/.*", "the proof is made where the key is: `guanxi audit`"),
    (r"attachments/<int:pk>/(preview|open)/|notes/(colleagues/|.*versions/|.*open/)|tags/suggestions/", DRAWN),
    (r"attachments/.*", "GET /attachments | POST /attachments | GET /attachments/{number}/content"),
    (r"notes/.*", "GET /notes | POST /notes | PATCH /notes/{number} | DELETE /notes/{number}"),
    (r"tags/.*", "GET /tags/of/{object_type}/{object_id} | POST /tags/of"),
    (r"todos/.*", "GET /todos | POST /todos | PATCH /todos/{number} | DELETE /todos/{number}"),
    (r"day/.*", "GET /day | PATCH /todos/{number}"),
    (r"customers/.*plan/white-space/", "GET /parties/{number}/white-space"),
    (r"customers/.*plan/reviews/", "PUT /parties/{number}/account-review | POST /account-plans/reviews/{number}/held"),
    (
        r"customers/.*plan/.*",
        (
            "GET /parties/{number}/account-plan | POST /parties/{number}/account-goals"
            " | PATCH /account-plans/goals/{number}"
        ),
    ),
    (r"deals/<int:pk>/quote/", "POST /quotes"),
    (r"deals/.*committee/.*", "POST /deals/{number}/committee | DELETE /deals/{number}/committee/{seat}"),
    (r"deals/.*tick/.*", "PUT /deals/{number}/checks/{item}"),
    (r"deals/.*credits?/", "PUT /deals/{number}/credits"),
    (r"deals/.*contenders/", "POST /deals/{number}/competitors"),
    (r"deals/.*", "POST /deals/{number}/win | POST /deals/{number}/lose | POST /deals/{number}/reopen"),
    (r"forms/.*", PUBLIC),
    (r"recuts/.*", "POST /territories/recuts | POST /territories/recuts/{number}/apply"),
    (r"forecast/.*word/", "GET /forecast/judgements | POST /forecast/judgements"),
    (r"forecast/changes/", "GET /forecast/changes | GET /forecast/changes/{kind} | GET /forecast/snapshots"),
    (r"forecast/scores/", "GET /forecast/scores"),
    (r"forecast/range/", "GET /forecast/range"),
    (r"forecast/snapshot/", "POST /forecast/snapshots"),
    (r"forecast/.*", "GET /forecast"),
    (
        r"leads/.*",
        (
            "POST /leads/{number}/assign | POST /leads/{number}/answered | POST /leads/{number}/drop"
            " | POST /leads/{number}/convert | POST /leads/{number}/convert/undo"
        ),
    ),
    (r"activities/of/.*", "POST /activities"),
    (
        r"activities/.*",
        "POST /activities/{number}/held | POST /activities/{number}/cancel | POST /activities/{number}/participants",
    ),
    (r"calendar/feed/.*", "for calendar programs as it is"),
    (r"calendar/meetings/.*/repeat/", "PUT /calendar/meetings/{number}/rhythm"),
    (r"calendar/meetings/.*/time/", "GET /calendar/meetings/{number}/times | POST /calendar/meetings/{number}/times"),
    (
        r"calendar/address/",
        "GET /calendar/address | PUT /calendar/address | POST /calendar/address/renew | DELETE /calendar/address",
    ),
    (r"calendar/meetings/.*", "POST /calendar/meetings/{number}/invitations | POST /calendar/meetings/{number}/answer"),
    (r"calendar/team/", "GET /calendar/team | GET /calendar/free"),
    (r"calendar/team/arrange/", "POST /activities | POST /activities/{number}/participants"),
    (r"calendar/accounts/.*", "GET /calendar/accounts/{number}/health | POST /calendar/accounts/{number}"),
    (r"calendar/clashes/.*", "POST /calendar/clashes/{number}"),
    (r"calendar/notices/.*", "GET /calendar/meetings/{number}/notices | POST /calendar/notices/{number}"),
    (r"mail/mailboxes/.*", "GET /mail/mailboxes/{number}/health | PUT /mail/mailboxes/{number}/folders"),
    (r"mail/messages/.*/customers/", DRAWN),
    (r"mail/.*", "GET /mail/files | POST /mail/messages | POST /mail/messages/{number}/filing"),
    (r"account/tokens/.*", "GET /tokens | POST /tokens | DELETE /tokens/{number}"),
    (r"account/.*", BROWSER),
    (r"notifications/.*", "GET /notifications | PATCH /notifications/{number} | POST /notifications/read"),
    (r"dashboards/.*tiles/.*", "GET /dashboards/{key}/tiles/{tile} | PATCH /dashboards/{key}/tiles/{tile}"),
    (
        r"dashboards/.*",
        (
            "GET /dashboards | POST /dashboards | GET /dashboards/{key} | PATCH /dashboards/{key}"
            " | DELETE /dashboards/{key} | PUT /dashboards/{key}/sharing"
            " | POST /dashboards/{key}/tiles | PUT /dashboards/{key}/tiles"
        ),
    ),
    (
        r"questions/.*",
        (
            "GET /questions | POST /questions | PATCH /questions/{number} | DELETE /questions/{number}"
            " | PUT /questions/{number}/sharing | GET /questions/{number}/answer"
        ),
    ),
    (r"explore/.*", "POST /query | GET /query"),
    (r"first-steps/.*|imports/sample-data/.*|imports/samples/.*", HELP),
    (
        r"access/(invitations/.*|invite/)",
        "GET /invitations | POST /invitations | POST /invitations/{number}/again | DELETE /invitations/{number}",
    ),
    (r"access/locks/.*", "GET /access/locks | DELETE /access/locks/{number}"),
    (r"access/.*sessions/end/", "GET /access/{user}/sessions | DELETE /access/{user}/sessions"),
    (r"access/.*factors/reset/", "DELETE /access/{user}/factors"),
    (r"access/rules/", "GET /access/rules | PUT /access/rules"),
    (
        r"access/<int:pk>/(leave|back)/",
        "GET /access/{user}/held | POST /access/{user}/leave | POST /access/{user}/back",
    ),
    (r"access/tokens/.*", "GET /access/{user}/tokens | DELETE /access/tokens/{number}"),
    (r"consent/.*", PUBLIC),
    (
        r"rights/purposes/.*",
        "GET /consent-purposes | GET /consent-purposes/{code} | PUT /consent-purposes/{code}",
    ),
    (r"rights/.*", "GET /parties/{number}/contactable | GET /requests"),
    (r"requests/.*", "GET /requests/{number} | POST /requests"),
    (
        r"retention/.*",
        "GET /retention/{number}/outlook | POST /retention/{number} | POST /records/retention",
    ),
    (r"sensitive/.*", "POST /records/sensitive | DELETE /sensitive/{number}"),
    (r"customers/<int:pk>/rights/", "GET /parties/{number}/contactable"),
    (r"customers/duplicates/(look|looking)/.*", "GET /duplicates/look | POST /duplicates/look"),
    (r"customers/duplicates/.*", "GET /duplicates | POST /duplicates/{number}"),
    (r"customers/merge/.*", "POST /parties/{number}/merge"),
    (r"customers/merges/.*", "POST /merges/{number}/undo"),
    (r"customers/<int:pk>/story/.*", "GET /history/{slug}/{number}"),
    (r"customers/identity/settings/rules/following/", "GET /identity/following"),
    (r"customers/identity/settings/rules/", "GET /identity/rules | PUT /identity/rules/{field}"),
    (r"customers/identity/settings/sources/.*", "GET /records/sources | PATCH /records/sources/{number}"),
    (
        r"customers/identity/settings/junk/.*",
        ("GET /identity/junk | GET /identity/junk/ready-made | POST /identity/junk | DELETE /identity/junk/{number}"),
    ),
    (r"customers/identity/settings/.*", "GET /identity/settings | PATCH /identity/settings | GET /identity/outlook"),
    (r"customers/new/(same|use|again)/.*", "POST /parties/likely | POST /parties"),
    (r"customers/new/.*|customers/pick/", DRAWN),
    (
        r"customers/.*contact-points/.*",
        (
            "GET /parties/{number}/contact-points | POST /parties/{number}/contact-points"
            " | PATCH /parties/{number}/contact-points/{point} | DELETE /parties/{number}/contact-points/{point}"
        ),
    ),
    (
        r"customers/.*relationships/.*",
        (
            "GET /parties/{number}/relationships | POST /parties/{number}/relationships"
            " | PATCH /parties/{number}/relationships/{row} | DELETE /parties/{number}/relationships/{row}"
        ),
    ),
    (r"customers/.*chart/.*", "GET /parties/{number}/chart | POST /parties/{number}/chart/moves"),
    (r"customers/.*consents/", "GET /parties/{number}/consents | POST /parties/{number}/consents"),
    (r"customers/.*timeline/.*", "GET /parties/{number}/events"),
    (r"customers/.*note/", "POST /notes"),
    (r"webhooks/<int:pk>/rotate/", "POST /webhooks/{number}/rotate-secret"),
    (
        r"webhooks/.*",
        (
            "PATCH /webhooks/{number} | POST /webhooks/{number}/pause | POST /webhooks/{number}/resume"
            " | POST /webhooks/{number}/test"
        ),
    ),
    (r"deliveries/.*", "POST /webhooks/{number}/deliveries/{delivery}/resend"),
    (r"products/suggest/", DRAWN),
    (r"products/.*price/", "GET /products/{number}/price"),
    (r"products/suggest/", DRAWN),
    (r"products/<int:pk>/price/", "GET /products/{number}/price"),
    (r"offers/.*", PUBLIC),
    (r"quotes/lines/.*|quotes/<int:pk>/lines/", "GET /quotes/{number} | PUT /quotes/{number}/lines"),
    (r"quotes/<int:pk>/pdf/", "GET /quotes/{number}/pdf"),
    (
        r"quotes/<int:pk>/do/",
        (
            "POST /quotes/{number}/send | POST /quotes/{number}/approval | POST /quotes/{number}/decision"
            " | POST /quotes/{number}/version | POST /quotes/{number}/withdraw"
        ),
    ),
    (r"orders/<int:pk>/invoice/", "POST /invoices"),
    (r"orders/<int:pk>/confirmation/", "GET /orders/{number}/confirmation"),
    (
        r"orders/<int:pk>/handle/",
        "POST /orders/{number}/confirm | POST /orders/{number}/deliver | POST /orders/{number}/cancel",
    ),
    (r"invoices/<int:pk>/pdf/", "GET /invoices/{number}/pdf"),
    (r"invoices/<int:pk>/xml/", "GET /invoices/{number}/xml"),
    (
        r"invoices/<int:pk>/do/",
        "POST /invoices/{number}/issue | POST /invoices/{number}/payments | POST /invoices/{number}/credit",
    ),
    (r"reminders/.*", "GET /invoices/{number}/reminders | POST /invoices/{number}/reminders/{level}"),
    (r"orders/lines/.*", "PATCH /orders/{number}/lines/{line} | DELETE /orders/{number}/lines/{line}"),
    (r"orders/<int:pk>/take-back/", "POST /orders/{number}/return"),
    (r"orders/.*", "GET /orders/{number} | POST /orders/{number}/lines"),
    (r"imports/.*(pause|cancel|resume|revert)/", "POST /imports/{number}/pause | POST /imports/{number}/revert"),
    (r"imports/.*revert/ask/|imports/.*kept/", "GET /imports/{number}/kept"),
    (r"imports/.*rejected.csv", "GET /imports/{number}/rejected"),
    (r"imports/.*", "GET /imports | POST /imports | GET /imports/{number} | GET /imports/{number}/difference"),
    (r"backups/start/", "made where the files are: `guanxi backup`"),
    (
        r"bulk-changes/.*",
        "GET /bulk-changes | POST /bulk-changes | GET /bulk-changes/{number} | POST /bulk-changes/{number}/undo",
    ),
    (r"fields/preview/", DRAWN),
    (r"fields/order/", "PUT /custom-fields/order"),
    (r"fields/.*/(retype|outlook)/", "GET /custom-fields/{number}/outlook | POST /custom-fields/{number}/retype"),
    (
        r"fields/.*/(replace|refresh)/",
        "POST /custom-fields/{number}/replace | POST /custom-fields/{number}/refresh",
    ),
    (
        r"fields/.*/(restore|destroy)/",
        ("GET /custom-fields/{number} | POST /custom-fields/{number}/restore | POST /custom-fields/{number}/destroy"),
    ),
    (
        r"fields/.*",
        "GET /custom-fields | POST /custom-fields | PATCH /custom-fields/{number} | DELETE /custom-fields/{number}",
    ),
    (
        r"habits/.*",
        (
            "GET /favourites | GET /favourites/seen | PUT /favourites | PUT /favourites/{slug}/{number}"
            " | DELETE /favourites/{slug}/{number}"
        ),
    ),
    (r"status/", "for machines: `/metrics`"),
    (r"winning/.*", "GET /winning/models | GET /winning/models/{number} | POST /winning/score"),
    (r"insight/assumptions/", "GET /insight/assumptions | PATCH /insight/assumptions"),
    (r"insight/.*", "GET /insight/equity | GET /insight/models | POST /insight/learn"),
]
REASONS = {DRAWN, BROWSER, PUBLIC, HELP}


def pages(found: Any, prefix: str = "") -> Iterator[str]:
    for pattern in found:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from pages(pattern.url_patterns, route)


def said_of(address: str) -> str | None:
    return next((said for pattern, said in TABLE if re.fullmatch(pattern, address)), None)


def test_every_page_has_its_operations_or_a_reason() -> None:
    skipped = ("accounts/", "api/", "<desk:desk>/")
    addresses = {one for one in pages(get_resolver().url_patterns) if not one.startswith(skipped)}
    assert len(addresses) > 100
    assert sorted(one for one in addresses if said_of(one) is None) == [], "say in TABLE what programs have instead"


def test_the_operations_of_the_table_are_there() -> None:
    operations = {
        f"{method.upper()} {re.sub('{[a-z_]+}', '{}', path.removeprefix('/api/v1'))}"
        for path, methods in build().get_openapi_schema()["paths"].items()
        for method in methods
    }
    named = {one for _pattern, said in TABLE if said[:4].strip().isupper() for one in said.split(" | ")}
    assert len(named) > 70
    assert sorted(one for one in named if re.sub("{[a-z_]+}", "{}", one) not in operations) == []
