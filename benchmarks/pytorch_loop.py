"""The article's network in PyTorch, with a hand-written training loop.

This module needs the extra `benchmarks`, for PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.article_rows import training_rows
from benchmarks.side_by_side import Milliseconds, seconds_of

__all__ = ["Network", "pytorch_epochs", "train_an_epoch"]


class Network(torch.nn.Module):
    """Network with shared layers of 12-32-64, and heads of 64-32-3 and 64-16-1."""

    def __init__(self) -> None:
        super().__init__()
        linear, relu = torch.nn.Linear, torch.nn.ReLU
        self.trunk = torch.nn.Sequential(linear(12, 32), relu(), linear(32, 64), relu())
        self.thal = torch.nn.Sequential(linear(64, 32), relu(), linear(32, 3))
        self.heart = torch.nn.Sequential(linear(64, 16), relu(), linear(16, 1))

    def forward(self, inputs):
        shared = self.trunk(inputs)
        return self.thal(shared), self.heart(shared)


def pytorch_epochs(batch_size: int) -> Callable[[], Milliseconds]:
    """Make the network, and return a function that trains it and times the epochs.

    Unlike the other loops, this loop computes no metrics.
    """
    torch.manual_seed(0)
    # In a small network, threads only wait for each other.
    torch.set_num_threads(1)
    rows = training_rows()
    data = TensorDataset(
        torch.from_numpy(rows.inputs),
        torch.from_numpy(rows.labels["thal"]).long(),
        torch.from_numpy(rows.labels["heart"])[:, None],
    )
    loader = DataLoader(data, batch_size=batch_size, shuffle=True)
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    return lambda: [
        seconds_of(lambda: train_an_epoch(network, loader, optimizer)) * 1e3
    ]


def train_an_epoch(
    network: Network, loader: DataLoader, optimizer: torch.optim.Optimizer
) -> None:
    """Train on each batch once, on the sum of the two losses."""
    cross_entropy = torch.nn.CrossEntropyLoss()
    binary = torch.nn.BCEWithLogitsLoss()
    for inputs, thal, heart in loader:
        optimizer.zero_grad()
        thal_logits, heart_logits = network(inputs)
        loss = cross_entropy(thal_logits, thal) + binary(heart_logits, heart)
        loss.backward()
        optimizer.step()
