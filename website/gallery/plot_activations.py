"""
What an activation does
=======================

Two networks with the same layers learn a curve with many bends: one with LeakyReLU, one
without activations. The second one is a straight line, however deep it is.
"""

import keras
import matplotlib.pyplot as plt

import keras_mtl

rows = keras_mtl.load_curve()
train, test = rows[rows["split"] == "train"], rows[rows["split"] == "test"]
test = test.sort_values("x")

# %%
# Inputs and labels are standardized with the statistics of the training rows.

means, scales = train[["x", "y"]].mean(), train[["x", "y"]].std()


def columns(part):
    standard = (part[["x", "y"]] - means) / scales
    return standard[["x"]].to_numpy("float32"), standard[["y"]].to_numpy("float32")


x, y = columns(train)
x_test, y_test = columns(test)
curves = {}
for name in ("leaky_relu", "none"):
    keras.utils.set_random_seed(0)
    model = keras_mtl.build_regressor(activation=name, batch_norm=False)
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    model.fit(x, y, batch_size=64, epochs=40, verbose=0)
    curves[name] = model.predict(x_test, verbose=0)
    r2 = 1 - ((curves[name] - y_test) ** 2).mean() / y_test.var()
    print(f"activation {name}: R2 {r2:.3f} on {len(test)} test rows")

# %%

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.scatter(x_test, y_test, s=6, color="0.7", label="test rows")
for name, predicted in curves.items():
    ax.plot(x_test, predicted, linewidth=2, label=f"activation: {name}")
ax.set(xlabel="x, standardized", ylabel="y, standardized")
ax.legend()
plt.show()
