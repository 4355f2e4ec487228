"""The addresses of invoices beyond the desk."""

from __future__ import annotations

from django.urls import path

from guanxi.orders.invoices import views

app_name = "invoices"
urlpatterns = [
    path("invoices/<int:pk>/pdf/", views.pdf, name="pdf"),
    path("invoices/<int:pk>/xml/", views.xml, name="xml"),
    path("invoices/<int:pk>/do/", views.do, name="do"),
    path("orders/<int:pk>/invoice/", views.invoice_order, name="of_order"),
    path("reminders/<int:pk>/do/", views.remind, name="remind"),
]
