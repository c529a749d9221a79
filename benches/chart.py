"""Charts as SVG, by hand: what a page on GitHub shows in its light and its dark form without a font or a script.

The colours of text and lines follow the reader's preference by a media query within the file, since a picture on a page
knows nothing of the page.
"""

import dataclasses
import math
from xml.sax.saxutils import escape

STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.faint { fill: #59636e }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.bound { stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 4 3 }
.goal { stroke: #1f2328; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .faint { fill: #9198a1 }
  .grid { stroke: #3d444d }
  .bound { stroke: #9198a1 }
  .goal { stroke: #f0f6fc }
}
"""
# Told apart by most eyes that see some colours differently, on white and on near black (after M. Okabe and K. Ito).
COLORS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c6bb1", "#999999", "#b2a300", "#a0522d")
WIDTH = 860
# What a letter takes, about, in pixels.
LETTER = 6.6


@dataclasses.dataclass(frozen=True)
class Bar:
    value: float | None
    goal: float | None


def bars(title, series, rows, bound):
    """Rows of bars from left to right, one bar for each of the series. `rows` is a list of (name, [Bar]).

    `bound` is a value and its name, drawn from top to bottom.
    """
    left = 24 + LETTER * max(len(name) for name, _ in rows)
    bar, gap, top = 11, 9, 64
    step = len(series) * bar + gap
    height = top + step * len(rows) + 40
    most = max([bound[0], *(one.value or 0 for _, some in rows for one in some)]) * 1.08
    place = lambda value: left + (WIDTH - left - 56) * value / most
    bottom = top + step * len(rows)
    parts = [text(16, 26, title, "title"), *legend(series, left, 48)]
    for tick in ticks(most):
        parts.append(line(place(tick), top - 6, place(tick), bottom, "grid"))
        parts.append(text(place(tick), bottom + 16, f"{tick:g}", "faint", "middle"))
    for number, (name, some) in enumerate(rows):
        y = top + step * number
        parts.append(text(left - 8, y + step / 2, name, anchor="end"))
        for at, one in enumerate(some):
            parts += drawn_bar(one, place, y + at * bar, bar, COLORS[at])
    parts.append(line(place(bound[0]), top - 6, place(bound[0]), bottom, "bound"))
    parts.append(text(place(bound[0]), bottom + 32, bound[1], "faint", "middle"))
    return svg(height, parts)


def drawn_bar(one, place, y, height, color):
    if one.value is None:
        return [text(place(0) + 4, y + height - 2, "not taken", "faint")]
    length = place(one.value) - place(0)
    # Not on top of the goal's mark.
    label = place(one.value) + 4
    if one.goal and label - 6 < place(one.goal) < label + 5 * LETTER:
        label = place(one.goal) + 4
    found = [
        f'<rect x="{place(0):.1f}" y="{y:.1f}" width="{length:.1f}" height="{height - 1}" fill="{color}"/>',
        text(label, y + height - 2, f"{one.value:.2f}", "faint"),
    ]
    if one.goal:
        found.append(line(place(one.goal), y, place(one.goal), y + height - 1, "goal"))
    return found


def curves(title, axes, series, bound):
    """Lines over two logarithmic axes. `series` is a list of (name, [(x, y)]); `bound` a y and its name.

    The names are listed in the order of the lines' ends.
    """
    left, top, right, height = 64, 56, 280, 460
    bottom = height - 48
    points = [point for _, some in series for point in some]
    x_range = (min(x for x, _ in points), max(x for x, _ in points))
    y_range = (min(y for _, y in points) * 0.8, max([bound[0], *(y for _, y in points)]) * 1.2)
    x = lambda value: left + (WIDTH - left - right) * share(value, x_range)
    y = lambda value: bottom - (bottom - top) * share(value, y_range)
    parts = [
        text(16, 26, title, "title"),
        text(left, height - 10, axes[0], "faint"),
        text(left - 48, top - 12, axes[1], "faint"),
    ]
    for tick in sorted({value for value, _ in points}):
        parts.append(line(x(tick), top, x(tick), bottom, "grid"))
        parts.append(text(x(tick), bottom + 18, f"{tick:g}", "faint", "middle"))
    for tick in doublings(*y_range):
        parts.append(line(left, y(tick), WIDTH - right, y(tick), "grid"))
        parts.append(text(left - 8, y(tick) + 4, f"{tick:g}", "faint", "end"))
    parts.append(line(left, y(bound[0]), WIDTH - right, y(bound[0]), "bound"))
    parts.append(text(left + 6, y(bound[0]) - 5, bound[1], "faint"))
    names = sorted(range(len(series)), key=lambda at: -series[at][1][-1][1] if series[at][1] else 0)
    for rank, at in enumerate(names):
        name, some = series[at]
        color = COLORS[at % len(COLORS)]
        path = " ".join(f"{x(one):.1f},{y(other):.1f}" for one, other in some)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(one):.1f}" cy="{y(other):.1f}" r="3" fill="{color}"/>' for one, other in some]
        label_y = top + 10 + 20 * rank
        parts.append(f'<rect x="{WIDTH - right + 18}" y="{label_y - 9}" width="10" height="10" fill="{color}"/>')
        parts.append(text(WIDTH - right + 34, label_y, name))
    return svg(height, parts)


def share(value, bounds):
    least, most = bounds
    return math.log(value / least) / math.log(most / least)


def ticks(most):
    step = next((step for step in (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10) if most / step <= 10), 20)
    return [round(step * number, 2) for number in range(int(most / step) + 1)]


def doublings(least, most):
    return [2**power for power in range(math.ceil(math.log2(least)), math.floor(math.log2(most)) + 1)]


def legend(series, x, y):
    parts = []
    for at, name in enumerate(series):
        parts.append(f'<rect x="{x:.1f}" y="{y - 9}" width="10" height="10" fill="{COLORS[at]}"/>')
        parts.append(text(x + 16, y, name))
        x += 32 + LETTER * len(name)
    parts += [line(x + 2, y - 10, x + 2, y + 2, "goal"), text(x + 10, y, "goal")]
    return parts


def text(x, y, words, style="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1, y1, x2, y2, style):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def svg(height, parts):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
    return "\n".join([head, f"<style>\n{STYLE}</style>", *parts, "</svg>\n"])
