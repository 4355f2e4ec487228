from django.urls import path

from guanxi.foundation.reports import views

app_name = "reports"
urlpatterns = [
    path("reports/<slug:slug>/", views.page, name="page"),
    path("reports/<slug:slug>/pdf/", views.as_pdf, name="pdf"),
    path("reports/<slug:slug>/subscription/", views.subscription, name="subscription"),
]
