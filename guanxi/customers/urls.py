"""The addresses within a customer's record page."""

from __future__ import annotations

from django.urls import include, path

from guanxi.customers import chart_views, tie_views, views

app_name = "customers"
urlpatterns = [
    path("", include("guanxi.customers.identity.urls")),
    path("", include("guanxi.customers.entry.urls")),
    path("customers/pick/", views.pick, name="pick"),
    path("customers/<int:pk>/contact-points/", views.contact_points, name="contact_points"),
    path("customers/contact-points/<int:pk>/", views.contact_point, name="contact_point"),
    path("customers/contact-points/<int:pk>/remove/", views.remove_contact_point, name="remove_contact_point"),
    path("customers/<int:pk>/relationships/", tie_views.relationships, name="relationships"),
    path("customers/<int:pk>/relationships/<int:row>/", tie_views.relationship, name="relationship"),
    path("customers/<int:pk>/relationships/<int:row>/end/", tie_views.end_relationship, name="end_relationship"),
    path(
        "customers/<int:pk>/relationships/<int:row>/remove/", tie_views.remove_relationship, name="remove_relationship"
    ),
    path("customers/<int:pk>/chart/", chart_views.chart, name="chart"),
    path("customers/<int:pk>/chart/move/", chart_views.move, name="chart_move"),
    path("customers/<int:pk>/chart/people/", chart_views.add_person, name="chart_add"),
    path("customers/<int:pk>/chart/people/<int:person>/", chart_views.seat, name="chart_seat"),
    path("customers/<int:pk>/chart/people/<int:person>/leave/", chart_views.leave, name="chart_leave"),
    path("customers/<int:pk>/consents/", views.consents, name="consents"),
]
