"""The addresses of orders beyond the desk."""

from __future__ import annotations

from django.urls import path

from guanxi.orders import views

app_name = "orders"
urlpatterns = [
    path("orders/<int:pk>/card-lines/", views.card_lines, name="card_lines"),
    path("orders/<int:pk>/lines/", views.lines, name="lines"),
    path("orders/lines/<int:pk>/", views.line, name="line"),
    path("orders/lines/<int:pk>/remove/", views.remove_line, name="remove_line"),
    path("orders/<int:pk>/take-back/", views.take_back, name="take_back"),
]
