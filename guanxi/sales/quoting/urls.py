"""The addresses of quotes of deals."""

from __future__ import annotations

from django.urls import path

from guanxi.sales.quoting import views

app_name = "quoting"
urlpatterns = [path("deals/<int:pk>/quote/", views.new_quote, name="new")]
