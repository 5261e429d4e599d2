"""Training steps of TorchJD, as in its documentation.

This module needs the extra `benchmarks`, for PyTorch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torchjd import aggregation
from torchjd.autojac import jac_to_grad, mtl_backward

from benchmarks.side_by_side import Milliseconds, seconds_of
from benchmarks.weighting_problem import Problem

__all__ = ["AGGREGATORS", "torchjd_step", "torchjd_steps"]

AGGREGATORS: dict[str, Callable[[], aggregation.Aggregator]] = {
    "aligned-mtl": lambda: aggregation.AlignedMTL(),
    "cagrad": lambda: aggregation.CAGrad(c=0.5),
    "config": lambda: aggregation.ConFIG(),
    "dualproj": lambda: aggregation.DualProj(),
    "imtl-g": lambda: aggregation.IMTLG(),
    "mgda": lambda: aggregation.MGDA(),
    "pcgrad": lambda: aggregation.PCGrad(),
    "upgrad": lambda: aggregation.UPGrad(),
}


def torchjd_step(name: str, problem: Problem) -> Callable[[], None]:
    """Make a network, and return a function that runs one training step.

    Args:
        name: `"sum"` for plain PyTorch, or a key of `AGGREGATORS`.
        problem: The network and the rows.
    """
    torch.manual_seed(0)
    linear, relu = torch.nn.Linear, torch.nn.ReLU
    widths = (problem.width, *problem.trunk)
    trunk = torch.nn.Sequential(
        *[
            layer
            for before, after in itertools.pairwise(widths)
            for layer in (linear(before, after), relu())
        ]
    )
    heads = torch.nn.ModuleList(
        torch.nn.Sequential(
            linear(widths[-1], problem.head), relu(), linear(problem.head, 1)
        )
        for _ in range(problem.tasks)
    )
    everything = [*trunk.parameters(), *heads.parameters()]
    assert sum(each.numel() for each in everything) == problem.parameters
    inputs, labels = (torch.from_numpy(array) for array in problem.batch())
    targets = [labels[:, task : task + 1] for task in range(problem.tasks)]
    loss = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(everything)
    aggregator = None if name == "sum" else AGGREGATORS[name]()

    def step() -> None:
        features = trunk(inputs)
        losses = [
            loss(head(features), target)
            for head, target in zip(heads, targets, strict=True)
        ]
        optimizer.zero_grad()
        if aggregator is None:
            torch.stack(losses).sum().backward()
        else:
            mtl_backward(losses, features=features)
            jac_to_grad(trunk.parameters(), aggregator)
        optimizer.step()

    return step


def torchjd_steps(
    name: str, problem: Problem, steps: int
) -> Callable[[], Milliseconds]:
    """Return a function that runs steps and returns the time of one step.

    Args:
        name: See `torchjd_step`.
        problem: The network and the rows.
        steps: The number of steps per call.
    """
    step = torchjd_step(name, problem)

    def run() -> None:
        for _ in range(steps):
            step()

    return lambda: [seconds_of(run) / steps * 1e3]
