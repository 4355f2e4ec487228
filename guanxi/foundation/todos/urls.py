"""The addresses of tasks beyond their list."""

from django.urls import path

from guanxi.foundation.todos import views

app_name = "todos"
urlpatterns = [
    path("todos/mine/", views.mine, name="mine"),
    path("todos/of/<str:object_type>/<int:object_id>/", views.of, name="of"),
    path("todos/next/<str:object_type>/<int:object_id>/", views.next_action, name="next"),
    path("todos/<int:pk>/done/", views.done, name="done"),
    path("todos/<int:pk>/remove/", views.remove, name="remove"),
]
