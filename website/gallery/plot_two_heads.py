"""
Two heads on one trunk
======================

Thalassaemia, in three classes and with half of its labels missing, and heart disease
are predicted from the same 12 measurements of 920 patients.
"""

import matplotlib.pyplot as plt

import keras_mtl

patients = keras_mtl.load_heart_disease()
print(patients[["thal", "num"]].isna().sum())

# %%
# A task is a name, a kind and a column of labels. Rows without a label of a task train
# the other task. Columns that are left out would give the label away.

fit = keras_mtl.fit_table(
    patients,
    tasks=["thal:multiclass", "heart:binary:num>0"],
    inputs={"drop": ["site"]},
    training={"members": 4, "epochs": 40},
)
for task, metrics in fit.metrics["test"].items():
    print(f"{task}: AUC {metrics['auc']:.3f} on {metrics['rows']} held-out rows")

# %%
# The mean training and validation losses of the four networks.

fig, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for task, ax in zip(("thal", "heart"), axes, strict=True):
    ax.plot(fit.history["epoch"], fit.history[f"{task}_loss"], label="training")
    ax.plot(fit.history["epoch"], fit.history[f"val_{task}_loss"], label="validation")
    ax.set(title=task, xlabel="epoch", ylabel="loss")
axes[0].legend()
plt.show()

# %%
# Every kind of task brings its own pictures: those of a run's report.

held_out = patients.loc[fit.predictions["row"]]
outputs = fit.model.predict(
    keras_mtl.feature_arrays(fit.model.features, held_out), verbose=0
)
pictures = {
    f"{task.name}: {name}": draw
    for task in fit.model.tasks
    for name, draw in task.plots(
        task.encode_labels(held_out), outputs[task.name]
    ).items()
}
fig, axes = plt.subplots(4, 2, figsize=(10, 16), layout="constrained")
for ax in axes.flat[len(pictures) :]:
    ax.remove()
for ax, draw in zip(axes.flat, pictures.values(), strict=False):
    draw(ax)
plt.show()
