"""Writes logistic.json: logistic regressions fitted by scikit-learn. See README.md."""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(20240917)
n_rows = 80
rows = np.column_stack([
    rng.normal(size=n_rows),
    rng.normal(scale=2.0, size=n_rows),
    rng.random(n_rows) < 0.3,
    rng.random(n_rows) < 0.05,
    rng.normal(size=n_rows),
]).round(3).astype(np.float32)
rows[:, 4] = (0.9 * rows[:, 0] + 0.1 * rows[:, 4]).round(3)  # nearly a copy
margins = 1.2 * rows[:, 0] - 0.5 * rows[:, 1] + rows[:, 2] - 0.8
labels = rng.random(n_rows) < 1 / (1 + np.exp(-margins))
weights = rng.integers(1, 9, n_rows) / 4

cases = []
for name, c, l1_ratio, class_weight, weighted in [
    ("ridge", 0.3, 0.0, None, False),
    ("strong ridge", 0.01, 0.0, None, False),
    ("weak ridge", 100.0, 0.0, None, False),
    ("weighted ridge", 1.0, 0.0, None, True),
    ("balanced ridge", 1.0, 0.0, "balanced", False),
    ("balanced and weighted ridge", 1.0, 0.0, "balanced", True),
    ("lasso", 0.3, 1.0, None, False),
    ("strong lasso", 0.05, 1.0, None, False),
    ("weighted lasso", 0.5, 1.0, None, True),
    ("elastic net", 0.5, 0.5, None, False),
    ("weighted elastic net", 1.0, 0.2, None, True),
]:
    model = LogisticRegression(
        C=c, l1_ratio=l1_ratio, class_weight=class_weight, tol=1e-13, max_iter=2_000_000,
        solver="newton-cholesky" if l1_ratio == 0 else "saga", random_state=0,
    )
    model.fit(rows.astype(np.float64), labels, sample_weight=weights if weighted else None)
    cases.append({
        "name": name, "c": c, "l1_ratio": l1_ratio, "balanced": class_weight == "balanced",
        "weighted": weighted, "intercept": float(model.intercept_[0]),
        "coefficients": model.coef_[0].tolist(),
    })
out = {
    "tool": f"scikit-learn {sklearn.__version__}",
    "rows": [[float(f"{x:.3f}") for x in row] for row in rows],
    "labels": labels.astype(int).tolist(),
    "weights": weights.tolist(),
    "cases": cases,
}
text = json.dumps(out)
for key in ("rows", "labels", "weights", "cases"):
    text = text.replace(f', "{key}"', f',\n "{key}"')
path = pathlib.Path(__file__).parent / "logistic.json"
path.write_text(text.replace('}, {"name"', '},\n  {"name"') + "\n")
