"""The addresses of account plans."""

from django.urls import path

from guanxi.sales.accounts import views

app_name = "account_plans"
urlpatterns = [
    path("customers/<int:pk>/plan/", views.plan, name="plan"),
    path("customers/<int:pk>/plan/goals/", views.goals, name="goals"),
    path("customers/<int:pk>/plan/reviews/", views.reviews, name="reviews"),
    path("customers/<int:pk>/plan/white-space/", views.white_space, name="white_space"),
]
