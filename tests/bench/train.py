"""The Python side of `cargo xtask bench train`.

train.py tables TELCO.csv FOLDER ROWS   writes tables both sides read: FOLDER/{onehot,codes}-ROWS
train.py fit TABLE FAMILY PARAMS_JSON N_FITS   fits a family; the last line is JSON, per fit

ROWS 0 takes the file as it is; more makes so many rows by drawing from it with noise (seed 7), so
that a million rows are not ten copies each. THREADS in the environment, default 1.
"""
import json
import os
import resource
import sys
import time

THREADS = int(os.environ.get("THREADS", "1"))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import pandas as pd

NUMBERS = ["tenure", "MonthlyCharges", "TotalCharges"]
NOT_FEATURES = ["customerID", "Churn"]


def read(path):
    """-> categories as strings, numbers as float64, labels."""
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    categories = raw.drop(columns=NUMBERS + NOT_FEATURES)
    numbers = pd.DataFrame({c: pd.to_numeric(raw[c].str.strip().replace("", "0")) for c in NUMBERS})
    return categories, numbers.astype(np.float64), (raw["Churn"] == "Yes").to_numpy()


def resample(categories, numbers, labels, n_rows, seed=7):
    """Rows drawn with replacement; 1 % of categories redrawn, numbers with noise."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(labels), n_rows)
    out = {}
    for name in categories:
        column = categories[name].to_numpy(dtype=object)
        values = column[drawn]
        redrawn = np.flatnonzero(rng.random(n_rows) < 0.01)
        values[redrawn] = column[rng.integers(0, len(column), len(redrawn))]
        out[name] = values
    tenure = np.clip(np.rint(numbers["tenure"].to_numpy()[drawn] + rng.normal(0, 1.5, n_rows)), 0, 72)
    monthly = np.round(numbers["MonthlyCharges"].to_numpy()[drawn] * np.exp(rng.normal(0, 0.04, n_rows)), 2)
    total = np.round(tenure * monthly * np.exp(rng.normal(0, 0.05, n_rows)), 2)
    numbers = pd.DataFrame({"tenure": tenure, "MonthlyCharges": monthly, "TotalCharges": total})
    return pd.DataFrame(out), numbers, labels[drawn]


def write(path, names, categorical, values, labels):
    columns = [{"name": n, "categorical": bool(c)} for n, c in zip(names, categorical)]
    with open(path + ".json", "w") as out:
        json.dump({"columns": columns, "rows": len(labels)}, out)
    np.ascontiguousarray(values, dtype="<f4").tofile(path + ".f32")
    labels.astype(np.uint8).tofile(path + ".labels")


def tables(telco, folder, n_rows):
    categories, numbers, labels = read(telco)
    if n_rows:
        categories, numbers, labels = resample(categories, numbers, labels, n_rows)
    base = os.path.join(folder, "{}-" + str(n_rows))
    names, onehot, codes = [], [], []
    for name in categories:
        levels, code = np.unique(categories[name].to_numpy(dtype=str), return_inverse=True)
        codes.append(code)
        for place, level in enumerate(levels):
            names.append(f"{name}={level}")
            onehot.append(code == place)
    rest = [numbers[name].to_numpy() for name in NUMBERS]
    write(base.format("onehot"), names + NUMBERS, [False] * len(names + NUMBERS),
          np.column_stack([c.astype(np.float32) for c in onehot + rest]), labels)
    write(base.format("codes"), list(categories) + NUMBERS,
          [True] * len(codes) + [False] * len(rest),
          np.column_stack([c.astype(np.float32) for c in codes + rest]), labels)


def make(family, params, X, y, columns):
    """-> a function that fits once; what it needs is imported and made before the clock runs."""
    if family == "forest":
        from sklearn.ensemble import RandomForestClassifier
        return lambda seed: RandomForestClassifier(n_jobs=THREADS, random_state=seed, **params).fit(X, y)
    if family == "xgboost":
        import xgboost
        print("xgboost", xgboost.__version__, file=sys.stderr)
        return lambda seed: xgboost.XGBClassifier(
            tree_method="hist", n_jobs=THREADS, random_state=seed, **params).fit(X, y)
    if family == "catboost":
        from catboost import CatBoostClassifier, Pool
        categorical = [i for i, c in enumerate(columns) if c["categorical"]]
        frame = pd.DataFrame(X)
        frame[categorical] = frame[categorical].astype(int)
        pool = Pool(frame, y, cat_features=categorical, thread_count=THREADS)
        return lambda seed: CatBoostClassifier(
            thread_count=THREADS, random_seed=seed, verbose=0, allow_writing_files=False, **params).fit(pool)
    if family == "smote":
        from imblearn.over_sampling import SMOTE
        return lambda seed: SMOTE(random_state=seed, **params).fit_resample(X, y)
    raise SystemExit(f"no family {family!r}")


def fit(table, family, params, n_fits):
    columns = json.load(open(table + ".json"))["columns"]
    X = np.fromfile(table + ".f32", dtype="<f4").reshape(-1, len(columns))
    y = np.fromfile(table + ".labels", dtype=np.uint8).astype(np.int64)
    one = make(family, json.loads(params), X, y, columns)
    wall, cpu = time.perf_counter(), time.process_time()
    for seed in range(n_fits):
        one(seed)
    print(json.dumps({
        "cpu_s": (time.process_time() - cpu) / n_fits,
        "wall_s": (time.perf_counter() - wall) / n_fits,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


if __name__ == "__main__":
    if sys.argv[1] == "tables":
        tables(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        fit(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
