"""The addresses of files."""

from django.urls import path

from guanxi.foundation.attachments import views

app_name = "attachments"
urlpatterns = [
    path("attachments/of/<str:object_type>/<int:object_id>/", views.of, name="of"),
    path("attachments/<int:pk>/file/", views.download, name="download"),
    path("attachments/<int:pk>/preview/", views.preview, name="preview"),
    path("attachments/<int:pk>/open/", views.open_, name="open"),
    path("attachments/<int:pk>/remove/", views.remove, name="remove"),
]
