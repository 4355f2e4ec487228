"""The addresses of the timeline."""

from __future__ import annotations

from django.urls import path

from guanxi.ledger import views

app_name = "ledger"
urlpatterns = [
    path("customers/<int:pk>/timeline/", views.timeline, name="timeline"),
    path("customers/<int:pk>/timeline/more/", views.timeline_page, name="timeline_page"),
    path("customers/<int:pk>/note/", views.note, name="note"),
]
