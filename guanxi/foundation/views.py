"""The pages and small answers of the shell: one's own account, language, theme, palette data, notifications, icons."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST, require_safe

from guanxi.foundation import hooks, notifications, people, shell
from guanxi.foundation.accounts import remember
from guanxi.foundation.actions import Refused
from guanxi.foundation.forms import ProfileForm, TokenForm
from guanxi.foundation.models import ApiToken, Notification, User
from guanxi.foundation.templatetags.icons import UnknownIcon, drawing
from guanxi.foundation.visibility import is_staff


def _me(request: HttpRequest) -> User:
    """A row of one's own to change; `request.user` is a lazy stand-in, and stays as it is while a form is refused."""
    return User.objects.get(pk=cast(User, request.user).pk)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page that the form stood on, never to another site."""
    return HttpResponseRedirect(shell.own_path(request, request.POST.get("next", "")))


def account(request: HttpRequest) -> HttpResponse:
    """One's own name, mail, language, theme, password and API tokens."""
    form = ProfileForm(request.POST or None, instance=_me(request))
    if request.method == "POST" and form.is_valid():
        try:
            people.set_profile(_me(request), by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field, refusal.message)
        else:
            messages.success(request, _("Saved."))
            return redirect("account")
    return _account_page(request, form)


def _account_page(request: HttpRequest, profile: ModelForm[User], **more: object) -> HttpResponse:
    tokens = ApiToken.objects.filter(user=_me(request)).order_by("-id")
    cards = [card for door in hooks.get("account_card") if (card := door(request))]
    context = {"form": profile, "token_form": TokenForm(), "tokens": tokens, "cards": cards, **more}
    wrong = any(isinstance(form, ModelForm) and form.errors for form in context.values())
    return render(request, "foundation/account.html", context, status=422 if wrong else 200)


@require_POST
def create_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    profile, form = ProfileForm(instance=_me(request)), TokenForm(request.POST)
    if not form.is_valid():
        return _account_page(request, profile, token_form=form)
    try:
        _token, plain = people.create_token(_me(request), form.cleaned_data["name"], by=request.user, **form.asked())
    except Refused as refusal:
        form.add_error({"expires_at": "expires_on"}.get(str(refusal.field), refusal.field), refusal.message)
        return _account_page(request, profile, token_form=form)
    response = _account_page(request, profile, plain_token=plain)
    response.headers["Cache-Control"] = "no-store"
    return response


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Make one of one's own tokens worthless."""
    people.revoke_token(get_object_or_404(ApiToken, pk=pk, user=_me(request)), by=request.user)
    messages.success(request, _("The token no longer works."))
    return redirect("account")


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language: for this browser by a cookie, and for the next log-in with the user."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponse(_("There is no such language."), status=400)
    if is_staff(request.user):
        people.set_language(_me(request), language, by=request.user)
    return remember(_back(request), language=language)


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Switch between light, dark and as the system; a plain form gets its page back.

    A script gets 204 and no cookie: it has set it, and a late answer must not undo what was chosen since.
    """
    theme = request.POST.get("theme", "")
    if theme not in shell.THEMES:
        return HttpResponse(_("There is no such theme."), status=400)
    if is_staff(request.user):
        people.set_theme(_me(request), theme, by=request.user)
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(status=204)
    return remember(_back(request), theme=theme)


@require_GET
def palette(request: HttpRequest) -> JsonResponse:
    """The commands that the palette filters as one types."""
    return JsonResponse({"commands": shell.commands(request.user)})


@require_safe
@cache_control(max_age=86_400 * 30, public=True)
def icon(request: HttpRequest, name: str) -> HttpResponse:
    """The icon as a file, for lists that a script draws."""
    try:
        return HttpResponse(drawing(name), content_type="image/svg+xml")
    except UnknownIcon as error:
        raise Http404(str(error)) from error


@require_GET
def notification_list(request: HttpRequest) -> HttpResponse:
    """What the bell opens."""
    return _notifications(request)


def _notifications(request: HttpRequest) -> HttpResponse:
    return render(request, "foundation/shell/notifications.html", {"notifications": notifications.latest(request.user)})


@require_GET
def notifications_unread(request: HttpRequest) -> HttpResponse:
    """The number on the bell, asked once a minute."""
    return render(request, "foundation/shell/unread.html", {"unread": notifications.unread(request.user)})


@require_POST
def read_notifications(request: HttpRequest) -> HttpResponse:
    """Mark all as read; the bell then asks for its number."""
    notifications.mark_read(_me(request), by=request.user)
    response = _notifications(request)
    response.headers["HX-Trigger"] = "poll"
    return response


@require_POST
def open_notification(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one as read and go to where it leads."""
    one = get_object_or_404(Notification, pk=pk, user=_me(request))
    notifications.mark_read(_me(request), by=request.user, only=one.pk)
    return HttpResponseRedirect(shell.own_path(request, one.url))
