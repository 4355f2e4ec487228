"""What the pages of roles, teams and shared records send to."""

from django.urls import path

from guanxi.foundation.roles import views

app_name = "roles"
urlpatterns = [
    path("roles/<int:pk>/rights/", views.set_rights, name="rights"),
    path("roles/<int:pk>/fields/", views.set_fields, name="fields"),
    path("roles/<int:pk>/hold/", views.hold, name="hold"),
    path("roles/<int:pk>/remove/", views.remove_role, name="remove"),
    path("roles/of/<int:pk>/", views.of_colleague, name="of"),
    path("teams/<int:pk>/member/", views.member, name="member"),
    path("teams/<int:pk>/remove/", views.remove_team, name="remove_team"),
    path("sharing/<str:object_type>/<int:object_id>/", views.sharing, name="sharing"),
]
