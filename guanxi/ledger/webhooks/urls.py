"""The addresses of webhooks beyond the desk's own."""

from __future__ import annotations

from django.urls import path

from guanxi.ledger.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("webhooks/<int:pk>/edit/", views.edit, name="edit"),
    path("webhooks/<int:pk>/do/", views.do, name="do"),
    path("webhooks/<int:pk>/rotate/", views.rotate, name="rotate"),
    path("deliveries/<int:pk>/resend/", views.resend, name="resend"),
]
