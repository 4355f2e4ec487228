"""The addresses of the shell: account, language, theme, palette, notifications, icons."""

from django.urls import path

from guanxi.foundation import bell, views

urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/tokens/", views.create_token, name="account_token_create"),
    path("account/tokens/<int:pk>/revoke/", views.revoke_token, name="account_token_revoke"),
    path("language/", views.set_language, name="language"),
    path("theme/", views.set_theme, name="theme"),
    path("palette/", views.palette, name="palette"),
    path("icons/<slug:name>.svg", views.icon, name="icon"),
    path("notifications/", views.notification_list, name="notifications"),
    path("notifications/unread/", views.notifications_unread, name="notifications_unread"),
    path("notifications/read/", views.read_notifications, name="notifications_read"),
    path("notifications/live/", bell.live, name="notifications_live"),
    path("notifications/all/", bell.everything, name="notifications_all"),
    path("notifications/<int:pk>/open/", views.open_notification, name="notification_open"),
    path("notifications/<int:pk>/mark/", bell.mark, name="notification_mark"),
    path("account/notifications/", bell.preferences, name="notification_preferences"),
]
