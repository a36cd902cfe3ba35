"""Jupyter Server handlers: thin, over the capabilities; one map from errors to HTTP."""

from __future__ import annotations

from typing import Any


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Add the handlers; what they need is imported upon their first request."""
    from mlops_nb.server.handlers import routes

    web_app = serverapp.web_app
    web_app.add_handlers(".*$", routes(web_app.settings["base_url"]))
