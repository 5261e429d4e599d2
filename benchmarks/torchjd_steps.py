"""Times TorchJD's steps; prints JSON. Run by `benchmarks.weighting_speed`.

Needs a Python with `torch`, `torchjd[quadprog_projector]` and nothing else of
this repository.
"""

import argparse
import importlib.metadata
import json
import statistics
import time

import torch
from torchjd import aggregation
from torchjd.autojac import jac_to_grad, mtl_backward

METHODS = {
    "pcgrad": "PCGrad",
    "mgda": "MGDA",
    "cagrad": "CAGrad",
    "upgrad": "UPGrad",
}


def main() -> None:
    """Measures each method that is installed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    arguments = parser.parse_args()
    times = {"sum": _time(None, arguments)}
    for name, method in METHODS.items():
        try:
            settings = {"c": 0.5} if name == "cagrad" else {}
            aggregator = getattr(aggregation, method)(**settings)
        except ImportError:
            continue
        times[name] = _time(aggregator, arguments)
    version = importlib.metadata.version("torchjd")
    print(json.dumps({"version": version, "milliseconds": times}))


def _time(aggregator, arguments) -> list[float]:
    """Returns the milliseconds of a step, once for each repeat."""
    torch.manual_seed(0)
    linear, relu = torch.nn.Linear, torch.nn.ReLU
    trunk = torch.nn.Sequential(linear(12, 32), relu(), linear(32, 64), relu())
    heads = torch.nn.ModuleList(
        torch.nn.Sequential(linear(64, 16), relu(), linear(16, 1))
        for _ in range(arguments.tasks)
    )
    inputs = torch.randn(arguments.rows, 12)
    labels = [
        (torch.randn(arguments.rows, 1) > 0).float() for _ in range(arguments.tasks)
    ]
    loss = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam([*trunk.parameters(), *heads.parameters()])

    def step() -> None:
        features = trunk(inputs)
        losses = [
            loss(head(features), label)
            for head, label in zip(heads, labels, strict=True)
        ]
        optimizer.zero_grad()
        if aggregator is None:
            torch.stack(losses).sum().backward()
        else:
            mtl_backward(losses, features=features)
            jac_to_grad(trunk.parameters(), aggregator)
        optimizer.step()

    step()
    times = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        for _ in range(arguments.steps):
            step()
        times.append((time.perf_counter() - start) / arguments.steps * 1e3)
    times.sort()
    return [statistics.median(times), times[0], times[-1]]


if __name__ == "__main__":
    main()
