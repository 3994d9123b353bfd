"""Trains small models with the real libraries as a notebook would, and writes them beside their
own `predict_proba` for other customers.

Run: python make_fixtures.py   (versions in README.md); writes into its own folder.
`customers.csv` holds raw customers with holes and unseen categories; `expected.csv` has one column
of probabilities per model.
"""

import pathlib

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from catboost import CatBoostClassifier, Pool

HERE = pathlib.Path(__file__).parent
CONTRACTS = ["Month-to-month", "One year", "Two year"]
PAYMENTS = ["Electronic check", "Mailed check", "Bank transfer", 'Crédit "card"']
CITIES = [f"city {i}" for i in range(12)]
TEXTS = ["contract", "city", "payment"]
ALL = ["tenure", "contract", "charges", "city", "payment", "usage", "senior"]


def customers(seed, n_rows):
    """Rows nobody is behind, and whether they left."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "tenure": rng.integers(0, 73, n_rows).astype(float),
            "contract": rng.choice(CONTRACTS, n_rows, p=[0.55, 0.21, 0.24]),
            "charges": np.round(rng.gamma(4, 16, n_rows) + 18, 2),
            "city": rng.choice(CITIES, n_rows),
            "payment": rng.choice(PAYMENTS, n_rows),
            "usage": np.round(rng.normal(0, 1, n_rows), 3),
            "senior": rng.integers(0, 2, n_rows),
            "partner": rng.choice(["No", "Yes"], n_rows),
        }
    ).astype({name: object for name in TEXTS})
    frame.loc[rng.random(n_rows) < 0.1, "charges"] = np.nan
    frame.loc[rng.random(n_rows) < 0.1, "usage"] = np.nan
    frame.loc[rng.random(n_rows) < 0.1, "usage"] = 0.0
    logit = (
        1.2 * (frame.contract == "Month-to-month")
        - 0.03 * frame.tenure
        + 0.01 * frame.charges.fillna(90)
        + 0.8 * (frame.city.str[-1] == "3") * (frame.payment == "Mailed check")
        + 0.5 * frame.senior
        - 0.4 * (frame.partner == "Yes")
        - 0.5 * frame.usage.fillna(1)
        - 0.6
    )
    return frame, (rng.random(n_rows) < 1 / (1 + np.exp(-logit))).astype(int)


def strange(frame, seed):
    """The same rows with more holes, and categories nobody trained on."""
    rng = np.random.default_rng(seed)
    frame = frame.copy()
    for name, values in {
        "tenure": [np.nan, 0.0, 500.0],
        "charges": [np.nan, 0.0],
        "usage": [np.nan, 0.0, -1e-36],
        "city": ["city 99", None],
        "contract": [None],
        "payment": [None],
    }.items():
        for place in np.flatnonzero(rng.random(len(frame)) < 0.12):
            frame.loc[place, name] = values[rng.integers(len(values))]
    return frame


def dummies(frame):
    """One-hot columns of every level, as get_dummies names them."""
    levels = {"contract": CONTRACTS, "city": CITIES, "payment": PAYMENTS}
    frame = frame.astype({n: pd.CategoricalDtype(levels[n]) for n in TEXTS if n in frame})
    return pd.get_dummies(frame, columns=[n for n in TEXTS if n in frame])


def arrays(frame):
    """What somebody builds by hand: codes of their own, fills of their own, no names."""
    order = {"Two year": 0.0, "Month-to-month": 1.0, "One year": 2.0}
    return np.column_stack(
        [
            frame.tenure,
            frame.contract.map(order),
            frame.charges.fillna(64.5),
            frame.partner.map({"No": 0.0, "Yes": 1.0}).fillna(-1.0),
            (frame.payment == "Mailed check").astype(float),
            frame.senior.astype(float),
        ]
    ).astype(np.float32)


def main():
    frame, left = customers(31, 1500)
    rows = strange(customers(32, 200)[0], 33)
    out = rows.copy()
    out.insert(0, "id", [f"C{i:03}" for i in range(len(out))])
    out.to_csv(HERE / "customers.csv", index=False, lineterminator="\n", float_format="%.17g")
    expected = pd.DataFrame({"id": out["id"]})
    labelled, labels = customers(34, 400)
    labelled.insert(0, "id", [f"L{i:03}" for i in range(len(labelled))])
    labelled["churned"] = np.where(labels == 1, "Yes", "No")
    labelled.to_csv(HERE / "labelled.csv", index=False, lineterminator="\n")
    dtypes = {n: pd.CategoricalDtype(sorted(frame[n].unique())) for n in TEXTS}
    common = {"n_estimators": 12, "max_depth": 4, "learning_rate": 0.3, "n_jobs": 1, "random_state": 3}

    model = xgboost.XGBClassifier(**common).fit(dummies(frame[ALL]), left)
    for ending in ["ubj", "json"]:
        model.save_model(HERE / f"xgboost_one_hot.{ending}")
    expected["xgboost_one_hot"] = model.predict_proba(dummies(rows[ALL]))[:, 1]

    native = frame[ALL].astype(dtypes)
    model = xgboost.XGBClassifier(
        **{**common, "n_estimators": 60}, enable_categorical=True, max_cat_to_onehot=4, early_stopping_rounds=3
    )
    model.fit(native[:1000], left[:1000], eval_set=[(native[1000:], left[1000:])], verbose=False)
    for ending in ["ubj", "json"]:
        model.save_model(HERE / f"xgboost_native.{ending}")
    expected["xgboost_native"] = model.predict_proba(rows[ALL].astype(dtypes))[:, 1]

    types = ["q", "c", "q", "q", "q", "q"]
    data = xgboost.DMatrix(arrays(frame), left, feature_types=types, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 4, "nthread": 1}, data, 12)
    booster.save_model(HERE / "xgboost_arrays.json")
    asked = xgboost.DMatrix(arrays(rows), feature_types=types, enable_categorical=True)
    expected["xgboost_arrays"] = booster.predict(asked)

    params = {"num_leaves": 12, "n_estimators": 12, "n_jobs": 1, "random_state": 3, "verbose": -1,
              "min_data_per_group": 5, "cat_smooth": 2, "max_cat_to_onehot": 3}
    model = lightgbm.LGBMClassifier(**params).fit(native, left)
    model.booster_.save_model(HERE / "lightgbm_categories.txt")
    expected["lightgbm_categories"] = model.predict_proba(rows[ALL].astype(dtypes))[:, 1]

    clean = lambda table: table.rename(columns=lambda name: name.replace('"', ""))
    model = lightgbm.LGBMClassifier(**params).fit(clean(dummies(frame[ALL])), left)
    model.booster_.save_model(HERE / "lightgbm_one_hot.txt")
    expected["lightgbm_one_hot"] = model.predict_proba(clean(dummies(rows[ALL])))[:, 1]

    for name, more in {
        "catboost_one_hot": {"one_hot_max_size": 20, "depth": 4},
        "catboost_combinations": {"one_hot_max_size": 2, "depth": 4, "max_ctr_complexity": 3},
    }.items():
        cats = [*TEXTS, "senior"]
        # Both codes of the holes: one was never trained on.
        texts = lambda table: table[ALL].fillna({n: "no such text" for n in TEXTS}).fillna({"tenure": 3.0})
        pool = Pool(frame[ALL], np.where(left == 1, "Yes", "No"), cat_features=cats)
        model = CatBoostClassifier(iterations=12, random_seed=5, thread_count=1, verbose=0,
                                   allow_writing_files=False, **more).fit(pool)
        model.save_model(str(HERE / f"{name}.json"), format="json", pool=pool)
        expected[name] = model.predict_proba(Pool(texts(rows), cat_features=cats))[:, 1]

    expected.to_csv(HERE / "expected.csv", index=False, lineterminator="\n", float_format="%.12g")


if __name__ == "__main__":
    main()
