from django.urls import path

from guanxi.foundation.steps import views

app_name = "steps"
urlpatterns = [
    path("first-steps/business/", views.business, name="business"),
    path("first-steps/<slug:slug>/", views.go, name="go"),
    path("first-steps/<slug:slug>/settle/", views.settle, name="settle"),
]
