"""`{% plot spec "id" "What it shows" %}`: a plot that the browser draws, or, on paper, the same as SVG."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from guanxi.foundation.reports import svg

register = template.Library()


@register.simple_tag(takes_context=True)
def plot(context: template.Context, spec: dict[str, Any], name: str, label: str, size: str = "") -> SafeString:
    """`spec` as static/guanxi/plot.js describes it; `size` is "", "sm" or "lg"."""
    if context.get("print"):
        return svg.draw(spec, label)
    return format_html(
        '<div class="plot {}" data-plot="{}" aria-label="{}"></div>{}',
        f"plot-{size}" if size else "",
        name,
        label,
        json_script(spec, name),
    )
