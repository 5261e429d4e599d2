"""Writes torchjd_values.json: what TorchJD answers on random matrices.

TorchJD is no dependency of the tests. To write the file anew, run this script
with a Python that has torch, `torchjd[cagrad,fairgrad,quadprog_projector]` and
NumPy.
"""

import importlib.metadata
import json
import pathlib
from typing import Any

TARGET = pathlib.Path(__file__).with_name("torchjd_values.json")


def main() -> None:
    import numpy as np
    import torch
    from torchjd import aggregation
    from torchjd._linalg import QuadprogProjector

    generator = np.random.default_rng(2026)
    # TorchJD's default additions of 1e-4 are what the package does without.
    projector = QuadprogProjector(norm_eps=0.0, reg_eps=1e-10)
    methods = {
        "aligned-mtl": aggregation.AlignedMTL(),
        "cagrad": aggregation.CAGrad(c=0.5, norm_eps=1e-12),
        "config": aggregation.ConFIG(),
        "dualproj": aggregation.DualProj(projector=projector),
        "fairgrad": aggregation.FairGrad(alpha=1.0),
        "imtl-g": aggregation.IMTLG(),
        "mgda": aggregation.MGDA(epsilon=1e-9, max_iters=200_000),
        "upgrad": aggregation.UPGrad(projector=projector),
    }
    matrices = []
    for tasks_count in range(2, 9):
        shape = (tasks_count, tasks_count + 2)
        rows = generator.normal(size=shape) + 0.3 * generator.normal(size=shape[1])
        rows *= np.exp(generator.normal(size=(tasks_count, 1)))
        rows = np.round(rows, 3)
        tensor = torch.tensor(rows)
        values = {
            name: np.round(method(tensor).numpy(), 9).tolist()
            for name, method in methods.items()
        }
        matrices.append({"jacobian": rows.tolist(), "values": values})

    def calls(shape: tuple[int, ...]) -> Any:
        return np.round(generator.normal(size=(3, *shape)) + 0.4, 3)

    sequences = {}
    jacobians = calls((2, 4))
    gradvac = aggregation.GradVac(beta=0.5, eps=0.0)
    sequences["gradvac"] = (jacobians, [gradvac(torch.tensor(j)) for j in jacobians])
    jacobians = calls((3, 4))
    # After one call of warm-up the weights follow the paper, as here.
    excess = aggregation.ExcessMTL(robust_step_size=1.0, n_warmup_steps=1)
    sequences["excess-mtl"] = (jacobians, [excess(torch.tensor(j)) for j in jacobians])
    gramians = calls((3, 4)) @ calls((4, 3))
    for name, weighting in {
        "sdmgrad": aggregation.SDMGradWeighting(lr=5.0),
        "modo": aggregation.MoDoWeighting(gamma=0.1, rho=0.1),
    }.items():
        answers = [weighting(torch.tensor(gramian)) for gramian in gramians]
        sequences[name] = (gramians, answers)

    frozen = {
        "torch": torch.__version__,
        "torchjd": importlib.metadata.version("torchjd"),
        "matrices": matrices,
        "sequences": {
            name: {
                "inputs": inputs.tolist(),
                "answers": [np.round(a.numpy(), 9).tolist() for a in answers],
            }
            for name, (inputs, answers) in sequences.items()
        },
        "losses": _losses(),
    }
    TARGET.write_text(json.dumps(frozen, indent=1) + "\n")


def _losses() -> dict[str, Any]:
    """Returns the weights on losses: the objectives' derivatives by the losses."""
    import torch
    from torchjd import scalarization

    before, after = [2.5, 0.3, 1.2], [2.0, 0.31, 1.1]

    def derivatives(method: Any) -> list[float]:
        losses = torch.tensor(before, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(method(losses), losses)[0].tolist()

    famo = scalarization.FAMO(3)
    famo.double()
    steps = []
    for _ in range(3):
        steps.append(derivatives(famo))
        famo.update(torch.tensor(after, dtype=torch.float64))
    return {
        "before": before,
        "after": after,
        "famo": steps,
        "geometric": derivatives(scalarization.GeometricMean()),
        "stch": derivatives(scalarization.STCH(mu=0.5)),
    }


if __name__ == "__main__":
    main()
