"""Writes catboost_borders.json: borders as catboost finds them, on values from a fixed seed.

Made with catboost 1.2.10 and numpy 2.4.6:
    python catboost_borders.py > catboost_borders.json
"""
import json, os, tempfile
import catboost
import numpy as np

rng = np.random.default_rng(5)
columns = {
    "whole months": rng.integers(0, 73, 400),
    "charges": np.round(np.exp(rng.normal(4, 0.5, 600)), 2),
    "many zeros": np.where(rng.random(600) < 0.4, 0, np.round(rng.gamma(0.7, 300, 600), 1)),
    "normal": np.round(rng.normal(0, 3, 500), 2),
}
cases = []
for name, values in columns.items():
    values = values.astype(np.float32)
    for border_count in (5, 16, 64, 254):
        pool = catboost.Pool(values.reshape(-1, 1))
        pool.quantize(border_count=border_count, feature_border_type="GreedyLogSum")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "borders")
            pool.save_quantization_borders(path)
            borders = [float(line.split("\t")[1]) for line in open(path) if line.strip()]
        cases.append({"name": name, "border_count": border_count, "values": len(values), "borders": borders})
print(json.dumps({
    "columns": {name: [float(np.float32(x)) for x in values] for name, values in columns.items()},
    "cases": cases,
}, separators=(",", ":")))
