"""Plots on paper."""

from __future__ import annotations

import re

from guanxi.foundation import plots


def bars(drawn: str) -> list[tuple[float, float]]:
    """Top and height of each bar; the marks of the legend are left out."""
    found = re.findall(r'<rect x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', drawn)
    return [(float(top), float(height)) for top, height in found if float(height) != 4]


def test_stacked_bars_stand_on_each_other_and_hang_below_zero() -> None:
    series = [
        {"name": "留存", "data": [60, 30], "colour": 3},
        {"name": "新增", "data": [40, 0], "colour": 1},
        {"name": "流失", "data": [-20, None], "colour": 4},
    ]
    drawn = plots.draw({"type": "bar", "stack": True, "x": ["一月", "二月"], "series": series}, "權益")
    (stayed, came, lost, *rest) = bars(drawn)
    assert came[0] + came[1] == stayed[0]
    assert abs(lost[0] - (stayed[0] + stayed[1])) < 1e-9
    assert abs(stayed[1] / came[1] - 1.5) < 1e-9
    assert [height for _top, height in rest[1:]] == [0, 0]
    assert "留存" in drawn
    assert "流失" in drawn


def test_names_are_left_out_where_they_would_run_into_each_other() -> None:
    names = [f"月{number}" for number in range(13)]
    drawn = plots.draw({"type": "bar", "x": names, "series": [{"name": "", "data": [1] * 13}]}, "月")
    assert sum(name in re.findall(r">(月\d+)<", drawn) for name in names) == 7
