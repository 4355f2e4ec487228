"""The addresses of territories beyond their lists."""

from __future__ import annotations

from django.urls import path

from guanxi.sales.territories import views

app_name = "territories"
urlpatterns = [path("recuts/<int:pk>/apply/", views.apply, name="apply")]
