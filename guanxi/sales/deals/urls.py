"""The addresses within the page of a deal."""

from __future__ import annotations

from django.urls import path

from guanxi.sales.deals import views

app_name = "deals"
urlpatterns = [
    path("deals/<int:pk>/meter/", views.meter, name="meter"),
    path("deals/<int:pk>/tick/<int:item>/", views.tick, name="tick"),
    path("deals/<int:pk>/credits/", views.credit, name="credits"),
    path("deals/<int:pk>/contenders/", views.contenders, name="contenders"),
    path("deals/<int:pk>/committee/", views.committee, name="committee"),
    path("deals/<int:pk>/committee/chart/", views.committee_chart, name="committee_chart"),
]
