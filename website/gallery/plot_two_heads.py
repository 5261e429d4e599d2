"""
Two heads on one trunk
======================

One model predicts two labels of 920 patients from the same 12 measurements: ``thal``,
the result of a thallium scan in three classes, and heart disease. Half of the labels of
``thal`` are missing.
"""

import matplotlib.pyplot as plt

import keras_mtl

patients = keras_mtl.load_heart_disease()
print(patients[["thal", "num"]].isna().sum())

# %%
# A task is a name, a kind and a column of labels. A row without a label of one task
# still trains the other task. ``drop`` leaves out the hospital.

fit = keras_mtl.fit_table(
    patients,
    tasks=["thal:multiclass", "heart:binary:num>0"],
    inputs={"drop": ["site"]},
    training={"members": 4, "epochs": 40},
)
for task, metrics in fit.metrics["test"].items():
    print(f"{task}: AUC {metrics['auc']:.3f} on {metrics['rows']} held-out rows")

# %%
# The training and validation losses, as means over the four networks.

fig, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for task, ax in zip(("thal", "heart"), axes, strict=True):
    ax.plot(fit.history["epoch"], fit.history[f"{task}_loss"], label="training")
    ax.plot(fit.history["epoch"], fit.history[f"val_{task}_loss"], label="validation")
    ax.set(title=task, xlabel="epoch", ylabel="loss")
axes[0].legend()
plt.show()

# %%
# Every kind of task draws its own figures, the same as in the report of a run.

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
