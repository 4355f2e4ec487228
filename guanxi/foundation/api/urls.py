"""The addresses of the API."""

from __future__ import annotations

from django.urls import include, path

from guanxi.foundation.api import service

urlpatterns = [path("api/", include((service.urls(), "ninja"), namespace="api"))]
