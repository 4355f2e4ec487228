"""What is sent from the pages of roles, teams and colleagues, and the panel “Who may see this” of records."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from guanxi.foundation import belonging
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.roles import actions, tables
from guanxi.foundation.roles.granting import with_below
from guanxi.foundation.roles.models import HIDDEN, READ_ONLY, Holding, Membership, Role, Team
from guanxi.foundation.visibility import Viewer, may, require


def rights_panel(role: Role, viewer: Viewer) -> dict[str, Any]:
    """The matrix of a role."""
    return {"verbs": tables.verb_labels(), "matrix": tables.matrix(role), "may_edit": may(viewer, "edit", role)}


def fields_panel(role: Role, viewer: Viewer) -> dict[str, Any]:
    """The rules of fields of a role; first those that there are."""
    lines = tables.fields(role)
    groups: dict[str, list[tables.FieldLine]] = {}
    for line in lines:
        groups.setdefault(line.group, []).append(line)
    ruled = [line for line in lines if line.rule]
    return {"groups": groups, "ruled": ruled, "rules": tables.rule_labels(), "may_edit": may(viewer, "edit", role)}


def holders_panel(role: Role, viewer: Viewer) -> dict[str, Any]:
    """Who holds a role."""
    holdings = role.holdings.select_related("user").order_by("user__username")[: tables.MOST_COLLEAGUES]
    return {"holdings": list(holdings), "may_edit": may(viewer, "edit", role), "colleagues": tables.colleagues(viewer)}


def team_panel(team: Team, viewer: Viewer) -> dict[str, Any]:
    """Who is in a team, and what is below it."""
    members = list(team.memberships.select_related("user").order_by("user__username")[: tables.MOST_COLLEAGUES])
    below = Team.objects.filter(pk__in=with_below({team.pk}) - {team.pk}).order_by("name")
    inside = {one.user_id for one in members}
    others = [user for user in tables.colleagues(viewer) if user.pk not in inside]
    return {"members": members, "below": below, "others": others, "may_edit": may(viewer, "edit", team)}


def colleague_panel(user: User, viewer: Viewer) -> dict[str, Any]:
    """The roles and teams of a colleague."""
    held = set(Holding.objects.filter(user=user).values_list("role_id", flat=True))
    inside = set(Membership.objects.filter(user=user).values_list("team_id", flat=True))
    return {
        "roles": [(role, role.pk in held) for role in Role.objects.order_by("name")],
        "teams": [(team, team.pk in inside) for team in Team.objects.order_by("name")],
        "may_edit": may(viewer, "edit", Role),
    }


def sharing_panel(record: Any, viewer: Viewer) -> dict[str, Any]:
    """With whom a record is shared; all who may see it, which asks for everybody's rights, only when that is opened."""
    return {
        "object_type": record._meta.label_lower,
        "shares": tables.shares_of(record),
        "may_edit": may(viewer, "edit", record),
    }


@require_POST
def set_rights(request: HttpRequest, pk: int) -> HttpResponse:
    """The matrix of a role, as its form says it."""
    return _role_changed(request, pk, {"grants": tables.read_matrix(request.POST)})


@require_POST
def set_fields(request: HttpRequest, pk: int) -> HttpResponse:
    """One rule for one field: `field` is model:name, `rule` hidden, read_only or nothing."""
    role = get_object_or_404(Role.objects.visible_to(request.user), pk=pk)
    require(request.user, "edit", role)
    model, _colon, name = request.POST.get("field", "").partition(":")
    rule = request.POST.get("rule", "")
    known = {(line.model, line.name) for line in tables.fields(role)} | {
        (label, field) for label, rules in role.fields.items() for field in rules
    }
    if (model, name) not in known or rule not in ("", HIDDEN, READ_ONLY):
        messages.error(request, _("Choose a field and what holds for it."))
        return redirect("desk:record", "roles", pk)
    fields = {label: dict(rules) for label, rules in role.fields.items()}
    fields.setdefault(model, {})[name] = rule
    kept = {label: {key: value for key, value in rules.items() if value} for label, rules in fields.items()}
    return _role_changed(request, pk, {"fields": {label: rules for label, rules in kept.items() if rules}})


def _role_changed(request: HttpRequest, pk: int, changes: dict[str, Any]) -> HttpResponse:
    get_object_or_404(Role.objects.visible_to(request.user), pk=pk)
    return _done(request, lambda: actions.edit_role(pk, changes, by=request.user), "roles", pk)


@require_POST
def remove_role(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a role."""
    get_object_or_404(Role.objects.visible_to(request.user), pk=pk)
    return _done(request, lambda: actions.delete_role(pk, by=request.user), "roles", None, pk)


@require_POST
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the role to the colleague `user`, or take it from him (`off`)."""
    role = get_object_or_404(Role.objects.visible_to(request.user), pk=pk)
    user = _user(request)
    held = {one.role for one in Holding.objects.filter(user=user).select_related("role")}
    wanted = held - {role} if "off" in request.POST else held | {role}
    return _done(request, lambda: actions.give_roles(user, wanted, by=request.user), "roles", pk)


@require_POST
def member(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the colleague `user` be in the team, or no more (`off`)."""
    team = get_object_or_404(Team.objects.visible_to(request.user), pk=pk)
    work = actions.remove_member if "off" in request.POST else actions.add_member
    return _done(request, lambda: work(team, _user(request), by=request.user), "teams", pk)


@require_POST
def remove_team(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a team."""
    get_object_or_404(Team.objects.visible_to(request.user), pk=pk)
    return _done(request, lambda: actions.delete_team(pk, by=request.user), "teams", None, pk)


@require_POST
def of_colleague(request: HttpRequest, pk: int) -> HttpResponse:
    """The roles and teams of a colleague, as the form on his page says them."""
    require(request.user, "edit", Role)
    user = get_object_or_404(User, pk=pk, is_staff=True)
    roles = Role.objects.filter(pk__in=_numbers(request, "role"))
    teams = Team.objects.filter(pk__in=_numbers(request, "team"))
    return _done(request, lambda: actions.hand_out(user, roles, teams, by=request.user), "access", pk)


def _done(request: HttpRequest, work: Any, slug: str, pk: int | None, back: int | None = None) -> HttpResponse:
    try:
        work()
    except Refused as refusal:
        messages.error(request, refusal.message)
        pk = pk or back
    else:
        messages.success(request, _("Saved."))
    return redirect("desk:record", slug, pk) if pk else redirect("desk:list", slug)


@require_http_methods(["GET", "POST"])
def sharing(request: HttpRequest, object_type: str, object_id: int) -> HttpResponse:
    """The panel “Who may see this”, opened: also with whom it can be shared, and all who may see it and why.

    POST shares with `with` (user:7, team:3) or takes the share `off` back.
    """
    record = belonging.record_or_404(object_type, object_id, request.user)
    error = ""
    if request.method == "POST":
        require(request.user, "edit", record)
        try:
            _share(request, record)
        except Refused as refusal:
            error = refusal.message
    opened = {"seers": tables.seers(record), "colleagues": tables.colleagues(request.user)}
    context = {**sharing_panel(record, request.user), **opened, "record": record, "error": error}
    context["teams"] = Team.objects.order_by("name")
    return render(request, "roles/sharing.html", context, status=422 if error else 200)


def _share(request: HttpRequest, record: Any) -> None:
    off = request.POST.get("off", "")
    if off.isdecimal() and len(off) < 19:
        found = tables.shares_of(record).filter(pk=int(off)).first()
        if found is not None:
            actions.unshare(found.pk, by=request.user)
        return
    kind, _colon, number = request.POST.get("with", "").partition(":")
    model: Any = {"user": User, "team": Team}.get(kind)
    chosen = model.objects.filter(pk=int(number)).first() if model and number.isdecimal() and len(number) < 19 else None
    if chosen is None:
        raise Refused(_("Choose a colleague or a team."), "with")
    actions.share(record, **{kind: chosen}, may_edit="may_edit" in request.POST, by=request.user)


def _user(request: HttpRequest) -> User:
    number = request.POST.get("user", "")
    return get_object_or_404(User, pk=int(number) if number.isdecimal() and len(number) < 19 else 0, is_staff=True)


def _numbers(request: HttpRequest, name: str) -> list[int]:
    return [int(text) for text in request.POST.getlist(name) if text.isdecimal() and len(text) < 19]
