"""The addresses of bulk changes beyond their list and record."""

from django.urls import path

from guanxi.foundation.bulk_changes import views

app_name = "bulk_changes"
urlpatterns = [
    path("bulk-changes/<int:pk>/undo/", views.undo, name="undo"),
    path("bulk-changes/<int:pk>/state/", views.panel, name="state"),
    path("bulk-changes/field/<desk:found>/", views.field, name="field"),
    path("bulk-changes/hangs/<desk:found>/", views.hangs, name="hangs"),
    path("bulk-changes/remove/<desk:found>/<int:pk>/", views.remove_one, name="remove_one"),
]
