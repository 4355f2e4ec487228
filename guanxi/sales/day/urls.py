"""The addresses of the day."""

from django.urls import path

from guanxi.sales.day import views

app_name = "day"
urlpatterns = [
    path("day/", views.mine, name="mine"),
    path("day/done/<slug:what>/<int:pk>/", views.done, name="done"),
    path("day/opened/<str:object_type>/<int:object_id>/", views.opened, name="opened"),
]
