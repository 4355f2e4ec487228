"""The addresses of calls, meetings and visits beyond their list."""

from django.urls import path

from guanxi.channels.activities import views

app_name = "activities"
urlpatterns = [
    path("activities/of/<str:object_type>/<int:object_id>/", views.of, name="of"),
    path("activities/<int:pk>/held/", views.held, name="held"),
    path("activities/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("activities/<int:pk>/participants/", views.participants, name="participants"),
]
