"""The addresses of quotes beyond the desk: for colleagues, and for customers (/offers/…)."""

from __future__ import annotations

from django.urls import path

from guanxi.orders.quotes import public, views

app_name = "quotes"
urlpatterns = [
    path("quotes/<int:pk>/pdf/", views.pdf, name="pdf"),
    path("quotes/<int:pk>/do/", views.do, name="do"),
    path("quotes/<int:pk>/lines/", views.lines, name="lines"),
    path("quotes/lines/<int:pk>/", views.line, name="line"),
    path("quotes/lines/<int:pk>/remove/", views.remove_line, name="remove_line"),
    path("offers/<str:token>/", public.offer, name="offer"),
    path("offers/<str:token>/pdf/", public.pdf, name="offer_pdf"),
    path("offers/<str:token>/logo/", public.logo, name="offer_logo"),
]
