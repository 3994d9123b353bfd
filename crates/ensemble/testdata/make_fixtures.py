"""Trains small models with the real libraries on synthetic rows and writes them beside their answers.

Run: python make_fixtures.py   (versions in README.md); writes into its own folder.
Each NAME.model.json|txt comes with NAME.csv: raw feature values, then `margin` (the library's
own raw score, f64) and `shap:...` columns (its own SHAP values, the last one the base).
An empty cell is a missing number; a text cell is a category.
"""

import csv
import pathlib

import lightgbm
import numpy as np
import pandas as pd
from catboost import CatBoostClassifier, Pool

HERE = pathlib.Path(__file__).parent
CONTRACTS = ["Month-to-month", "One year", "Two year"]
PAYMENTS = ["Electronic check", "Mailed check", "Bank transfer", "Crédit \"card\""]
CITIES = [f"city {i}" for i in range(30)]


def customers(seed, n_rows):
    """Rows nobody is behind, and whether they left."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "tenure": rng.integers(0, 73, n_rows).astype(np.float32),
            "contract": rng.choice(CONTRACTS, n_rows, p=[0.55, 0.21, 0.24]),
            "charges": np.round(rng.gamma(4, 16, n_rows) + 18, 2).astype(np.float32),
            "city": rng.choice(CITIES, n_rows),
            "payment": rng.choice(PAYMENTS, n_rows),
            "usage": rng.normal(0, 1, n_rows).astype(np.float32),
        }
    )
    frame.loc[rng.random(n_rows) < 0.1, "charges"] = np.nan
    frame.loc[rng.random(n_rows) < 0.1, "usage"] = np.nan
    frame.loc[rng.random(n_rows) < 0.1, "usage"] = np.float32(0)
    logit = (
        1.2 * (frame.contract == "Month-to-month")
        - 0.03 * frame.tenure
        + 0.01 * frame.charges.fillna(90)
        + 0.8 * (frame.city.str[-1] == "3") * (frame.payment == "Mailed check")
        - 0.5 * frame.usage.fillna(1)
        - 0.6
    )
    return frame, (rng.random(n_rows) < 1 / (1 + np.exp(-logit))).astype(int)


def strange(frame, seed):
    """The same rows with holes, unseen categories and values on and around borders."""
    rng = np.random.default_rng(seed)
    frame = frame.copy()
    for name, values in {
        "tenure": [np.nan, -1, 0, 1e30, -1e30],
        "charges": [np.nan, 0, -5],
        "usage": [np.nan, 0, -0.0, 1e-36, 1e-34],
        "city": ["city 99", "", "nan"],
        "contract": ["Three year"],
        "payment": ["Cash"],
    }.items():
        if name in frame:
            hit = np.flatnonzero(rng.random(len(frame)) < 0.12)
            kind = frame[name].dtype
            for place in hit:
                value = values[rng.integers(len(values))]
                frame.loc[place, name] = np.float32(value) if kind == np.float32 else value
    return frame


def write_rows(name, frame, margins, shap):
    with open(HERE / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow([*frame.columns, "margin", *(f"shap:{n}" for n in [*frame.columns, "base"])])
        for (_, row), margin, values in zip(frame.iterrows(), margins, shap):
            cells = ["" if isinstance(v, (float, np.floating)) and np.isnan(v) else
                     v if isinstance(v, str) else repr(float(v)) for v in row]
            out.writerow([*cells, repr(float(margin)), *(f"{v:.12g}" for v in values)])


def catboost(name, columns, n_rows=150, nan_modes=None, **params):
    frame, left = customers(11, 1500)
    frame = frame[columns]
    cats = [c for c in columns if frame[c].dtype != np.float32]
    pool = Pool(frame, left, cat_features=cats)
    model = CatBoostClassifier(random_seed=5, thread_count=1, verbose=0, allow_writing_files=False,
                               per_float_feature_quantization=nan_modes, **params)
    model.fit(pool)
    model.save_model(str(HERE / f"{name}.model.json"), format="json", pool=pool)
    # Holes only where training had some: catboost refuses others.
    rows = strange(customers(12, n_rows)[0][columns], 13)
    if "tenure" in rows:
        rows["tenure"] = rows["tenure"].fillna(np.float32(3))
    rows = Pool(rows, cat_features=cats), rows
    margins = model.predict(rows[0], prediction_type="RawFormulaVal")
    shap = model.get_feature_importance(rows[0], type="ShapValues")
    write_rows(name, rows[1], margins, shap)


def light(name, columns, n_rows=150, n_trees=12, **params):
    frame, left = customers(21, 1500)
    frame = frame[columns]
    cats = [c for c in columns if frame[c].dtype != np.float32]
    levels = {c: pd.CategoricalDtype(sorted(frame[c].unique())) for c in cats}
    data = lightgbm.Dataset(frame.astype(levels), left, free_raw_data=False)
    params = {"objective": "binary", "verbose": -1, "num_threads": 1, "deterministic": True,
              "num_leaves": 15, "learning_rate": 0.2, "seed": 3, **params}
    model = lightgbm.train(params, data, n_trees)
    model.save_model(HERE / f"{name}.model.txt")
    rows = strange(customers(22, n_rows)[0][columns], 23)
    seen = rows.astype(levels)
    write_rows(name, rows, model.predict(seen, raw_score=True), model.predict(seen, pred_contrib=True))


def main():
    numbers = ["tenure", "charges", "usage"]
    texts = ["tenure", "contract", "charges", "city", "payment", "usage"]
    catboost("catboost_numbers", numbers, iterations=12, depth=5,
             nan_modes=["1:nan_mode=Min", "2:nan_mode=Max"])
    catboost("catboost_one_hot", ["tenure", "contract", "payment", "usage"], iterations=15, depth=4,
             one_hot_max_size=10)
    catboost("catboost_statistics", texts, iterations=20, depth=4, one_hot_max_size=3,
             max_ctr_complexity=1)
    catboost("catboost_combinations", texts, iterations=12, depth=4, one_hot_max_size=3,
             max_ctr_complexity=4)
    catboost("catboost_other_statistics", texts, iterations=16, depth=3, one_hot_max_size=2,
             max_ctr_complexity=2, boost_from_average=True,
             simple_ctr=["Buckets:Prior=0.3", "BinarizedTargetMeanValue:Prior=0.2/1"],
             combinations_ctr=["Counter", "Buckets"])
    light("lightgbm_missing", numbers)
    light("lightgbm_zero_is_missing", numbers, zero_as_missing=True)
    light("lightgbm_no_missing", numbers, use_missing=False, boost_from_average=False)
    light("lightgbm_categories", texts, min_data_per_group=5, cat_smooth=2, max_cat_to_onehot=3,
          sigmoid=0.7)


if __name__ == "__main__":
    main()
