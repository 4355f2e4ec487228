"""The addresses of tags."""

from django.urls import path

from guanxi.foundation.tags import views

app_name = "tags"
urlpatterns = [
    path("tags/of/<str:object_type>/<int:object_id>/", views.of, name="of"),
    path("tags/suggestions/", views.suggestions, name="suggestions"),
]
