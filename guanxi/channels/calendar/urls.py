"""The addresses of calendar feeds."""

from django.urls import path

from guanxi.channels.calendar import views

app_name = "calendar"
urlpatterns = [
    path("calendar/feed/<str:sign>.ics", views.feed, name="feed"),
    path("calendar/address/", views.change, name="change"),
]
