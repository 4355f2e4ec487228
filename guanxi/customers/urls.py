"""The addresses within a customer's record page."""

from __future__ import annotations

from django.urls import path

from guanxi.customers import views

app_name = "customers"
urlpatterns = [
    path("customers/pick/", views.pick, name="pick"),
    path("customers/<int:pk>/contact-points/", views.contact_points, name="contact_points"),
    path("customers/contact-points/<int:pk>/", views.contact_point, name="contact_point"),
    path("customers/contact-points/<int:pk>/remove/", views.remove_contact_point, name="remove_contact_point"),
    path("customers/<int:pk>/relationships/", views.relationships, name="relationships"),
    path("customers/<int:pk>/relationships/<int:row>/remove/", views.remove_relationship, name="remove_relationship"),
    path("customers/<int:pk>/consents/", views.consents, name="consents"),
]
