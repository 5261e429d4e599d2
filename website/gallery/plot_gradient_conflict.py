"""
Do the gradients of two tasks conflict?
=======================================

If the cosine of two gradients is below 0, a step on one task undoes part of a step on
the other task. The gradients of equal tasks agree; those of unrelated tasks are random.
"""

import keras
import matplotlib.pyplot as plt

import keras_mtl
from keras_mtl.analysis import GradientConflict
from keras_mtl.datasets.related_tasks import make_related_tasks

tasks = [keras_mtl.BinaryTask("task1"), keras_mtl.BinaryTask("task2")]


def train(related):
    rows = make_related_tasks(800, related=related, noise=0.2, seed=1)
    x = rows.filter(like="x").to_numpy("float32")
    y = {task.name: rows[task.name].to_numpy("float32") for task in tasks}
    keras.utils.set_random_seed(0)
    model = keras_mtl.build_hard_sharing(x.shape[1], tasks, trunk=(32,))
    model.compile(keras.optimizers.Adam(3e-3))
    watch = GradientConflict()
    model.fit(x, y, batch_size=32, epochs=25, verbose=0, callbacks=[watch])
    return watch.table


tables = {related: train(related) for related in (1.0, 0.5, 0.0)}

# %%
# The data are synthetic: ``related`` is the correlation of the tasks' true functions.

fig, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for related, table in tables.items():
    axes[0].plot(table["epoch"], table["task1_task2_cosine"], label=f"{related:.1f}")
    axes[1].plot(table["epoch"], table["task1_task2_conflict"])
axes[0].axhline(0, color="0.6", linewidth=0.8)
axes[0].set(xlabel="epoch", ylabel="mean cosine of the gradients")
axes[1].set(xlabel="epoch", ylabel="share of steps with a cosine below 0")
axes[0].legend(title="related")
plt.show()

# %%
# ``python -m keras_mtl.fit --watch-conflict`` writes the same columns. A conflict does
# not prove that sharing hurts. ``python -m keras_mtl.evaluate`` measures whether it
# does.
