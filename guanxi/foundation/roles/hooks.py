"""What roles hang into the house: who may what, and the subjects of the ground floor."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks
from guanxi.foundation.governing import Subject
from guanxi.foundation.roles import inviting
from guanxi.foundation.roles.granting import group_keys, groups_offered, rights_for

hooks.register("rights_of", rights_for)
hooks.register("invited_roles", inviting.offered)
hooks.register("invited", inviting.give)
hooks.register("groups_of", group_keys)
hooks.register("groups_offered", groups_offered)
hooks.register("subject", Subject("tasks", _("Tasks"), owned=True), order=50)
hooks.register("subject", Subject("reports", _("Figures and reports"), ("view", "export")), order=90)
hooks.register("subject", Subject("settings", _("Settings"), ("view", "create", "edit", "delete")), order=100)
hooks.register("subject", Subject("people", _("Colleagues and teams"), ("view", "create", "edit", "delete")), order=110)
hooks.register("subject", Subject("audit", _("Audit log"), ("view", "export")), order=120)
hooks.register("subject", Subject("background", _("Background tasks"), ("view", "edit", "run"), owned=True), order=130)
