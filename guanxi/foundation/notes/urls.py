"""The addresses of notes."""

from django.urls import path

from guanxi.foundation.notes import views

app_name = "notes"
urlpatterns = [
    path("notes/of/<str:object_type>/<int:object_id>/", views.of, name="of"),
    path("notes/colleagues/", views.colleagues, name="colleagues"),
    path("notes/<int:pk>/", views.one, name="one"),
    path("notes/<int:pk>/pin/", views.pin, name="pin"),
    path("notes/<int:pk>/remove/", views.remove, name="remove"),
    path("notes/<int:pk>/versions/", views.versions, name="versions"),
    path("notes/<int:pk>/open/", views.open_, name="open"),
]
