from django.urls import path

from guanxi.intake import views

app_name = "intake"
urlpatterns = [path("imports/<int:run_id>/rejected.csv", views.rejects, name="rejects")]
