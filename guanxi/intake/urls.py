"""The addresses of the import wizard and of the files of an import; the list of imports is the desk's."""

from django.urls import path

from guanxi.intake.demo import views as demo
from guanxi.intake.views import check, columns, rules, runs, start

app_name = "intake"
urlpatterns = [
    path("imports/start/", start.start, name="start"),
    path("imports/sample-data/", demo.sample_data, name="sample_data"),
    path("imports/sample-data/change/", demo.change_sample_data, name="change_sample_data"),
    path("imports/upload/", start.upload, name="upload"),
    path("imports/samples/<slug:key>.csv", start.sample, name="sample"),
    path("imports/drafts/<int:draft_id>/columns/", columns.columns, name="columns"),
    path("imports/drafts/<int:draft_id>/rules/", rules.rules, name="rules"),
    path("imports/drafts/<int:draft_id>/check/", check.check, name="check"),
    path("imports/drafts/<int:draft_id>/check/<slug:state>/", check.rows, name="check_rows"),
    path("imports/drafts/<int:draft_id>/import/", check.begin_import, name="import"),
    path("imports/drafts/<int:draft_id>/throw-away/", start.throw_away, name="throw_away"),
    path("imports/<int:run_id>/result/", runs.result, name="result"),
    path("imports/<int:run_id>/live/", runs.live, name="live"),
    path("imports/<int:run_id>/pause/", runs.pause, name="pause"),
    path("imports/<int:run_id>/cancel/", runs.cancel, name="cancel"),
    path("imports/<int:run_id>/resume/", runs.resume, name="resume"),
    path("imports/<int:run_id>/revert/ask/", runs.revert_ask, name="revert_ask"),
    path("imports/<int:run_id>/revert/", runs.revert, name="revert"),
    path("imports/<int:run_id>/kept/", runs.kept, name="kept"),
    path("imports/<int:run_id>/rejected.csv", runs.rejects, name="rejects"),
]
