"""A badge: the level of maturity as a small picture for a README."""

from __future__ import annotations

from html import escape

COLOURS = ("#6e7781", "#9a6700", "#1a7f37", "#0969da")
"""One a level; white text has a contrast of at least 4.5 on each."""
_LETTER, _PAD, _HEIGHT = 6.6, 6, 20


def badge(level: int) -> str:
    """Return the badge of a level, 0 to 3, as SVG."""
    left, right = "mlops maturity", f"level {level}"
    widths = [len(text) * _LETTER + 2 * _PAD for text in (left, right)]
    total = sum(widths)
    title = escape(f"{left}: {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total:.0f}" height="{_HEIGHT}" '
        f'role="img" aria-label="{title}"><title>{title}</title>'
        f'<rect rx="3" width="{total:.1f}" height="{_HEIGHT}" fill="#444c56"/>'
        f'<path d="M{widths[0]:.1f} 0h{widths[1] - 3:.1f}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3'
        f'h-{widths[1] - 3:.1f}z" fill="{COLOURS[level]}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        'text-anchor="middle">'
        f'<text x="{widths[0] / 2:.1f}" y="14">{left}</text>'
        f'<text x="{widths[0] + widths[1] / 2:.1f}" y="14">{right}</text></g></svg>\n'
    )
