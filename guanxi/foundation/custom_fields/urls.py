"""The addresses of custom fields."""

from django.urls import path

from guanxi.foundation.custom_fields import views

app_name = "custom_fields"
urlpatterns = [
    path("fields/", views.page, name="page"),
    path("fields/new/", views.new, name="new"),
    path("fields/preview/", views.preview, name="preview"),
    path("fields/order/", views.order, name="order"),
    path("fields/parties/", views.parties, name="parties"),
    path("fields/<int:pk>/", views.field, name="field"),
    path("fields/<int:pk>/outlook/", views.outlook, name="outlook"),
    path("fields/<int:pk>/retype/", views.retype, name="retype"),
    path("fields/<int:pk>/replace/", views.replace, name="replace"),
    path("fields/<int:pk>/refresh/", views.refresh, name="refresh"),
    path("fields/<int:pk>/archive/", views.archive, name="archive"),
    path("fields/<int:pk>/restore/", views.restore, name="restore"),
    path("fields/<int:pk>/destroy/", views.destroy, name="destroy"),
]
