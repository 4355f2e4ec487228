"""The addresses of access; second factors themselves are allauth's, below /accounts/2fa/."""

from django.urls import path

from guanxi.foundation.access import views

app_name = "access"
urlpatterns = [
    path("access/rules/", views.rules, name="rules"),
    path("access/invite/", views.invite, name="invite"),
    path("access/invitations/<int:pk>/again/", views.again, name="again"),
    path("access/invitations/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("access/locks/<int:pk>/unlock/", views.unlock, name="unlock"),
    path("access/<int:pk>/factors/reset/", views.reset, name="reset"),
    path("access/<int:pk>/sessions/end/", views.end_all, name="end_all"),
    path("access/<int:pk>/leave/", views.leave, name="leave"),
    path("access/<int:pk>/back/", views.back, name="back"),
    path("access/tokens/<int:pk>/revoke/", views.revoke_token, name="revoke_token"),
    path("account/sessions/end/", views.end_own, name="end_own"),
    path("accounts/invitation/<str:token>/", views.accept, name="accept"),
]
