"""What every handler has: authentication, confined paths, and the boundary of errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from jupyter_server.base.handlers import APIHandler

from mlops_nb.config import Project, load_project
from mlops_nb.errors import (
    GateError,
    InputError,
    MissingExtraError,
    MlopsError,
    NotFoundError,
    StoreError,
)
from mlops_nb.server.wire import encode

Body = TypeVar("Body", bound=msgspec.Struct)

# What a browser may do with a page that was made elsewhere: no access to this origin, no requests.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)

HTTP_STATUS: Mapping[type[MlopsError], int] = {
    NotFoundError: 404,
    GateError: 409,
    MissingExtraError: 501,
    StoreError: 503,
}
"""Every other error of ours is the request's own: 400."""


def status_of(error: MlopsError) -> int:
    """Return the HTTP status that an error is answered with."""
    return next((code for kind, code in HTTP_STATUS.items() if isinstance(error, kind)), 400)


class MlopsHandler(APIHandler):
    """A handler that answers with JSON, and with `{message, hint}` where it cannot."""

    auth_resource = "mlops"
    # The panel asks by itself: that must not keep an idle server from being shut down.
    _track_activity = False

    async def answer(self, work: Callable[[], Mapping[str, Any]]) -> None:
        """Send what the work returns; it runs in a thread, because stores are slow."""
        try:
            body = encode(await asyncio.to_thread(work))
        except Exception as error:
            body = self._refusal(error)
        await self.finish(body)

    async def answer_page(self, work: Callable[[], bytes]) -> None:
        """Send an HTML page that a job or a model's evidence left, shut off from this origin."""
        try:
            page = await asyncio.to_thread(work)
        except Exception as error:
            await self.finish(self._refusal(error))
            return
        self.set_header("Content-Security-Policy", SANDBOX)
        await self.finish(page, set_content_type="text/html; charset=UTF-8")

    def _refusal(self, error: Exception) -> str:
        """Set the status that an error is answered with and return what is said about it."""
        if isinstance(error, ModuleNotFoundError):
            error = MissingExtraError(str(error.name), "notebook")
        if isinstance(error, MlopsError):
            self.set_status(status_of(error))
            return encode({"message": error.message, "hint": error.hint})
        # The reason may hold what is not for a browser: it goes to the server's log.
        method, path = self.request.method, self.request.path
        self.log.error("mlops: %s %s failed", method, path, exc_info=error)
        self.set_status(500)
        return encode({"message": "internal error", "hint": "see the Jupyter server's log"})

    def place_of(self, path: Path) -> str | None:
        """Return where the contents API finds a file, None outside of the server's root."""
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else None

    def project_at(self, path: str) -> Project:
        """Return the project around a document or folder.

        Parameters
        ----------
        path : str
            As the contents API writes it: from the server's root directory, with slashes.

        Raises
        ------
        InputError
            The path leaves the server's root directory.
        NotFoundError
            There is no such folder.
        ConfigError
            The project's configuration is wrong.
        """
        target = self.file_at(path)
        try:
            # A document may have been renamed or deleted since the page was told of it.
            folder = target if target.is_dir() else target.parent
            known = folder.is_dir()
        except OSError as error:
            raise InputError("the path cannot be followed") from error
        if not known:
            raise NotFoundError(f"there is no folder for {path!r}")
        return load_project(folder)

    def file_at(self, path: str) -> Path:
        """Return the file or folder of a document, whether there is one or not.

        Raises
        ------
        InputError
            The path leaves the server's root directory.
        """
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        try:
            target = (root / path.lstrip("/")).resolve()
        except (OSError, RuntimeError, ValueError) as error:  # too long, a circle of links, a NUL
            raise InputError("the path cannot be followed") from error
        if not target.is_relative_to(root):
            raise InputError("the path leaves the server's root directory")
        return target

    def body_as(self, kind: type[Body]) -> Body:
        """Return the request's body.

        Raises
        ------
        InputError
            It is no JSON, or not of that shape.
        """
        try:
            # msgspec's own reader refuses half a surrogate pair, which a notebook may hold.
            return msgspec.convert(json.loads(self.request.body), kind)
        except (msgspec.ValidationError, ValueError, RecursionError) as error:
            raise InputError(
                f"the body of the request is not what it should be: {error}"
            ) from error

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number of the query.

        Raises
        ------
        InputError
            It is no whole number from `low` to `high`.
        """
        text = self.get_query_argument(name, str(default))
        # isdecimal() alone also takes the digits of other scripts, and int() any length.
        if text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high:
            return int(text)
        raise InputError(f"{name} must be a whole number from {low} to {high}, not {text[:20]!r}")
