"""A plot as plain SVG, for paper: bars, horizontal bars, lines; the spec is that of static/guanxi/plot.js."""

from __future__ import annotations

from math import ceil
from typing import Any

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT, LEFT, BOTTOM, ROW = 640, 180, 66, 22, 18
INK, MUTED, GRID = "#0f766e", "#cbcfd6", "#ecebe8"
COLOURS = {1: INK, 2: "#5ba69f", 3: "#a1cfc9", 4: "#d9776c", 5: "#c9973a", 6: "#4f79c4"}


def draw(spec: dict[str, Any], label: str) -> SafeString:
    """The plot as an `<svg>` element; a plot without points is an empty string."""
    if not spec["x"]:
        return mark_safe("")
    parts, height = _rows(spec) if spec["type"] == "hbar" else _columns(spec)
    return format_html(
        '<svg viewBox="0 0 {} {}" width="100%" role="img" aria-label="{}" font-size="10" fill="#4d5562">{}</svg>',
        WIDTH,
        height,
        label,
        parts,
    )


def _rows(spec: dict[str, Any]) -> tuple[SafeString, int]:
    values = [value or 0 for value in spec["series"][0]["data"]]
    scale = (WIDTH - 260) / (max(map(abs, values)) or 1)
    rows = [
        (index * ROW, name, abs(value) * scale, _number(spec, value))
        for index, (name, value) in enumerate(zip(spec["x"], values, strict=True))
    ]
    markup = (
        f'<text x="150" y="{{}}" text-anchor="end">{{}}</text><rect x="160" y="{{}}" width="{{}}" height="11" rx="3" '
        f'fill="{INK}"/><text x="{{}}" y="{{}}">{{}}</text>'
    )
    parts = format_html_join(
        "",
        markup,
        ((top + 12, name, top + 3, max(width, 1), 166 + width, top + 12, text) for top, name, width, text in rows),
    )
    return parts, len(rows) * ROW + 4


def _columns(spec: dict[str, Any]) -> tuple[SafeString, int]:
    if spec.get("stack"):
        return _stacked(spec)
    series = sorted(spec["series"], key=lambda one: not one.get("muted"))
    top = max((value for one in series for value in one["data"] if value is not None), default=0) or 1
    step = (WIDTH - LEFT) / len(spec["x"])
    scale = (HEIGHT - BOTTOM - 8) / top
    drawn = [_axis(spec, top, scale), _names(spec, step)]
    for one in series:
        colour = MUTED if one.get("muted") else INK
        drawn.append(_bars(one, step, scale, colour) if spec["type"] == "bar" else _line(one, step, scale, colour))
    return mark_safe("".join(drawn)), HEIGHT  # each part is escaped where it is made


def _stacked(spec: dict[str, Any]) -> tuple[SafeString, int]:
    """Bars on each other, those below zero downwards, with their names above."""
    columns = list(zip(*(one["data"] for one in spec["series"]), strict=True))
    top = max((sum(max(value or 0, 0) for value in column) for column in columns), default=0) or 1
    bottom = min((sum(min(value or 0, 0) for value in column) for column in columns), default=0)
    room = HEIGHT - BOTTOM - ROW
    scale = room / (top - bottom)
    zero = ROW + top * scale
    step = (WIDTH - LEFT) / len(spec["x"])
    bars = []
    for index, column in enumerate(columns):
        up = down = zero
        for value, one in zip(column, spec["series"], strict=True):
            height = abs(value or 0) * scale
            up -= height if (value or 0) > 0 else 0
            place = up if (value or 0) > 0 else down
            down += height if (value or 0) < 0 else 0
            bars.append((LEFT + index * step + step * 0.2, place, step * 0.6, height, _colour(one)))
    parts = [
        _axis(spec, top, scale, zero),
        format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>', bars),
        _names(spec, step),
        format_html_join(
            "",
            '<rect x="{}" y="2" width="10" height="4" fill="{}"/><text x="{}" y="8">{}</text>',
            (
                (LEFT + index * 110, _colour(one), LEFT + index * 110 + 14, one["name"])
                for index, one in enumerate(spec["series"])
            ),
        ),
    ]
    return mark_safe("".join(parts)), HEIGHT  # each part is escaped where it is made


def _colour(one: dict[str, Any]) -> str:
    return MUTED if one.get("muted") else COLOURS.get(one.get("colour", 1), INK)


def _axis(spec: dict[str, Any], top: float, scale: float, base: float = HEIGHT - BOTTOM) -> SafeString:
    levels = [float(top) * share for share in (0, 0.5, 1)]
    markup = (
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{{0}}" y2="{{0}}" stroke="{GRID}"/>'
        f'<text x="{LEFT - 6}" y="{{1}}" text-anchor="end">{{2}}</text>'
    )
    return format_html_join(
        "", markup, ((base - level * scale, base - level * scale + 3, _number(spec, level)) for level in levels)
    )


def _names(spec: dict[str, Any], step: float) -> SafeString:
    every = ceil(len(spec["x"]) / 8)
    shown = [(LEFT + (index + 0.5) * step, name) for index, name in enumerate(spec["x"]) if index % every == 0]
    return format_html_join("", f'<text x="{{}}" y="{HEIGHT - 6}" text-anchor="middle">{{}}</text>', shown)


def _bars(one: dict[str, Any], step: float, scale: float, colour: str) -> SafeString:
    base = HEIGHT - BOTTOM
    bars = [
        (LEFT + index * step + step * 0.2, base - value * scale, step * 0.6, value * scale, colour)
        for index, value in enumerate(one["data"])
        if value
    ]
    return format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}" rx="2" fill="{}"/>', bars)


def _line(one: dict[str, Any], step: float, scale: float, colour: str) -> SafeString:
    points = " ".join(
        f"{LEFT + (index + 0.5) * step:.1f},{HEIGHT - BOTTOM - value * scale:.1f}"
        for index, value in enumerate(one["data"])
        if value is not None
    )
    return format_html('<polyline points="{}" fill="none" stroke="{}" stroke-width="1.6"/>', points, colour)


def _number(spec: dict[str, Any], value: float) -> str:
    if spec.get("format") == "percent":
        return f"{number_format(float(value) * 100, 1)} %"
    whole = abs(value) >= 100 or value == 0 or (spec.get("format") != "money" and value == int(value))
    return number_format(value, 0 if whole else 2, use_l10n=True, force_grouping=True)
