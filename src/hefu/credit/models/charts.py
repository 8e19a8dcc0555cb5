"""Charts as inline SVG: lines, bars, points with intervals. They scale with the page, print in grey and need no script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 14, 14, 44
COLOURS = ("#1f5f8b", "#b5482a", "#6b7a3a", "#7a5a8c")
_GRID, _INK = "#d9dee3", "#45525e"


@dataclass(frozen=True, slots=True)
class Line:
    """
    Args:
        dashes: A reference line, thin and dashed.
        low, high: An interval at each point, or empty.
    """

    name: str
    points: Sequence[tuple[float, float]]
    dashes: bool = False
    dots: bool = False
    intervals: Sequence[tuple[float, float]] = ()


def percent(value: float) -> str:
    """A share as people read it."""
    return f"{100 * value:.0f}%" if value >= 0.095 or value == 0 else f"{100 * value:.1f}%"


def plain(value: float) -> str:
    """A whole number."""
    return f"{value:,.0f}"


def lines(
    title: str,
    x_name: str,
    y_name: str,
    series: Sequence[Line],
    *,
    x_span: tuple[float, float] = (0, 1),
    y_span: tuple[float, float] = (0, 1),
    x_text: Callable[[float], str] = percent,
    y_text: Callable[[float], str] = percent,
) -> str:
    """Lines over one plane."""
    place = _placing(x_span, y_span)
    out = [_frame(x_name, y_name, x_span, y_span, x_text, y_text)]
    for i, line in enumerate(series):
        colour = _INK if line.dashes else COLOURS[i % len(COLOURS)]
        where = [place(x, y) for x, y in line.points]
        for (x, _), (low, high) in zip(line.points, line.intervals):
            (at, top), (_, foot) = place(x, high), place(x, low)
            out.append(
                f'<path d="M{at:.1f} {top:.1f}V{foot:.1f}" stroke="{colour}" stroke-opacity=".45" stroke-width="3"/>'
            )
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in where)
        dash = ' stroke-dasharray="4 4" stroke-width="1"' if line.dashes else ' stroke-width="2"'
        out.append(f'<path d="{path}" fill="none" stroke="{colour}"{dash}/>')
        if line.dots:
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in where]
    return _figure(title, out, [(line.name, i, line.dashes) for i, line in enumerate(series) if line.name])


def bars(
    title: str,
    x_name: str,
    y_name: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float]]],
    *,
    y_text: Callable[[float], str] = percent,
) -> str:
    """Groups of bars side by side."""
    highest = max((value for _, values in series for value in values), default=0) or 1
    y_span = (0, highest * 1.08)
    place = _placing((0, len(labels)), y_span)
    out = [_frame(x_name, y_name, (0, len(labels)), y_span, lambda _: "", y_text, x_ticks=False)]
    wide = 0.8 / max(1, len(series))
    for s, (_, values) in enumerate(series):
        for i, value in enumerate(values):
            (x, y), (end, foot) = place(i + 0.1 + s * wide, value), place(i + 0.1 + (s + 1) * wide, 0)
            size = f'width="{max(0.5, end - x - 1):.1f}" height="{max(0, foot - y):.1f}"'
            out.append(f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{COLOURS[s % len(COLOURS)]}"/>')
    step = max(1, len(labels) // 10)
    for i in range(0, len(labels), step):
        x, _ = place(i + 0.5, 0)
        out.append(_text(x, HEIGHT - _BOTTOM + 15, labels[i], "middle"))
    return _figure(title, out, [(name, i, False) for i, (name, _) in enumerate(series) if name])


def beams(rows: Sequence[tuple[str, float, str]]) -> str:
    """One row a name: a beam, and what it says."""
    highest = max((value for _, value, _ in rows), default=0) or 1
    out = ['<table class="beams">']
    for name, value, text in rows:
        beam = f'<span class="beam" style="width:{max(0.5, 100 * value / highest):.1f}%"></span>'
        out.append(f'<tr><th scope="row">{escape(name)}</th><td>{beam}</td><td class="n">{escape(text)}</td></tr>')
    return "".join([*out, "</table>"])


def _placing(x_span: tuple[float, float], y_span: tuple[float, float]) -> Callable[[float, float], tuple[float, float]]:
    wide, high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x_span[0]) / ((x_span[1] - x_span[0]) or 1)
        up = (y - y_span[0]) / ((y_span[1] - y_span[0]) or 1)
        return _LEFT + wide * min(1, max(0, across)), HEIGHT - _BOTTOM - high * min(1, max(0, up))

    return place


def _frame(
    x_name: str,
    y_name: str,
    x_span: tuple[float, float],
    y_span: tuple[float, float],
    x_text: Callable[[float], str],
    y_text: Callable[[float], str],
    *,
    x_ticks: bool = True,
) -> str:
    place, out = _placing(x_span, y_span), list[str]()
    for k in range(5):
        part = k / 4
        x, y = x_span[0] + part * (x_span[1] - x_span[0]), y_span[0] + part * (y_span[1] - y_span[0])
        left, at = place(x_span[0], y)
        out.append(f'<path d="M{left:.1f} {at:.1f}H{WIDTH - _RIGHT}" stroke="{_GRID}"/>')
        out.append(_text(left - 6, at + 4, y_text(y), "end"))
        if x_ticks:
            across, _ = place(x, 0)
            out.append(_text(across, HEIGHT - _BOTTOM + 15, x_text(x), "middle"))
    out.append(_text((WIDTH + _LEFT) / 2, HEIGHT - 8, x_name, "middle"))
    middle = (HEIGHT - _BOTTOM + _TOP) / 2
    turned = f'transform="translate(13 {middle:.0f}) rotate(-90)"'
    out.append(f'<text {turned} text-anchor="middle">{escape(y_name)}</text>')
    return "".join(out)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _figure(title: str, parts: Sequence[str], names: Sequence[tuple[str, int, bool]]) -> str:
    keys = "".join(
        f'<span class="key"><i style="background:{_INK if dashed else COLOURS[i % len(COLOURS)]}"></i>{escape(name)}</span>'
        for name, i, dashed in names
    )
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    return f"<figure><figcaption>{escape(title)}</figcaption>{svg}<p>{keys}</p></figure>"
