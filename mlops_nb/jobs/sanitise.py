"""HTML that a notebook's code has made, without what could act by itself or ask another host."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_TAGS = frozenset(
    """
    a abbr b bdi bdo blockquote br caption center cite code col colgroup dd del details dfn div dl
    dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark meter ol p
    pre progress q rp rt ruby s samp section small span strike strong style sub summary sup table
    tbody td tfoot th thead time tr tt u ul var
    """.split()  # noqa: SIM905 - sixty words, one a line, would hide the rest
)
_ATTRIBUTES = frozenset(
    """
    align alt border checked class color colspan datetime dir disabled for headers height id lang
    max min open role rowspan scope size span start style title type valign value width
    """.split()  # noqa: SIM905
)
_STYLES = frozenset(
    """
    align-items background background-color border border-bottom border-collapse border-color
    border-left border-radius border-right border-spacing border-style border-top border-width
    bottom box-shadow box-sizing clear color column-gap cursor direction display flex flex-flow
    flex-direction flex-grow flex-wrap float font font-family font-size font-style font-variant
    font-weight gap grid grid-template-columns height justify-content left letter-spacing
    line-height list-style list-style-type margin margin-bottom margin-left margin-right margin-top
    max-height max-width min-height min-width opacity order outline overflow overflow-x overflow-y
    padding padding-bottom padding-left padding-right padding-top right row-gap table-layout
    text-align text-decoration text-indent text-overflow text-transform top transform
    vertical-align visibility white-space width word-break word-spacing word-wrap
    """.split()  # noqa: SIM905
)
# The content of these is no text for a reader: it goes with the element.
_SILENT = re.compile(
    r"<(script|iframe|object|template|noscript|head|title)\b.*?(?:</\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_IMPORT = re.compile(r"@import[^;]*;?", re.IGNORECASE)


def sanitise(html: str) -> str:
    """Return HTML that shows what it showed and does nothing.

    Scripts, event handlers, frames, forms, styles that load something and addresses other than
    http(s), mail and places in the page are gone; pictures are kept when they are in the page
    itself.

    Parameters
    ----------
    html : str
        A fragment.
    """
    if "<" not in html:
        return html
    cleaned: str = _cleaner().clean(_IMPORT.sub("", _SILENT.sub("", html)))
    return cleaned


@lru_cache(maxsize=1)
def _cleaner() -> Any:
    from bleach.css_sanitizer import CSSSanitizer
    from bleach.sanitizer import Cleaner

    return Cleaner(
        tags=_TAGS,
        attributes=_is_allowed,
        protocols={"http", "https", "mailto", "data"},
        css_sanitizer=CSSSanitizer(allowed_css_properties=_STYLES),
        strip=True,
        strip_comments=True,
    )


def _is_allowed(tag: str, name: str, value: str) -> bool:
    value = value.strip().lower()
    if tag == "a" and name == "href":
        return value.startswith(("http://", "https://", "mailto:", "#"))
    if tag == "img" and name == "src":
        return value.startswith("data:image/")
    if tag == "input":
        # What opens and closes the parts of scikit-learn's diagrams; no field, no button.
        return name != "type" or value in ("checkbox", "radio")
    return name in _ATTRIBUTES or name.startswith("aria-")
