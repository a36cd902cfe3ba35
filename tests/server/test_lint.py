"""The linter behind the editor: unsaved notebooks, their fixes, and requests that are refused.

The answer in `answers/lint.json` is read by the front end's tests as well. After a change that is
wanted: `WRITE_ANSWERS=1 pytest tests/server/test_lint.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import HTTPClientError

from mlops_nb.config import Project
from mlops_nb.lint.example import Code, Example

pytestmark = pytest.mark.slow

Ask = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]
ANSWERS = Path(__file__).parent / "answers"
PATH = "churn/notebooks/train.ipynb"


def notebook(*cells: str | Code, **more: Any) -> dict[str, Any]:
    return json.loads(Example(cells=cells, **more).to_bytes())


def source(content: dict[str, Any], cell: int) -> str:
    return "".join(content["cells"][cell]["source"])


async def test_the_answer_is_the_one_that_the_front_end_is_tested_with(
    ask: Ask, served: Project
) -> None:
    (served.root / "requirements.txt").write_text("numpy\n", encoding="utf-8")
    content = notebook(
        Code("year = 2013", count=3, tags=["parameters"]),
        Code("import numpy as np\n\nsample = np.random.rand(year)", count=2),
        "missing = sample == np.inf  # 🙂\nprint('🙂', gone)",
        text="# Delays\n\n**Owner.** Operations",
    )
    code, answer = await ask("lint", body={"path": PATH, "content": content, "edited": [1]})
    assert code == 200
    shared = {"content": content, "answer": answer}
    file = ANSWERS / "lint.json"
    if os.environ.get("WRITE_ANSWERS"):
        file.write_text(json.dumps(shared, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert shared == json.loads(file.read_text(encoding="utf-8"))


async def test_an_unsaved_notebook_is_linted_as_its_project_says(ask: Ask, served: Project) -> None:
    (served.root / "mlops.toml").write_text('[lint]\nignore = ["NBX002"]\n', encoding="utf-8")
    content = notebook("x = 1\nprint(x, gone, late)", "late = 1")
    _, answer = await ask("lint", body={"path": PATH, "content": content})
    assert answer["schema"] == 1
    assert answer["summary"] == {"files": 1, "findings": 1, "skipped": 0}
    (found,) = answer["diagnostics"]
    lines = json.dumps(content, indent=1, ensure_ascii=False).split("\n")
    assert lines[found["line"] - 1][found["column"] - 1 :].startswith("gone")
    place = {k: found[k] for k in ("file", "code", "cell", "cell_line", "cell_column")}
    assert place == {"file": PATH, "code": "NBX001", "cell": 0, "cell_line": 2, "cell_column": 10}
    assert (found["cell_end_line"], found["cell_end_column"]) == (2, 14)
    assert list(answer["rules"]) == ["NBX001"]
    assert answer["rules"]["NBX001"]["why"]
    assert answer["verdict"]["status"] == "failed"


async def test_half_a_surrogate_pair_can_be_linted(ask: Ask, served: Project) -> None:
    content = notebook("print('\ud800')")
    _, answer = await ask("lint", body={"path": "churn/a.ipynb", "content": content})
    assert answer["summary"]["files"] == 1


async def test_another_language_is_skipped_with_its_reason(ask: Ask, served: Project) -> None:
    content = notebook("x <- 1") | {"metadata": {"kernelspec": {"name": "ir", "language": "R"}}}
    _, answer = await ask("lint", body={"path": "churn/a.ipynb", "content": content})
    assert (answer["summary"]["skipped"], answer["skipped"]) == (1, "language: r")
    assert (answer["verdict"], answer["points"]) == (None, [])


@pytest.mark.parametrize(
    ("change", "one", "expected"),
    [
        ("safe", False, ["x = 1 == 1", ""]),
        ("accept", True, ["print(gone)  # noqa: NBX001"]),
        ("accept", False, ["print(gone)  # noqa: NBX001"]),
    ],
)
async def test_the_changed_notebook_is_answered_and_not_written(
    ask: Ask, served: Project, change: str, one: bool, expected: list[str]
) -> None:
    content = notebook(*(["x = 1 == 1", ""] if change == "safe" else ["print(gone)"]))
    before = (served.root / "notebooks" / "train.ipynb").read_bytes()
    _, found = await ask("lint", body={"path": PATH, "content": content})
    first = found["diagnostics"][0]
    place = {key: first[key] for key in ("code", "line", "column")}
    body = {"path": PATH, "content": content, "change": change}
    code, answer = await ask("lint", "change", body=body | ({"finding": place} if one else {}))
    assert code == 200
    assert answer["count"] == 1
    left = [source(answer["content"], n) for n in range(len(answer["content"]["cells"]))]
    assert left == [text for text in expected if text]
    assert (served.root / "notebooks" / "train.ipynb").read_bytes() == before


async def test_a_finding_that_is_gone(ask: Ask, served: Project) -> None:
    place = {"code": "NBX001", "line": 1, "column": 1}
    body = {"path": PATH, "content": notebook("1"), "change": "safe", "finding": place}
    code, answer = await ask("lint", "change", body=body)
    assert (code, answer["message"]) == (404, "there is no such finding any more")


@pytest.mark.parametrize("noun", [("lint",), ("lint", "change")])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "the body of the request is not what it should be"),
        ("{", "the body of the request is not what it should be"),
        ("[" * 100_000, "the body of the request is not what it should be"),
        ([], "Expected `object`, got `array`"),
        ({"path": "a.ipynb", "change": "safe"}, "missing required field `content`"),
        ({"path": 3, "content": {}, "change": "safe"}, "Expected `str`, got `int`"),
        ({"path": "a", "content": {}, "change": "safe", "x": 1}, "contains unknown field `x`"),
        ({"path": "../a.ipynb", "content": {}, "change": "safe"}, "leaves the server's root"),
        ({"path": "a\0.ipynb", "content": {}, "change": "safe"}, "the path cannot be followed"),
    ],
)
async def test_a_wrong_request_is_refused_in_words(
    ask: Ask, served: Project, noun: tuple[str, ...], body: Any, message: str
) -> None:
    if noun == ("lint",) and isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "change"}
    code, answer = await ask(*noun, body=body)
    assert code == 400
    assert message in answer["message"]


@pytest.mark.parametrize("noun", [("lint",), ("lint", "change")])
async def test_without_the_token_nothing_is_linted(ask: Ask, noun: tuple[str, ...]) -> None:
    code, _ = await ask(*noun, body="{}", headers={"Authorization": ""})
    assert code == 403


async def test_looking_is_reading(
    ask: Ask, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def refuse(_self: object, _handler: object, _user: object, action: str, resource: str) -> bool:
        asked.append((action, resource))
        return False

    monkeypatch.setattr(type(jp_serverapp.authorizer), "is_authorized", refuse)
    for noun in (("lint",), ("lint", "change")):
        code, _ = await ask(*noun, body={"path": "a.ipynb", "content": {}})
        assert code == 403
    assert asked == [("read", "mlops")] * 2


@pytest.mark.parametrize("noun", [("lint",), ("lint", "change")])
async def test_another_site_cannot_post_in_a_users_name(
    ask: Ask, jp_fetch: Any, jp_serverapp: Any, served: Project, noun: tuple[str, ...]
) -> None:
    """A browser sends the cookie of a logged-in user along, whoever wrote the page."""
    form = await jp_fetch("login", headers={"Authorization": ""})
    xsrf = cookies(form)["_xsrf"]
    with pytest.raises(HTTPClientError) as redirected:
        await jp_fetch(
            "login",
            method="POST",
            headers={"Authorization": "", "Cookie": f"_xsrf={xsrf}"},
            body=urlencode({"password": jp_serverapp.identity_provider.token, "_xsrf": xsrf}),
            follow_redirects=False,
        )
    user = {name: value for name, value in cookies(redirected.value.response).items() if value}
    sent = "; ".join(f"{name}={value}" for name, value in {"_xsrf": xsrf, **user}.items())
    body = {"path": PATH, "content": notebook("x = 1", ""), "change": "safe"}
    body = body if noun[-1] == "change" else {k: v for k, v in body.items() if k != "change"}
    headers = {"Authorization": "", "Cookie": sent}
    code, answer = await ask(*noun, body=body, headers=headers)
    assert (code, "_xsrf" in json.dumps(answer)) == (403, True)
    code, _ = await ask(*noun, body=body, headers={**headers, "X-XSRFToken": xsrf})
    assert code == 200, "the page of the server itself can"


def cookies(response: Any) -> dict[str, str]:
    jar = SimpleCookie()
    for line in response.headers.get_list("Set-Cookie"):
        jar.load(line)
    return {name: morsel.value for name, morsel in jar.items()}


async def test_no_answer_holds_a_secret(ask: Ask, served: Project) -> None:
    secret = "AKIA" + "Q3EGZ7TYWV5KXN2P"
    (served.root / "notebooks" / ".env").write_text(f"KEY={secret}\n", encoding="utf-8")
    content = notebook(f"key = '{secret}'\nprint(key)")
    _, answer = await ask("lint", body={"path": PATH, "content": content})
    assert "NBC201" in [found["code"] for found in answer["diagnostics"]]
    assert secret not in json.dumps(answer)
