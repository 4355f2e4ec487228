"""The addresses of leads beyond their list."""

from __future__ import annotations

from django.urls import path

from guanxi.sales.leads import public, views

app_name = "leads"
urlpatterns = [
    path("leads/<int:pk>/tools/", views.tools, name="tools"),
    path("forms/<str:token>/", public.form, name="form"),
]
