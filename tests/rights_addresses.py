"""Which right each address and each operation of the API needs.

A new address has to be listed here; `test_rights_walk` asks each as who may and as who may not.
"""

from __future__ import annotations

from dataclasses import dataclass

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
GET attachments/<int:pk>/preview/ customers.view
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
GET todos/next/<str:object_type>/<int:object_id>/ customers.view
POST todos/next/<str:object_type>/<int:object_id>/ customers.edit
POST todos/<int:pk>/done/ tasks.edit~customers.edit
POST todos/<int:pk>/remove/ tasks.delete~customers.edit
GET activities/of/<str:object_type>/<int:object_id>/ customers.view
POST activities/<int:pk>/held/ activities.edit
POST activities/<int:pk>/cancel/ activities.edit
POST activities/<int:pk>/participants/ activities.edit
GET calendar/feed/<str:sign>.ics open ?
POST calendar/address/ -
GET calendar/team/ activities.view
POST calendar/team/arrange/ activities.create
POST calendar/meetings/<int:pk>/invite/ activities.edit
POST calendar/meetings/<int:pk>/repeat/ activities.edit
POST calendar/meetings/<int:pk>/respond/ activities.view
POST calendar/meetings/<int:pk>/time/ activities.edit
POST calendar/notices/<int:pk>/settle/ mine
POST calendar/accounts/<int:pk>/edit/ mine
POST calendar/accounts/<int:pk>/do/ mine
POST calendar/clashes/<int:pk>/ mine
POST mail/mailboxes/<int:pk>/edit/ mine
POST mail/mailboxes/<int:pk>/do/ mine
GET mail/of/<str:object_type>/<int:object_id>/ customers.view
POST mail/messages/<int:pk>/answer/ mail.view~customers.view
POST mail/messages/<int:pk>/mark/ mine
GET mail/messages/<int:pk>/customers/ mail.view~customers.view
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
GET access/<int:pk>/leave/ people.edit
POST access/<int:pk>/leave/ people.edit
POST access/<int:pk>/back/ people.edit
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
GET consent/c/<str:token>/ open
GET consent/u/<str:token>/ open
GET rights/ consent.view
GET rights/purposes/ -
POST rights/purposes/<slug:code>/ settings.edit
POST requests/<int:pk>/do/ consent.edit
GET requests/<int:pk>/file/ consent.export
POST retention/<int:pk>/do/ settings.edit
POST sensitive/<int:pk>/remove/ settings.delete
GET customers/<int:pk>/rights/ consent.view
GET customers/duplicates/ merging.view
POST customers/duplicates/look/ merging.edit
GET customers/duplicates/looking/ merging.view
GET customers/duplicates/<int:pk>/ merging.view
GET customers/duplicates/<int:pk>/why/ merging.view
POST customers/duplicates/<int:pk>/decide/ merging.edit
POST customers/duplicates/<int:pk>/take-back/ merging.edit
GET customers/merge/ customers.merge
GET customers/merge/preview/ customers.merge
GET customers/merges/<int:pk>/undo/ customers.merge
GET customers/<int:pk>/story/<str:name>/ customers.view
GET customers/<int:pk>/story/<str:name>/<int:record>/ customers.view
GET customers/identity/settings/ merging.view
GET customers/identity/settings/outlook/ merging.view
POST customers/identity/settings/rules/ settings.edit
GET customers/identity/settings/rules/following/ merging.view
POST customers/identity/settings/sources/<int:pk>/ settings.edit
POST customers/identity/settings/junk/ settings.create
POST customers/identity/settings/junk/<int:pk>/ settings.edit
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
POST customers/<int:pk>/chart/move/ customers.edit
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
GET orders/<int:pk>/confirmation/ orders.view ?
POST orders/<int:pk>/invoice/ orders.edit
GET invoices/<int:pk>/pdf/ orders.view
GET invoices/<int:pk>/xml/ orders.view
POST invoices/<int:pk>/do/ orders.edit
POST reminders/<int:pk>/do/ orders.edit
POST orders/<int:pk>/handle/ orders.edit
GET quotes/<int:pk>/pdf/ orders.view
POST quotes/<int:pk>/do/ orders.edit
GET quotes/<int:pk>/lines/ orders.view
GET quotes/lines/<int:pk>/ orders.edit
POST quotes/lines/<int:pk>/remove/ orders.edit
GET offers/<str:token>/ open ?
GET offers/<str:token>/pdf/ open ?
GET offers/<str:token>/logo/ open ?
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
GET imports/drafts/<int:draft_id>/check/ imports.create
GET imports/drafts/<int:draft_id>/check/<slug:state>/ imports.create ?
POST imports/drafts/<int:draft_id>/import/ imports.create
POST imports/drafts/<int:draft_id>/throw-away/ imports.create
GET imports/<int:run_id>/result/ imports.view
GET imports/<int:run_id>/live/ imports.view
POST imports/<int:run_id>/pause/ imports.edit
POST imports/<int:run_id>/cancel/ imports.edit
POST imports/<int:run_id>/resume/ imports.edit
GET imports/<int:run_id>/revert/ask/ imports.edit
POST imports/<int:run_id>/revert/ imports.edit
GET imports/<int:run_id>/kept/ imports.view
GET imports/<int:run_id>/rejected.csv imports.view
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
GET day/ tasks.view
POST day/done/<slug:what>/<int:pk>/ tasks.edit~customers.edit
GET day/opened/<str:object_type>/<int:object_id>/ customers.view
GET customers/<int:pk>/plan/ accounts.view~customers.view
POST customers/<int:pk>/plan/goals/ accounts.create~customers.view
POST customers/<int:pk>/plan/reviews/ accounts.edit
GET customers/<int:pk>/plan/white-space/ accounts.view~customers.view
GET forecast/ forecasts.view
GET forecast/changes/ forecasts.view
GET forecast/scores/ forecasts.view
GET forecast/range/ forecasts.view
POST forecast/snapshot/ settings.edit
GET forecast/team/<int:pk>/ forecasts.view ?
POST forecast/team/<int:pk>/word/ forecasts.edit ?
GET forecast/person/<int:pk>/ forecasts.view
POST forecast/person/<int:pk>/word/ forecasts.edit~deals.delete
GET leads/<int:pk>/tools/ leads.view
POST leads/<int:pk>/tools/ leads.edit
GET forms/<str:token>/ open ?
GET deals/<int:pk>/meter/ deals.view
POST deals/<int:pk>/meter/ deals.edit
POST deals/<int:pk>/tick/<int:item>/ deals.edit
GET deals/<int:pk>/credits/ deals.view
POST deals/<int:pk>/credits/ deals.edit
GET deals/<int:pk>/contenders/ deals.view
POST deals/<int:pk>/contenders/ deals.edit
GET deals/<int:pk>/committee/ deals.view
POST deals/<int:pk>/committee/ deals.edit
GET deals/<int:pk>/committee/chart/ deals.view
POST deals/<int:pk>/quote/ orders.create~deals.view
POST recuts/<int:pk>/apply/ territories.run ?
GET status/ settings.view
GET insight/ insight.view~reports.view
GET insight/models/ insight.view
GET insight/models/<int:pk>/ insight.view ?
POST insight/learn/ insight.run
GET insight/assumptions/ insight.view
GET winning/ insight.view
GET winning/<int:pk>/ insight.view ?
POST winning/score/ insight.run
"""

API = """
GET /reports reports.view
PUT /reports/{slug}/subscription reports.view
DELETE /reports/{slug}/subscription reports.view
GET /tasks/{number} background.view
POST /tasks/{number}/cancel background.edit
POST /tasks/{number}/retry background.edit
GET /access/rules people.edit
PUT /access/rules people.edit
GET /access/{user}/held people.edit
POST /access/{user}/leave people.edit
POST /access/{user}/back people.edit
GET /access/{user}/tokens people.edit
DELETE /access/tokens/{number} people.edit
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
POST /attachments customers.edit
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
PUT /custom-fields/order settings.edit
GET /custom-fields/{number} settings.view
GET /custom-fields/{number}/outlook settings.edit
POST /custom-fields/{number}/retype settings.edit
POST /custom-fields/{number}/replace settings.edit
POST /custom-fields/{number}/refresh settings.edit
POST /custom-fields/{number}/restore settings.edit
POST /custom-fields/{number}/destroy settings.delete
GET /tokens -
POST /tokens -
DELETE /tokens/{number} mine
GET /history/{slug}/{number} customers.view
POST /history/{slug}/{number}/{entry}/put-back customers.edit
GET /day tasks.view
GET /parties/{number}/account-plan accounts.view~customers.view
GET /parties/{number}/white-space accounts.view~customers.view
POST /parties/{number}/account-goals accounts.create~customers.view
PUT /parties/{number}/account-review accounts.edit
PATCH /account-plans/goals/{number} accounts.edit
DELETE /account-plans/goals/{number} accounts.delete
POST /account-plans/reviews/{number}/held accounts.edit
GET /deals/{number}/changes deals.view
GET /deals/{number}/checks deals.view
PUT /deals/{number}/checks/{item} deals.edit
GET /deals/{number}/committee deals.view
POST /deals/{number}/committee deals.edit
DELETE /deals/{number}/committee/{seat} deals.edit
GET /deals/{number}/competitors deals.view
POST /deals/{number}/competitors deals.edit
GET /deals/{number}/cost deals.view~insight.view
GET /deals/{number}/credits deals.view
PUT /deals/{number}/credits deals.edit
POST /deals/{number}/lose deals.edit
POST /deals/{number}/move deals.edit
POST /deals/{number}/reopen deals.edit
POST /deals/{number}/win deals.edit
GET /consent-purposes -
GET /consent-purposes/{code} -
PUT /consent-purposes/{code} settings.edit
GET /retention/{number}/outlook settings.view
POST /retention/{number} settings.edit
DELETE /sensitive/{number} settings.delete
GET /identity/settings merging.view
PATCH /identity/settings settings.edit
GET /identity/outlook merging.view
GET /identity/rules merging.view
PUT /identity/rules/{field} settings.edit
GET /identity/following merging.view
GET /identity/junk merging.view
POST /identity/junk settings.create
GET /identity/junk/ready-made merging.view
DELETE /identity/junk/{number} settings.delete
GET /duplicates/look merging.view
POST /duplicates/look merging.edit
GET /duplicates merging.view
POST /duplicates/{number} merging.edit
GET /erasures consent.view
POST /erasures customers.delete
GET /events events.view
POST /events events.create
GET /events/{number} events.view
GET /imports imports.view
POST /imports imports.create
GET /imports/{number} imports.view
POST /imports/{number}/cancel imports.edit
GET /imports/{number}/difference imports.view
GET /imports/{number}/kept imports.view
GET /imports/{number}/rejected imports.view
POST /imports/{number}/pause imports.edit
POST /imports/{number}/resume imports.edit
POST /imports/{number}/revert imports.edit
GET /insight/assumptions insight.view
PATCH /insight/assumptions insight.edit
GET /insight/equity insight.view
POST /insight/learn insight.run
GET /insight/models insight.view
GET /winning/models insight.view
GET /winning/models/{number} insight.view ?
POST /winning/score insight.run
GET /deals/{number}/win-score deals.view ?
GET /forecast forecasts.view
GET /forecast/changes forecasts.view
GET /forecast/changes/{kind} forecasts.view
GET /forecast/judgements forecasts.view
POST /forecast/judgements forecasts.edit ?
GET /forecast/range forecasts.view
GET /forecast/scores forecasts.view
GET /forecast/snapshots forecasts.view
POST /forecast/snapshots settings.edit
GET /leads/{number}/assignments leads.view
POST /leads/{number}/answered leads.edit
POST /leads/{number}/assign leads.edit
POST /leads/{number}/convert leads.edit
POST /leads/{number}/convert/undo leads.edit
POST /leads/{number}/drop leads.edit
GET /merges merging.view
POST /merges/{number}/undo customers.merge
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
PATCH /orders/{number}/lines/{line} orders.edit
DELETE /orders/{number}/lines/{line} orders.edit
POST /orders/{number}/return orders.edit
GET /parties customers.view
POST /parties customers.create
POST /parties/likely customers.view
GET /parties/{number} customers.view
PATCH /parties/{number} customers.edit
GET /parties/{number}/chart customers.view
POST /parties/{number}/chart/moves customers.edit
POST /parties/{number}/consent-questions consent.create
GET /parties/{number}/consents consent.view
POST /parties/{number}/consents consent.create
GET /parties/{number}/contact-points customers.view
POST /parties/{number}/contact-points customers.edit
DELETE /parties/{number}/contact-points/{point} customers.edit
PATCH /parties/{number}/contact-points/{point} customers.edit
GET /parties/{number}/contactable consent.view
GET /parties/{number}/events events.view
POST /parties/{number}/merge customers.merge
GET /parties/{number}/orders orders.view
GET /parties/{number}/relationships customers.view
POST /parties/{number}/relationships customers.edit
DELETE /parties/{number}/relationships/{row} customers.edit
PATCH /parties/{number}/relationships/{row} customers.edit
GET /parties/{number}/standing insight.view
GET /products products.view
POST /products products.create
GET /products/{number} products.view
PATCH /products/{number} products.edit
GET /products/{number}/price products.view
GET /products/{number}/stock products.view
POST /orders/{number}/confirm orders.edit
POST /orders/{number}/deliver orders.edit
POST /orders/{number}/cancel orders.edit
GET /orders/{number}/confirmation orders.view ?
POST /quotes orders.create
GET /quotes/{number} orders.view
GET /quotes/{number}/pdf orders.view
PUT /quotes/{number}/lines orders.edit
POST /quotes/{number}/send orders.edit
POST /quotes/{number}/approval orders.edit
POST /quotes/{number}/decision orders.view
POST /quotes/{number}/version orders.edit
POST /quotes/{number}/withdraw orders.edit
POST /invoices orders.edit ?
GET /invoices/{number} orders.view
POST /invoices/{number}/issue orders.edit
POST /invoices/{number}/credit orders.edit
POST /invoices/{number}/payments orders.edit
GET /invoices/{number}/reminders orders.view
POST /invoices/{number}/reminders/{level} orders.edit
GET /invoices/{number}/pdf orders.view
GET /invoices/{number}/xml orders.view
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
POST /activities activities.create~customers.view
POST /activities/{number}/held activities.edit
POST /activities/{number}/cancel activities.edit
POST /activities/{number}/participants activities.edit
DELETE /activities/{number}/participants/{participant} activities.edit
POST /calendar/meetings/{number}/invitations activities.edit
POST /calendar/meetings/{number}/answer activities.view
GET /calendar/meetings/{number}/notices activities.view
GET /calendar/meetings/{number}/times activities.view
POST /calendar/meetings/{number}/times activities.edit
PUT /calendar/meetings/{number}/rhythm activities.edit
POST /calendar/notices/{number} mine
GET /calendar/address -
PUT /calendar/address -
POST /calendar/address/renew -
DELETE /calendar/address -
GET /calendar/team activities.view
GET /calendar/free activities.view
GET /calendar/accounts/{number}/health mine
POST /calendar/accounts/{number} mine
POST /calendar/clashes/{number} mine
POST /mail/messages mine
POST /mail/messages/{number}/filing mine
GET /mail/mailboxes/{number}/health mine
PUT /mail/mailboxes/{number}/folders mine
GET /mail/files -
GET /todos tasks.view
POST /todos tasks.create~customers.edit
DELETE /todos/{number} tasks.delete~customers.edit
GET /todos/{number} tasks.view~customers.view
PATCH /todos/{number} tasks.edit~customers.edit
GET /territories/of/{number} customers.view
POST /territories/recuts territories.run
GET /territories/recuts/{number} territories.run ?
POST /territories/recuts/{number}/apply territories.run ?
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
deals deals deal
leads leads lead
quotas quotas -
lead-sources - -
lead-rules - -
lead-rule-members - -
territories - -
named-accounts territories.edit -
recuts territories.run -
pipelines - -
deal-stages - -
lost-reasons - -
deal-checks - -
market-notes market -
account-goals accounts goal
orders orders order
products products product
price-lists products -
prices products -
exchange-rates products -
quotes orders quote
invoices orders invoice
reminders orders -
reminder-levels settings -
discount-limits settings -
letterheads settings -
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
activities activities activity
mailboxes - -
calendars - -
messages - -
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
OF_RECORD = {"{pk}/": "view", "{pk}/panels/": "view", "{pk}/history/": "view"}
ON_DESKS = {  # tried elsewhere: what they need is asked of the declaration, by each desk's own tests
    "<int:pk>/history/<int:entry>/back/", "filter/", "bulk/<slug:key>/", "arrange/", "cards/", "group/", "figures/",
    "live/", "narrow/", "totals/", "<int:pk>/move/", "export.xlsx", "<int:pk>/beside/", "<int:pk>/news/", "views/",
    "views/<int:pk>/", "views/<int:pk>/edit/", "new/", "<int:pk>/fact/<str:name>/", "<int:pk>/panel/<slug:key>/",
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
                    goes_with = (
                        "customers.view" if slug in ("todos", "activities") and of == "record" else ""
                    )  # it hangs on one
                    address = f"{slug}/{end.replace('{pk}', '{' + record + '}')}"
                    routes.append(Route("GET", address, need, True, goes_with))
    return routes
