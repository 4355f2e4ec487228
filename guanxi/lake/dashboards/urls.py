from django.urls import path

from guanxi.lake.dashboards import views

app_name = "dashboards"
urlpatterns = [
    path("questions/", views.save_question, name="save_question"),
    path("questions/<int:pk>/", views.question, name="question"),
    path("questions/<int:pk>/change/", views.change_question, name="change_question"),
    path("dashboards/", views.index, name="index"),
    path("dashboards/new/", views.make, name="make"),
    path("dashboards/<slug:key>/", views.page, name="page"),
    path("dashboards/<slug:key>/tiles/<int:number>/", views.tile, name="tile"),
    path("dashboards/<slug:key>/change/", views.change, name="change"),
]
