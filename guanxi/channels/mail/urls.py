"""The addresses of mail beyond its lists."""

from django.urls import path

from guanxi.channels.mail import views

app_name = "mail"
urlpatterns = [
    path("mail/mailboxes/<int:pk>/edit/", views.edit, name="edit"),
    path("mail/mailboxes/<int:pk>/do/", views.do, name="do"),
    path("mail/of/<str:object_type>/<int:object_id>/", views.of, name="of"),
    path("mail/messages/<int:pk>/answer/", views.answer, name="answer"),
    path("mail/messages/<int:pk>/mark/", views.mark, name="mark"),
    path("mail/messages/<int:pk>/customers/", views.customers, name="customers"),
]
