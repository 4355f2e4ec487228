"""The addresses of insight."""

from __future__ import annotations

from django.urls import path

from guanxi.insight import views

app_name = "insight"
urlpatterns = [
    path("insight/", views.equity, name="equity"),
    path("insight/models/", views.models, name="models"),
    path("insight/models/<int:pk>/", views.model, name="model"),
    path("insight/learn/", views.learn, name="learn"),
    path("insight/assumptions/", views.assumptions, name="assumptions"),
]
