"""The addresses of the catalogue beyond the desk."""

from __future__ import annotations

from django.urls import path

from guanxi.catalog import views

app_name = "catalog"
urlpatterns = [
    path("products/suggest/", views.suggest, name="suggest"),
    path("products/<int:pk>/price/", views.price, name="price"),
]
