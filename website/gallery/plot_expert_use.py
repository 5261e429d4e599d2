"""
Which experts does a task use?
==============================

A mixture of experts has several small trunks, and one gate per task that weights them.
Related tasks can use the same experts, and unrelated tasks can use different ones.
"""

import keras
import matplotlib.pyplot as plt
import numpy as np

import keras_mtl
from keras_mtl.analysis import expert_use
from keras_mtl.architectures import build_mmoe
from keras_mtl.architectures.settings import MixtureSettings
from keras_mtl.datasets.related_tasks import make_related_tasks

names = ("task1", "task2", "task3")
tasks = [keras_mtl.BinaryTask(name) for name in names]
rows = make_related_tasks(1500, tasks=3, related=0.3, noise=0.2)
x = rows.filter(like="x").to_numpy("float32")
y = {name: rows[name].to_numpy("float32") for name in names}

keras.utils.set_random_seed(0)
settings = MixtureSettings(trunk=(16,), experts=4)
model = build_mmoe(x.shape[1], tasks, settings)
model.compile(keras.optimizers.Adam(3e-3))
model.fit(x, y, batch_size=64, epochs=30, verbose=0)

# %%
# The weight of each expert for each task, as a mean over the rows. The report of
# ``python -m keras_mtl.fit`` shows the same table.

use = expert_use(model, x).pivot(index="task", columns="expert", values="mean")
print(use.round(2))
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.imshow(use, cmap="Blues", vmin=0, vmax=1)
ax.set_xticks(range(use.shape[1]), use.columns)
ax.set_yticks(range(use.shape[0]), use.index)
for row, column in np.ndindex(use.shape):
    ax.text(column, row, f"{use.iloc[row, column]:.2f}", ha="center", va="center")
plt.show()
