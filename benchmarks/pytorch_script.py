"""A whole hand-written script: the heart data, PyTorch, two accuracies.

This module needs the extra `benchmarks`, for PyTorch.
"""

from __future__ import annotations

import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.pytorch_loop import Network, train_an_epoch
from keras_mtl.datasets import heart_disease_path

__all__ = ["run_script"]

WORDS = ["sex", "cp", "fbs", "restecg", "exang", "slope"]
NUMBERS = ["age", "trestbps", "chol", "thalach", "oldpeak", "ca"]


def run_script(epochs: int, batch_size: int) -> dict[str, float]:
    """Read the data, encode it, train and measure.

    The script fills missing values and keeps all columns. It does not check the data,
    compute metrics during training or write files.

    Args:
        epochs: The number of epochs, on 736 rows.
        batch_size: The number of rows per update.

    Returns:
        The accuracy on the other 184 rows, by task.
    """
    torch.manual_seed(0)
    torch.set_num_threads(1)
    frame = pd.read_csv(heart_disease_path())
    for column in NUMBERS:
        frame[column] = frame[column].fillna(frame[column].median())
    for column in [*WORDS, "thal"]:
        words = frame[column].fillna(frame[column].mode()[0]).astype(str)
        frame[column] = LabelEncoder().fit_transform(words)
    heart = frame["num"] > 0
    train, test = train_test_split(
        frame.index, test_size=0.2, random_state=0, stratify=heart
    )
    scaler = StandardScaler().fit(frame.loc[train, NUMBERS + WORDS])
    inputs = scaler.transform(frame[NUMBERS + WORDS]).astype("float32")
    tensors = (
        torch.from_numpy(inputs),
        torch.tensor(frame["thal"].to_numpy("int64")),
        torch.tensor(heart.to_numpy("float32"))[:, None],
    )
    loader = DataLoader(
        TensorDataset(*[tensor[train] for tensor in tensors]), batch_size, shuffle=True
    )
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(epochs):
        train_an_epoch(network, loader, optimizer)
    network.eval()
    with torch.no_grad():
        thal_logits, heart_logits = network(tensors[0][test])
    kinds = thal_logits.argmax(dim=1) == tensors[1][test]
    ill = (heart_logits > 0) == (tensors[2][test] > 0)
    return {
        "thal": kinds.float().mean().item(),
        "heart": ill.float().mean().item(),
    }
