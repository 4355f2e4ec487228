"""The addresses of the forecast."""

from __future__ import annotations

from django.urls import path

from guanxi.sales.forecast import views

app_name = "forecast"
urlpatterns = [
    path("forecast/", views.everything, name="all"),
    path("forecast/team/<int:pk>/", views.team, name="team"),
    path("forecast/person/<int:pk>/", views.person, name="person"),
    path("forecast/changes/", views.changes, name="changes"),
    path("forecast/scores/", views.scores, name="scores"),
    path("forecast/range/", views.chances, name="range"),
    path("forecast/snapshot/", views.snapshot, name="snapshot"),
    path("forecast/team/<int:pk>/word/", views.judge_team, name="judge_team"),
    path("forecast/person/<int:pk>/word/", views.judge_person, name="judge_person"),
]
