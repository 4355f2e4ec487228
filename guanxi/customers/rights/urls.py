"""The pages of customers (/consent/…) and of those who answer their requests."""

from __future__ import annotations

from django.urls import path

from guanxi.customers.rights import public, views

app_name = "rights"
urlpatterns = [
    path("consent/c/<str:token>/", public.confirm, name="confirm"),
    path("consent/u/<str:token>/", public.preferences, name="preferences"),
    path("rights/", views.overview, name="overview"),
    path("rights/purposes/", views.purpose_list, name="purposes"),
    path("rights/purposes/<slug:code>/", views.purpose, name="purpose"),
    path("requests/<int:pk>/do/", views.do_request, name="do"),
    path("requests/<int:pk>/file/", views.fetch_file, name="file"),
    path("retention/<int:pk>/do/", views.do_rule, name="do_rule"),
    path("sensitive/<int:pk>/remove/", views.unmark, name="unmark"),
    path("customers/<int:pk>/rights/", views.of_customer, name="of_customer"),
]
