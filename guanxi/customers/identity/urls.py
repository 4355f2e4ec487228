"""The addresses of identity, within those of customers."""

from __future__ import annotations

from django.urls import path

from guanxi.customers.identity.views import merging, queue, settings, stories

urlpatterns = [
    path("customers/duplicates/", queue.queue, name="duplicates"),
    path("customers/duplicates/look/", queue.look_now, name="look_for_duplicates"),
    path("customers/duplicates/looking/", queue.looking, name="looking"),
    path("customers/duplicates/<int:pk>/", queue.pair, name="pair"),
    path("customers/duplicates/<int:pk>/why/", queue.why, name="why_pair"),
    path("customers/duplicates/<int:pk>/decide/", queue.decide, name="decide_pair"),
    path("customers/duplicates/<int:pk>/take-back/", queue.take_back, name="take_back"),
    path("customers/merge/", merging.merge, name="merge"),
    path("customers/merge/preview/", merging.preview, name="merge_preview"),
    path("customers/merges/<int:pk>/undo/", merging.undo, name="undo_merge"),
    path("customers/<int:pk>/story/<str:name>/", stories.card, name="story"),
    path("customers/<int:pk>/story/<str:name>/<int:record>/", stories.use, name="use_said"),
    path("customers/identity/settings/", settings.page, name="identity_settings"),
    path("customers/identity/settings/outlook/", settings.outlook, name="outlook"),
    path("customers/identity/settings/rules/", settings.rule, name="set_rule"),
    path("customers/identity/settings/rules/following/", settings.following, name="following"),
    path("customers/identity/settings/sources/<int:pk>/", settings.trust, name="set_trust"),
    path("customers/identity/settings/junk/", settings.add_junk, name="add_junk"),
    path("customers/identity/settings/junk/<int:pk>/", settings.remove_junk, name="remove_junk"),
]
