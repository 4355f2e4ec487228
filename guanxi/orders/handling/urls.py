"""The addresses of the handling of orders."""

from __future__ import annotations

from django.urls import path

from guanxi.orders.handling import views

app_name = "handling"
urlpatterns = [
    path("orders/<int:pk>/confirmation/", views.pdf, name="pdf"),
    path("orders/<int:pk>/handle/", views.handle, name="handle"),
]
