"""PyTorch in the wrong mode, gradients that pile up."""

from __future__ import annotations

import pytest

HEAD = (
    "import torch\nmodel = torch.nn.Linear(2, 1)\n"
    "rows = torch.ones(4, 2)\nopt = torch.optim.SGD([])"
)
LOOP = "for _ in range(3):\n    {}loss = model(rows).sum()\n    loss.backward()\n    {}"


def codes(lint, *cells: str) -> list[str]:
    found = [d.code for d in lint(*cells)]
    return [code for code in found if code in ("NBL109", "NBL110")]


@pytest.mark.parametrize(
    "cells",
    [
        ["model.load_state_dict(torch.load('m.pt'))", "model(rows)"],
        ["with torch.no_grad():\n    p = model(rows)"],
        ["net = torch.nn.Linear(2, 1).to('cpu')", "with torch.inference_mode():\n    net(rows)"],
        [
            "class Net(torch.nn.Module):\n    pass\nnet = Net()",
            "with torch.no_grad():\n    for batch in rows:\n        net(batch)",
        ],
    ],
)
def test_inference_without_a_mode(lint, cells: list[str]) -> None:
    assert codes(lint, HEAD, *cells) == ["NBL109"]


@pytest.mark.parametrize(
    "cells",
    [
        ["model.load_state_dict(torch.load('m.pt'))\nmodel.eval()", "model(rows)"],
        ["opt.load_state_dict(torch.load('o.pt'))", "model(rows)"],
        ["model.load_state_dict(torch.load('m.pt'))", "torch.save(model, 'n.pt')"],
        ["model.load_state_dict(torch.load('m.pt'))\nmodel.train()", "model(rows)"],
        ["with torch.no_grad():\n    rows.mul_(2)"],
        ["def test(net):\n    net.eval()\n    with torch.no_grad():\n        return model(rows)"],
    ],
)
def test_inference_with_a_mode(lint, cells: list[str]) -> None:
    assert codes(lint, HEAD, *cells) == []


@pytest.mark.parametrize(
    "cells",
    [
        [LOOP.format("", "opt.step()")],
        ["while True:\n    model(rows).sum().backward()\n    opt.step()"],
        [
            "def train():\n    for e in range(2):\n        for b in rows:\n"
            "            model(b).sum().backward()\n            opt.step()"
        ],
    ],
)
def test_gradients_that_pile_up(lint, cells: list[str]) -> None:
    assert codes(lint, HEAD, *cells) == ["NBL110"]


@pytest.mark.parametrize(
    "cells",
    [
        [LOOP.format("opt.zero_grad()\n    ", "opt.step()")],
        [LOOP.format("", "opt.step()\n    model.zero_grad()")],
        [LOOP.format("", "scheduler.step()")],
        [LOOP.format("", "opt.step()\n    for p in model.parameters():\n        p.grad = None")],
        ["def clear():\n    opt.zero_grad()", LOOP.format("clear()\n    ", "opt.step()")],
        ["model(rows).sum().backward()\nopt.step()"],
    ],
)
def test_gradients_that_are_cleared(lint, cells: list[str]) -> None:
    assert codes(lint, HEAD, *cells) == []


def test_a_framework_around_torch_does_both_itself(lint) -> None:
    lightning = "import pytorch_lightning as pl"
    assert codes(lint, HEAD, lightning, LOOP.format("", "opt.step()")) == []
