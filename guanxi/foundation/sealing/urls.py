"""The addresses of the audit log's chain; the log itself is a desk."""

from django.urls import path

from guanxi.foundation.sealing import views

app_name = "sealing"
urlpatterns = [
    path("audit/chain/", views.chain, name="chain"),
    path("audit/chain/look/", views.look, name="look"),
]
