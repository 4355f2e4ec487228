"""What a token may, in words."""

from __future__ import annotations

from django import template

from guanxi.foundation.api.scopes import in_words

register = template.Library()
register.filter("scopes_in_words", in_words)
