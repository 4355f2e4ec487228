"""What must hold whichever door a change comes through: somebody can always administrate, and rights count at once."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from django.dispatch import receiver
from django.utils.translation import gettext as _

from guanxi.foundation import visibility
from guanxi.foundation.actions import Refused
from guanxi.foundation.models import User
from guanxi.foundation.roles.models import Holding, Membership, Role, Share, Team


def administrators() -> Any:
    """The active colleagues who may do everything."""
    return User.objects.filter(is_active=True, is_staff=True, holdings__role__is_administrator=True).distinct()


def _refuse_last(*, without_user: int | None = None, without_role: int | None = None) -> None:
    holdings = Holding.objects.filter(role__is_administrator=True, user__is_active=True, user__is_staff=True)
    concerned = holdings.filter(user=without_user) if without_user else holdings.filter(role=without_role)
    if without_user and without_role:
        concerned = concerned.filter(role=without_role)
    if not concerned.exists():
        return
    left = holdings.exclude(pk__in=concerned.values("pk"))
    if not left.exists():
        raise Refused(
            _("Nobody would be left who may administrate. Give another active colleague the role first."), "role"
        )


@receiver(pre_save, sender=User)
def _before_user(sender: Any, instance: User, update_fields: Any = None, **_kwargs: Any) -> None:
    touched = update_fields is None or {"is_active", "is_staff"} & set(update_fields)
    if instance.pk and touched and not (instance.is_active and instance.is_staff):
        _refuse_last(without_user=instance.pk)


@receiver(pre_delete, sender=User)
def _before_user_goes(sender: Any, instance: User, **_kwargs: Any) -> None:
    _refuse_last(without_user=instance.pk)


@receiver(pre_delete, sender=Holding)
def _before_holding_goes(sender: Any, instance: Holding, **_kwargs: Any) -> None:
    if instance.role.is_administrator:
        _refuse_last(without_user=instance.user_id, without_role=instance.role_id)


@receiver(pre_delete, sender=Role)
def _before_role_goes(sender: Any, instance: Role, **_kwargs: Any) -> None:
    _refuse_last(without_role=instance.pk)


@receiver(pre_save, sender=Role)
def _before_role(sender: Any, instance: Role, **_kwargs: Any) -> None:
    if instance.pk and not instance.is_administrator:
        _refuse_last(without_role=instance.pk)


def _forget(**_kwargs: Any) -> None:
    visibility.forget()


for _model in (Role, Holding, Team, Membership, Share, User):
    for _signal in (post_save, post_delete):
        _signal.connect(_forget, sender=_model, dispatch_uid=f"roles.forget.{_model.__name__}")
