"""fasttreeshap's side of `cargo xtask bench explain`, in an environment of its own.

fast.py FOLDER TASK ROWS   explains the first ROWS rows of the model explain.py prepared; the last
                           line is JSON. A task is fast1 or fast2, its algorithms, and `-values`.

The trees are those of every other line: XGBoost 1.7.6, which it needs, reads the model of 3.x when
the expected value is written the old way. What is timed is the call that explains.
"""
import json
import os
import resource
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
warnings.filterwarnings("ignore")

import fasttreeshap
import numpy as np
import xgboost


def main(folder, task, n_rows):
    booster = xgboost.Booster({"nthread": 1}, model_file=os.path.join(folder, "xgboost-1.7.json"))
    with open(os.path.join(folder, "columns.json")) as file:
        width = len(json.load(file)["groups"])
    rows = np.fromfile(os.path.join(folder, "onehot.f32"), "<f4", n_rows * width).reshape(-1, width)
    algorithm = {"fast1": "v1", "fast2": "v2"}[task.split("-")[0]]
    explainer = fasttreeshap.TreeExplainer(booster, algorithm=algorithm, n_jobs=1)
    explainer.shap_values(rows[:20], check_additivity=False)
    wall, cpu = time.perf_counter(), time.process_time()
    values = explainer.shap_values(rows, check_additivity=False)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    np.asarray(values, dtype="<f8").ravel()[:200_000].tofile(os.path.join(folder, task + ".values"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mb": peak, "rows": n_rows}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
