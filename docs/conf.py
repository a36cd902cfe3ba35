"""How the pages become a site: ``make docs``."""

project = "mlops_nb"
author = "The mlops_nb authors"
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "mlops_nb"
html_static_path: list[str] = []
exclude_patterns = ["_build"]
# Cells are not quite Python, and `x` of the pages that are written from code is no Python object.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]
