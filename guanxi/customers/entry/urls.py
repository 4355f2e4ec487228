"""The small answers while a new customer is filled in; the form itself is at /customers/new/."""

from django.urls import path

from guanxi.customers.entry import views

urlpatterns = [
    path("customers/new/again/", views.again, name="entry_again"),
    path("customers/new/same/", views.same, name="entry_same"),
    path("customers/new/use/<int:pk>/", views.use, name="entry_use"),
    path("customers/new/line/", views.line, name="entry_line"),
    path("customers/new/telephone/", views.telephone, name="entry_telephone"),
    path("customers/new/address/", views.address, name="entry_address"),
    path("customers/new/organisations/", views.organisations, name="entry_organisations"),
]
