"""Trains small models on the public Telco file and writes them beside the SHAP values that their
own libraries and the `shap` package give synthetic customers.

Run: python make_fixtures.py TELCO.csv SYNTHETIC.csv   (versions in README.md); writes into its own
folder. The second file is the output of `churn synth snapshot --rows 50 --seed 7`: no row of the
first one is stored.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import catboost
import lightgbm
import numpy as np
import pandas as pd
import shap
import xgboost
from sklearn.ensemble import RandomForestClassifier

HERE = pathlib.Path(__file__).parent
# Rows to explain, the first of them with interactions, too; the rest is the background.
N_ROWS, N_PAIR_ROWS = 30, 8
TEXTS = ["Partner", "InternetService", "OnlineSecurity", "TechSupport", "Contract", "PaymentMethod"]
NUMBERS = ["SeniorCitizen", "tenure", "MonthlyCharges", "TotalCharges"]


def encoded(path, levels):
    """Codes of texts and numbers cut to whole ones; a total of nothing is missing."""
    frame = pd.read_csv(path)
    columns = [frame[name].map(levels[name].index) for name in TEXTS]
    numbers = [pd.to_numeric(frame[name], errors="coerce") for name in NUMBERS]
    numbers[-1] = numbers[-1].where(numbers[-1] > 0)
    table = np.column_stack(columns + [np.floor(column) for column in numbers])
    return table.astype(np.float32), (frame["Churn"] == "Yes").to_numpy().astype(int)


def write(name, values):
    """One line per row."""
    values = np.asarray(values)
    # Nine digits give back every f32.
    digits = "%.9g" if values.dtype == np.float32 else "%.17g"
    np.savetxt(HERE / f"{name}.csv", values.reshape(len(values), -1), fmt=digits, delimiter=",")


def with_base(explainer, values):
    base = np.full((len(values), 1), np.ravel(explainer.expected_value)[-1])
    return np.hstack([values, base])


def by_background(name, model, rows, background, pick=lambda values: values):
    """Interventional values by the package."""
    explainer = shap.TreeExplainer(model, data=background, feature_perturbation="interventional")
    write(f"{name}_shap_background", with_base(explainer, pick(explainer.shap_values(rows))))


def stored_forest(forest, n_features):
    """As this program stores trees: left where a value is below the border, mean over trees."""
    trees = []
    for estimator in forest.estimators_:
        tree = estimator.tree_
        leaf = tree.children_left < 0
        border = np.nextafter(tree.threshold.astype(np.float32), np.float32(np.inf))
        value = np.where(leaf, tree.value[:, 0, 1] / len(forest.estimators_), border)
        trees.append({
            "left": np.where(leaf, 0, tree.children_left).tolist(),
            "right": np.where(leaf, 0, tree.children_right).tolist(),
            "feature": np.where(leaf, 0, tree.feature).tolist(),
            "value": value.tolist(),
            "default_left": np.zeros(len(leaf), int).tolist(),
            "cover": tree.weighted_n_node_samples.tolist(),
        })
    return {"n_features": n_features, "base_margin": 0.0, "output": "share", "trees": trees}


def main(telco, synthetic):
    raw = pd.read_csv(telco)
    levels = {name: sorted(set(raw[name])) for name in TEXTS}
    table, left = encoded(telco, levels)
    rows, _ = encoded(synthetic, levels)
    # Holes that no customer of the file has.
    rows[3::7, 7] = np.nan
    rows[5::11, 8] = np.nan
    rows, background = rows[:N_ROWS], rows[N_ROWS:]
    write("rows", rows)
    write("background", background)

    model = xgboost.XGBClassifier(n_estimators=20, max_depth=4, learning_rate=0.3, n_jobs=1)
    booster = model.fit(table, left).get_booster()
    booster.save_model(HERE / "xgboost.ubj")
    asked = xgboost.DMatrix(rows)
    write("xgboost_own", booster.predict(asked, pred_contribs=True))
    write("xgboost_own_pairs", booster.predict(asked.slice(range(N_PAIR_ROWS)), pred_interactions=True))
    by_background("xgboost", booster, rows, background)

    model = lightgbm.LGBMClassifier(n_estimators=20, max_depth=4, learning_rate=0.3, n_jobs=1, verbose=-1)
    booster = model.fit(table, left).booster_
    booster.save_model(HERE / "lightgbm.txt")
    write("lightgbm_own", booster.predict(rows, pred_contrib=True))
    by_background("lightgbm", booster, rows, background)

    # Numbers only: with statistics of categories this program defines values otherwise.
    model = catboost.CatBoostClassifier(iterations=20, depth=4, learning_rate=0.3, random_seed=5,
                                        thread_count=1, verbose=0, allow_writing_files=False)
    model.fit(table, left)
    model.save_model(str(HERE / "catboost.json"), format="json")
    pool = catboost.Pool(rows)
    write("catboost_own", model.get_feature_importance(pool, type="ShapValues"))
    pairs = model.get_feature_importance(catboost.Pool(rows[:N_PAIR_ROWS]), type="ShapInteractionValues")
    write("catboost_own_pairs", pairs)
    by_background("catboost", model, rows, background)

    filled = lambda table: np.nan_to_num(table, nan=0.0)
    forest = RandomForestClassifier(20, max_depth=7, max_features=0.5, n_jobs=1, random_state=3)
    forest.fit(filled(table), left)
    with open(HERE / "forest.json", "w", encoding="utf-8") as out:
        json.dump(stored_forest(forest, table.shape[1]), out)
        out.write("\n")
    churned = lambda values: values[..., 1]
    # A forest has no values of its own library: here the package's own code is at work.
    explainer = shap.TreeExplainer(forest, feature_perturbation="tree_path_dependent")
    write("forest_shap", with_base(explainer, churned(explainer.shap_values(filled(rows)))))
    pairs = explainer.shap_interaction_values(filled(rows[:N_PAIR_ROWS]))
    write("forest_shap_pairs", churned(pairs))
    by_background("forest", forest, filled(rows), filled(background), churned)


if __name__ == "__main__":
    main(*sys.argv[1:])
