# SPDX-License-Identifier: BSL-1.0
"""Pictures of figures. A picture brings its own background, so that it can be read on a light page and on a dark one."""
from html import escape

WIDTH, LABELS, RIGHT, BAR, GAP, TOP, BOTTOM = 760, 250, 110, 20, 18, 84, 52


def amount(value, unit):
    return f"{value:.{1 if value < 10 else 0}f} {unit}" if value < 1000 else f"{value:,.0f} {unit}"


def tick_step(most):
    step = 1
    while most / step > 6:
        step = {1: 2, 2: 5, 5: 10}[int(str(step)[0])] * 10 ** (len(str(step)) - 1)
    return step


def text(x, y, words, size=13, anchor="start", colour="#1f2328", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def bars(title, axis, unit, groups, cut_at=None):
    """An SVG of horizontal bars. groups: [(label, [((series, colour), value), ...]), ...]

    A value may be followed by the least and the greatest one seen, drawn as a line. What is longer than cut_at is cut.
    """
    most = max(value for _, each in groups for _, value, *_ in each)
    most = min(most, cut_at or most)
    step = tick_step(most)
    scale = (WIDTH - LABELS - RIGHT) / most
    series = dict(one for _, each in groups for one, *_ in each)
    bottom = TOP + sum(len(each) * BAR + GAP for _, each in groups)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + BOTTOM}" width="{WIDTH}" '
           f'height="{bottom + BOTTOM}" font-family="DejaVu Sans, Verdana, sans-serif" role="img" aria-label="{escape(title)}">',
           f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{bottom + BOTTOM - 1}" rx="6" fill="#ffffff" stroke="#c4c9d0"/>',
           text(20, 30, title, size=17, weight="bold")]
    x = 20
    for name, colour in series.items():
        out.append(f'<rect x="{x}" y="46" width="13" height="13" fill="{colour}"/>' + text(x + 19, 57, name))
        x += 40 + 8 * len(name)
    for tick in range(0, int(most) + 1, step):
        at = LABELS + tick * scale
        out.append(f'<line x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{bottom}" stroke="#e2e5e9"/>')
        out.append(text(at, bottom + 17, f"{tick:,}", size=12, anchor="middle", colour="#57606a"))
    out.append(text(LABELS + (WIDTH - LABELS - RIGHT) / 2, bottom + 38, axis, size=12, anchor="middle", colour="#57606a"))
    y = TOP
    for label, each in groups:
        out.append(text(LABELS - 12, y + len(each) * BAR / 2 + 4, label, anchor="end"))
        for (_, colour), value, *seen in each:
            length = max(min(value, most) * scale, 1)
            out.append(f'<rect x="{LABELS}" y="{y + 1}" width="{length:.1f}" height="{BAR - 3}" fill="{colour}"/>')
            if value > most:
                out.append(f'<path d="M{LABELS + length - 16:.1f} {y + BAR - 1} l6 {2 - BAR} h4 l-6 {BAR - 2} z" fill="#ffffff"/>')
            elif seen:
                ends = [LABELS + min(each, most) * scale for each in seen]
                out.append(f'<path d="M{ends[0]:.1f} {y + BAR / 2 - 0.5} H{ends[1]:.1f}" stroke="#1f2328" stroke-width="1.5"/>')
                length = max(length, ends[1] - LABELS)
            out.append(text(LABELS + length + 6, y + 14, amount(value, unit)))
            y += BAR
        y += GAP
    out.append(f'<line x1="{LABELS}" y1="{TOP - 8}" x2="{LABELS}" y2="{bottom}" stroke="#57606a"/>')
    return "\n".join(out + ["</svg>\n"])
