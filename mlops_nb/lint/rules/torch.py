"""NBL109 and NBL110: PyTorch models in the wrong mode, gradients that pile up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlops_nb.dataflow import nodes_of
from mlops_nb.lint.code_cell import CodeCell
from mlops_nb.lint.context import Context
from mlops_nb.lint.example import Example
from mlops_nb.lint.finding import Finding
from mlops_nb.lint.rule import Severity, rule

_TORCH = (
    "import torch\n\nmodel = torch.nn.Linear(2, 1)\n"
    "rows = torch.ones(4, 2)\nlabels = torch.ones(4, 1)"
)
_NO_MODEL = re.compile(r"(?i)\w*(?:optim|sched|scaler|ema|criterion)\w*|opt")
_SCHEDULER = re.compile(r"(?i)\w*(?:sched|lr|env|writer|profiler)\w*")
_FRAMEWORKS = ("pytorch_lightning", "lightning", "fastai", "transformers", "ignite", "accelerate")
_NO_GRADIENTS = frozenset({"no_grad", "inference_mode"})


def _uses_torch(context: Context) -> bool:
    tops = {name.partition(".")[0] for name in context.imports.values()}
    return "torch" in tops and not tops.intersection(_FRAMEWORKS)


def _method(node: ast.AST, name: str) -> ast.expr | None:
    """Return what a method of that name is called on."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value if node.func.attr == name else None
    return None


def _last(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@rule(
    "NBL109",
    "inference-in-training-mode",
    Severity.WARNING,
    why="""A model that is loaded, or that predicts without gradients, still drops units and
    updates its batch statistics until eval() is called: the same row gets another prediction each
    time. no_grad() saves memory, it does not change the mode.""",
    bad=Example(
        cells=[
            _TORCH + "\nprint(labels)",
            "with torch.no_grad():\n    print(model(rows))",
        ]
    ),
    good=Example(
        cells=[
            _TORCH + "\nprint(labels)",
            "model.eval()\nwith torch.no_grad():\n    print(model(rows))",
        ]
    ),
)
def inference_in_training_mode(context: Context) -> Iterator[Finding]:
    """Flag a PyTorch model that is loaded or predicts while no model is ever put into eval mode."""
    if not _uses_torch(context):
        return
    calls = list(context.nodes(ast.Call))
    if any(_method(call, "eval") is not None and not call.args for _, call in calls):
        return
    called = {call.func.id for _, call in calls if isinstance(call.func, ast.Name)}
    called |= {_last(call.func) for _, call in calls if isinstance(call.func, ast.Attribute)}
    trained = any(_method(call, "train") is not None for _, call in calls)
    for code, call in calls:
        loaded = _method(call, "load_state_dict")
        name = _last(loaded) if loaded is not None else ""
        if name in called and not trained and not _NO_MODEL.fullmatch(name):
            message = f"{name} is loaded, and predicts in training mode: call {name}.eval() first"
            yield code.finding(call, message)
    yield from _without_gradients(context)


def _without_gradients(context: Context) -> Iterator[Finding]:
    """Yield the first model called in each block without gradients."""
    modules = _modules(context)
    for code, block in context.nodes(ast.With):
        if not any(_last(_callee(item.context_expr)) in _NO_GRADIENTS for item in block.items):
            continue
        for node in nodes_of(block):
            name = _called_name(node)
            if name in modules:
                yield code.finding(
                    node, f"{name} predicts in training mode: call {name}.eval() first"
                )
                break


def _callee(node: ast.AST) -> ast.AST:
    return node.func if isinstance(node, ast.Call) else node


def _called_name(node: ast.AST) -> str:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return _last(_callee(node)) if is_call else ""


def _modules(context: Context) -> set[str]:
    """Return the names bound to instances of ``torch.nn`` or of the notebook's own modules."""
    classes = {
        node.name
        for _, node in context.nodes(ast.ClassDef)
        if any(_last(base) in ("Module", "Sequential") for base in node.bases)
    }
    found: set[str] = set()
    for _, node in context.nodes(ast.Assign):
        value = node.value
        while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            if value.func.attr not in ("to", "cuda", "cpu", "double", "float", "half"):
                break
            value = value.func.value
        if not isinstance(value, ast.Call) or not isinstance(node.targets[0], ast.Name):
            continue
        name = context.qualified(value.func)
        if _last(value.func) in classes or re.match(
            r"torch\.nn\.[A-Z]|torchvision\.models\.", name
        ):
            found.add(node.targets[0].id)
    return found


@rule(
    "NBL110",
    "gradients-pile-up",
    Severity.ERROR,
    why="""backward() adds to the gradients that are there: without zero_grad() each step follows
    the sum of all batches before it, and training wanders off without an error.""",
    bad=Example(
        cells=[
            _TORCH,
            "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
            "for _ in range(3):\n"
            "    loss = torch.nn.functional.mse_loss(model(rows), labels)\n"
            "    loss.backward()\n    optimizer.step()",
        ]
    ),
    good=Example(
        cells=[
            _TORCH,
            "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
            "for _ in range(3):\n    optimizer.zero_grad()\n"
            "    loss = torch.nn.functional.mse_loss(model(rows), labels)\n"
            "    loss.backward()\n    optimizer.step()",
        ]
    ),
)
def gradients_pile_up(context: Context) -> Iterator[Finding]:
    """Flag a training loop that calls backward() and step() and never clears the gradients."""
    if not _uses_torch(context) or not {"backward", "step"} <= context.words:
        return
    clears = _clearing_functions(context)
    seen: set[int] = set()
    for code, loop in [*context.nodes(ast.For), *context.nodes(ast.While)]:
        if id(loop) in seen:
            continue
        inside = nodes_of(loop)
        seen.update(id(node) for node in inside if isinstance(node, ast.For | ast.While))
        backward = next((n for n in inside if _method(n, "backward") is not None), None)
        if backward is None or not any(_steps(node) for node in inside):
            continue
        if not any(_clears(node, clears) for node in inside):
            message = "backward() adds to the last step's gradients: call optimizer.zero_grad()"
            yield code.finding(backward, f"{message} in the loop")


def _steps(node: ast.AST) -> bool:
    owner = _method(node, "step")
    return owner is not None and not _SCHEDULER.fullmatch(_last(owner))


def _clears(node: ast.AST, functions: set[str]) -> bool:
    if isinstance(node, ast.Call) and _last(node.func) in {"zero_grad", "zero_", *functions}:
        return True
    return isinstance(node, ast.Assign) and any(_last(t) == "grad" for t in node.targets)


def _clearing_functions(context: Context) -> set[str]:
    """Return the notebook's functions that clear gradients."""
    found: list[tuple[CodeCell, ast.FunctionDef]] = list(context.nodes(ast.FunctionDef))
    return {f.name for _, f in found if any(_clears(node, set()) for node in nodes_of(f))}
