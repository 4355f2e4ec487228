"""Tasks in words, for templates."""

from __future__ import annotations

from django import template

from guanxi.foundation.todos import actions
from guanxi.foundation.todos.models import Todo

register = template.Library()


@register.filter
def sentence(todo: Todo) -> str:
    """The task in one line."""
    return actions.sentence(todo)


@register.filter
def due_words(todo: Todo) -> str:
    """When it is due."""
    return actions.when(todo)
