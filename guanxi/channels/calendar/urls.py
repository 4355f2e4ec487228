"""The addresses of calendar feeds, invitations and what other calendars said."""

from django.urls import path

from guanxi.channels.calendar import account_views, repeating_views, team_views, views

app_name = "calendar"
urlpatterns = [
    path("calendar/team/", team_views.page, name="team"),
    path("calendar/team/arrange/", team_views.arrange, name="arrange"),
    path("calendar/feed/<str:sign>.ics", views.feed, name="feed"),
    path("calendar/address/", views.change, name="change"),
    path("calendar/meetings/<int:pk>/invite/", views.invite, name="invite"),
    path("calendar/meetings/<int:pk>/respond/", views.respond, name="respond"),
    path("calendar/meetings/<int:pk>/repeat/", repeating_views.repeat, name="repeat"),
    path("calendar/meetings/<int:pk>/time/", repeating_views.change_time, name="time"),
    path("calendar/notices/<int:pk>/settle/", views.settle, name="settle"),
    path("calendar/accounts/<int:pk>/edit/", account_views.edit, name="edit"),
    path("calendar/accounts/<int:pk>/do/", account_views.do, name="do"),
    path("calendar/clashes/<int:pk>/", account_views.settle_clash, name="clash"),
]
