"""`{% plot spec "What it shows" %}`: a plot that the browser draws or, on paper, the same as SVG."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.html import format_html
from django.utils.safestring import SafeString

from guanxi.foundation import plots

register = template.Library()


@register.simple_tag(takes_context=True)
def plot(context: template.Context, spec: dict[str, Any], label: str, size: str = "") -> SafeString:
    """`spec` as static/guanxi/plot.js describes it; `size` is "", "sm" or "lg"."""
    if context.get("print"):
        return plots.draw(spec, label)
    style = f"plot plot-{size}" if size else "plot"
    data = json.dumps(spec, cls=DjangoJSONEncoder, ensure_ascii=False)
    return format_html('<div class="{}" data-spec="{}" aria-label="{}"></div>', style, data, label)
