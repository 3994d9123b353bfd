"""The Python side of `cargo xtask bench score`.

score.py pandas|polars BUNDLE.zip IN.csv OUT.csv ROWS REASONS
    scores the first ROWS rows (0 for all) with the XGBoost model of a bundle: read, encode,
    predict, with REASONS above 0 pred_contribs and the strongest columns, write
score.py run ROWS COMMAND...
    runs a command and measures it
The last line is JSON with cpu_s, wall_s, peak_mb and rows. THREADS in the environment, default 1.
"""
import json
import os
import resource
import subprocess
import sys
import time
import zipfile

THREADS = int(os.environ.get("THREADS", "1"))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = str(THREADS)
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def told(rows, wall, usage, start_cpu=0.0):
    cpu = usage.ru_utime + usage.ru_stime - start_cpu
    print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mb": usage.ru_maxrss / 1024, "rows": rows}))


def run(rows, command):
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(done.returncode)
    told(int(rows), wall, resource.getrusage(resource.RUSAGE_CHILDREN))


def encode_pandas(frame, features):
    """The matrix the model was trained on, as the plan of the bundle says."""
    columns = []
    for feature in features:
        source, encoding = feature["source"], feature["encoding"]
        if "derived" in source:
            derived = source["derived"]
            columns.append(frame[derived["columns"]].isin(derived["equals"]).sum(axis=1).to_numpy(np.float32))
        elif encoding["kind"] == "one_hot":
            codes = pd.Categorical(frame[source["column"]], categories=encoding["levels"]).codes
            columns.extend((codes == code).astype(np.float32) for code in range(len(encoding["levels"])))
        else:
            numbers = pd.to_numeric(frame[source["column"]], errors="coerce").to_numpy(np.float32)
            fill = encoding["fill"]
            columns.append(numbers if fill is None else np.nan_to_num(numbers, nan=fill))
    return np.column_stack(columns)


def encode_polars(frame, features):
    columns = []
    for feature in features:
        source, encoding = feature["source"], feature["encoding"]
        if "derived" in source:
            derived = source["derived"]
            count = sum(pl.col(c).is_in(derived["equals"]).cast(pl.Float32) for c in derived["columns"])
            columns.append(count.alias(derived["name"]))
        elif encoding["kind"] == "one_hot":
            name = source["column"]
            columns.extend((pl.col(name) == l).cast(pl.Float32).alias(f"{name}={l}") for l in encoding["levels"])
        else:
            number = pl.col(source["column"]).str.strip_chars().cast(pl.Float32, strict=False)
            fill = encoding["fill"]
            columns.append(number if fill is None else number.fill_null(fill))
    return np.ascontiguousarray(frame.select(columns).to_numpy())


def strongest(contributions, names, most):
    """The names and values of the largest contributions of each row."""
    size = np.abs(contributions)
    top = np.argpartition(-size, most, axis=1)[:, :most]
    order = np.argsort(-np.take_along_axis(size, top, 1), axis=1)
    top = np.take_along_axis(top, order, 1)
    out = {}
    for rank in range(most):
        out[f"reason_{rank + 1}"] = names[top[:, rank]]
        out[f"shap_{rank + 1}"] = np.round(contributions[np.arange(len(top)), top[:, rank]], 5)
    return out


def score(engine, bundle, source, output, rows, most):
    with zipfile.ZipFile(bundle) as archive:
        plan = json.loads(archive.read("plan.json"))
        booster = xgb.Booster()
        booster.load_model(bytearray(archive.read("xgboost.ubj")))
    booster.set_param({"nthread": THREADS})
    limit = rows or None
    usage = resource.getrusage(resource.RUSAGE_SELF)
    start_cpu, start = usage.ru_utime + usage.ru_stime, time.perf_counter()
    if engine == "pandas":
        frame = pd.read_csv(source, dtype=str, keep_default_na=False, nrows=limit)
        matrix = encode_pandas(frame, plan["features"])
    else:
        frame = pl.read_csv(source, infer_schema=False, n_rows=limit)
        matrix = encode_polars(frame, plan["features"])
    names = np.array([column["name"] for column in plan["columns"]], dtype=object)
    data = xgb.DMatrix(matrix, nthread=THREADS)
    reasons = {}
    if most:
        contributions = booster.predict(data, pred_contribs=True, validate_features=False)
        probability = 1 / (1 + np.exp(-contributions.sum(1)))
        reasons = strongest(contributions[:, :-1], names, most)
    else:
        probability = booster.predict(data, validate_features=False)
    key = frame["customerID"]
    scored = {"customerID": key, "churn_probability": np.round(probability, 6), **reasons}
    if engine == "pandas":
        pd.DataFrame(scored).to_csv(output, index=False)
    else:
        texts = {k: v.astype(str) if getattr(v, "dtype", None) == object else v for k, v in scored.items()}
        pl.DataFrame(texts).write_csv(output)
    told(len(frame), time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF), start_cpu)


if sys.argv[1] == "run":
    run(sys.argv[2], sys.argv[3:])
else:
    import numpy as np
    import xgboost as xgb

    if sys.argv[1] == "pandas":
        import pandas as pd
    else:
        import polars as pl
    score(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]))
