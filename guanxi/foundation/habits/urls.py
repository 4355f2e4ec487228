"""The addresses of favourites, of records seen last and of the keys."""

from django.urls import path

from guanxi.foundation.habits import views

app_name = "habits"
urlpatterns = [
    path("habits/", views.menu, name="menu"),
    path("habits/lines/", views.lines, name="lines"),
    path("habits/arrange/", views.arrange, name="arrange"),
    path("habits/keys/", views.all_keys, name="keys"),
    path("habits/shortcuts/", views.set_shortcuts, name="set_shortcuts"),
    path("habits/star/<desk:desk>/<int:pk>/", views.star, name="star"),
]
