"""The addresses of the win score."""

from __future__ import annotations

from django.urls import path

from guanxi.sales.winning import views

app_name = "winning"
urlpatterns = [
    path("winning/", views.models, name="models"),
    path("winning/<int:pk>/", views.model, name="model"),
    path("winning/score/", views.score, name="score"),
]
