"""
Intervals with a stated coverage
================================

A regression task predicts a number. With a coverage of 0.9 it also predicts an interval
that contains the true number in 9 of 10 rows. Validation rows determine its width.
"""

import matplotlib.pyplot as plt

import keras_mtl

rows = keras_mtl.load_curve()
fit = keras_mtl.fit_table(
    rows.drop(columns="split"),
    tasks=["y:regression"],
    training={"members": 3, "epochs": 40, "coverage": 0.9, "validation_fraction": 0.3},
)
table = fit.predictions
inside = table["y"].between(table["y_low"], table["y_high"])
print(f"{inside.mean():.1%} of {len(table)} held-out rows are inside")

# %%

table = table.assign(x=rows["x"].loc[table["row"]].to_numpy()).sort_values("x")
fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.fill_between(table["x"], table["y_low"], table["y_high"], alpha=0.25)
ax.plot(table["x"], table["y_value"], linewidth=2, label="prediction and interval")
ax.scatter(table["x"], table["y"], s=6, color="0.4", label="held-out rows")
ax.set(xlabel="x", ylabel="y")
ax.legend()
plt.show()
