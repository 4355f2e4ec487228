"""The addresses of every desk. They stand at the root of the site and match registered slugs only."""

from __future__ import annotations

from django.urls import path, register_converter

from guanxi.foundation.desk import declaration
from guanxi.foundation.desk.views import (
    arranging,
    boards,
    calendars,
    emptiness,
    files,
    groups,
    lists,
    live,
    making,
    records,
    saved,
    undoing,
)


class DeskConverter:
    """The slug of a registered desk; anything else is left to the addresses of others."""

    regex = "[a-z][a-z0-9-]*"

    def to_python(self, value: str) -> declaration.Desk:
        desk = declaration.find(value)
        if desk is None:
            raise ValueError(value)
        return desk

    def to_url(self, value: declaration.Desk | str) -> str:
        return value if isinstance(value, str) else value.slug


register_converter(DeskConverter, "desk")
FORMS = (boards, calendars, groups)  # importing them hangs them into `lists.BODIES`

app_name = "desk"
urlpatterns = [
    path("create/", making.create, name="create"),
    path("<desk:desk>/", lists.page, name="list"),
    path("<desk:desk>/rows/", lists.rows, name="rows"),
    path("<desk:desk>/count/", lists.count, name="count"),
    path("<desk:desk>/filter/", lists.filter_editor, name="filter"),
    path("<desk:desk>/bulk/<slug:key>/", lists.bulk, name="bulk"),
    path("<desk:desk>/arrange/", arranging.arrange, name="arrange"),
    path("<desk:desk>/cards/", boards.more, name="cards"),
    path("<desk:desk>/group/", groups.rows, name="group"),
    path("<desk:desk>/narrow/", emptiness.narrow, name="narrow"),
    path("<desk:desk>/live/", live.rows, name="live"),
    path("<desk:desk>/figures/", boards.figures, name="figures"),
    path("<desk:desk>/<int:pk>/move/", boards.move, name="move"),
    path("<desk:desk>/export.csv", files.csv_file, name="csv"),
    path("<desk:desk>/export.xlsx", files.xlsx_file, name="xlsx"),
    path("<desk:desk>/views/", saved.save, name="save_view"),
    path("<desk:desk>/views/<int:pk>/", saved.change, name="change_view"),
    path("<desk:desk>/views/<int:pk>/edit/", saved.edit, name="edit_view"),
    path("<desk:desk>/new/", making.new, name="new"),
    path("<desk:desk>/<int:pk>/", records.page, name="record"),
    path("<desk:desk>/<int:pk>/news/", live.record, name="live_record"),
    path("<desk:desk>/<int:pk>/fact/<str:name>/", records.fact, name="fact"),
    path("<desk:desk>/<int:pk>/panel/<slug:key>/", records.panel, name="panel"),
    path("<desk:desk>/<int:pk>/panels/", records.panels, name="panels"),
    path("<desk:desk>/<int:pk>/history/", records.history, name="history"),
    path("<desk:desk>/<int:pk>/beside/", records.besides, name="beside"),
    path("<desk:desk>/totals/", lists.totals, name="totals"),
    path("<desk:desk>/<int:pk>/history/<int:entry>/back/", undoing.put_back, name="put_back"),
]
