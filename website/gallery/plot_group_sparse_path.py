"""
The path of a group-sparse model
================================

A group-sparse linear model uses each feature for both tasks or for neither. The larger
the strength of its penalty, the fewer features it uses. Cross-validation chooses the
strength.
"""

import matplotlib.pyplot as plt
import numpy as np

import keras_mtl
from keras_mtl.linear import GroupSparseModel

patients = keras_mtl.load_heart_disease()
names = ["age", "trestbps", "chol", "thalach", "oldpeak"]
x = patients[names].fillna(patients[names].median())
y = {
    "sick": np.where(patients["num"] > 0, "yes", "no").astype(object),
    "vessels": patients["ca"].to_numpy(float),  # 611 of 920 labels are missing
}

# %%
# ``one_standard_error`` chooses the largest strength whose loss is within one standard
# error of the smallest loss. The model is sparser and predicts about as well.

model = GroupSparseModel(one_standard_error=True).fit(x.to_numpy(float), y)
for name, weights in zip(names, model.standard_coef_, strict=True):
    print(name.ljust(9), weights.round(3))

# %%
# One plot per task. Each line is the weight of one standardized feature.

choice = model.choice_
fig, axes = plt.subplots(1, 2, figsize=(9, 3.5), sharex=True, layout="constrained")
for output, (ax, task) in enumerate(zip(axes, y, strict=True)):
    ax.plot(choice.strengths, model.path_[:, :, output], label=names)
    ax.axvline(choice.strengths[choice.chosen], color="0.4", linestyle="--")
    ax.set(title=task, xscale="log", xlabel="strength", ylabel="weight")
axes[0].legend()
plt.show()
