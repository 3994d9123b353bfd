"""The Python side of `cargo xtask bench explain`.

explain.py prepare TELCO.csv FOLDER ROWS   trains the models, writes them and ROWS rows both sides read
explain.py run FOLDER TASK ROWS            explains the first ROWS rows; the last line is JSON

Rows are drawn from the file with noise (seed 7), so that they are distinct. One thread. What is timed
is the call that explains, and for woodelf its explainer too, which does its work there.
"""
import json
import os
import pickle
import resource
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
warnings.filterwarnings("ignore")

import numpy as np
import pandas as pd

import train

N_BACKGROUND = 100
FOREST = dict(n_estimators=500, max_depth=20, max_features="sqrt", n_jobs=1, random_state=0)


def encoded(categories, numbers, levels):
    """-> the one-hot matrix, the matrix of codes, the original column of each one-hot column."""
    onehot, codes, groups = [], [], []
    for group, name in enumerate(categories):
        values = categories[name].to_numpy(dtype=object)
        codes.append(np.searchsorted(levels[name], values).astype(np.float32))
        for level in levels[name]:
            onehot.append((values == level).astype(np.float32))
            groups.append(group)
    for place, name in enumerate(numbers):
        onehot.append(numbers[name].to_numpy(dtype=np.float32))
        codes.append(onehot[-1])
        groups.append(len(categories.columns) + place)
    return np.column_stack(onehot), np.column_stack(codes), groups


def prepare(telco, folder, n_rows):
    import catboost
    import lightgbm
    import xgboost
    from sklearn.ensemble import RandomForestClassifier

    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../crates/explain/testdata"))
    from make_fixtures import stored_forest

    categories, numbers, labels = train.read(telco)
    levels = {name: sorted(set(categories[name])) for name in categories}
    onehot, codes, groups = encoded(categories, numbers, levels)
    n_categories = len(categories.columns)
    os.makedirs(folder, exist_ok=True)
    at = lambda name: os.path.join(folder, name)

    params = dict(max_depth=6, learning_rate=0.03, subsample=0.8, colsample_bytree=0.6, min_child_weight=3)
    for name, more in (("xgboost", {}), ("deep", dict(max_depth=12, min_child_weight=1))):
        model = xgboost.XGBClassifier(n_estimators=300, tree_method="hist", n_jobs=1, random_state=0, **(params | more))
        model.fit(onehot, labels)
        model.get_booster().save_model(at(name + ".ubj"))
        if name == "xgboost":
            save_for_old(model.get_booster(), at("xgboost-1.7.json"))
    model = lightgbm.LGBMClassifier(n_estimators=300, num_leaves=31, max_depth=6, learning_rate=0.03, n_jobs=1, verbose=-1)
    model.fit(codes, labels, categorical_feature=list(range(n_categories)))
    model.booster_.save_model(at("lightgbm.txt"))
    model = catboost.CatBoostClassifier(
        iterations=300, depth=6, learning_rate=0.05, one_hot_max_size=4, thread_count=1, verbose=0, allow_writing_files=False
    )
    frame = pool_frame(codes, n_categories)
    model.fit(catboost.Pool(frame, labels, cat_features=list(range(n_categories))))
    model.save_model(at("catboost.cbm"))
    model.save_model(at("catboost.json"), format="json", pool=catboost.Pool(frame, labels, cat_features=list(range(n_categories))))

    forest = RandomForestClassifier(**FOREST).fit(onehot, labels)
    print(f"forest: {sum(tree.tree_.n_leaves for tree in forest.estimators_)} leaves, depth {max(tree.tree_.max_depth for tree in forest.estimators_)}")
    with open(at("forest.json"), "w") as out:
        json.dump(stored_forest(forest, onehot.shape[1]), out)
    with open(at("forest.pickle"), "wb") as out:
        pickle.dump(forest, out)

    many, many_numbers, _ = train.resample(categories, numbers, labels, n_rows)
    many_onehot, many_codes, _ = encoded(many, many_numbers, levels)
    onehot[:N_BACKGROUND].astype("<f4").tofile(at("background.f32"))
    many_onehot.astype("<f4").tofile(at("onehot.f32"))
    many_codes.astype("<f4").tofile(at("codes.f32"))
    with open(at("columns.json"), "w") as out:
        json.dump({"groups": groups, "n_codes": codes.shape[1], "n_categories": n_categories}, out)


def save_for_old(booster, path):
    """As XGBoost 1.7 reads it, which fasttreeshap needs: the expected value is no list there."""
    model = json.loads(booster.save_raw("json"))
    parameters = model["learner"]["learner_model_param"]
    parameters["base_score"] = parameters["base_score"].strip("[]")
    with open(path, "w") as out:
        json.dump(model, out)


def pool_frame(codes, n_categories):
    frame = pd.DataFrame(codes)
    for column in range(n_categories):
        frame[column] = frame[column].astype(int)
    return frame


def task_function(folder, task, n_rows):
    """What is to be timed, and its values for the check."""
    at = lambda name: os.path.join(folder, name)
    with open(at("columns.json")) as file:
        columns = json.load(file)
    n_onehot, n_codes, n_categories = len(columns["groups"]), columns["n_codes"], columns["n_categories"]
    read = lambda name, width: np.fromfile(at(name), "<f4", n_rows * width).reshape(-1, width)
    peer, kind = task.split("-", 1)
    if peer in ("xgboost", "deep", "shap", "woodelf"):
        import xgboost

        rows = read("onehot.f32", n_onehot)
        background = np.fromfile(at("background.f32"), "<f4").reshape(-1, n_onehot)
        booster = xgboost.Booster({"nthread": 1}, model_file=at(("deep" if "deep" in task else "xgboost") + ".ubj"))
    if kind == "margins" and peer == "xgboost":
        return lambda: booster.inplace_predict(rows, predict_type="margin")
    if peer in ("xgboost", "deep"):
        how = {"values": "pred_contribs", "interactions": "pred_interactions"}[kind]
        return lambda: booster.predict(xgboost.DMatrix(rows, nthread=1), **{how: True})
    if peer == "lightgbm":
        import lightgbm

        model = lightgbm.Booster(model_file=at("lightgbm.txt"))
        rows = read("codes.f32", n_codes)
        return lambda: model.predict(rows, pred_contrib=True, num_threads=1)
    if peer == "catboost":
        import catboost

        model = catboost.CatBoostClassifier().load_model(at("catboost.cbm"))
        pool = catboost.Pool(pool_frame(read("codes.f32", n_codes), n_categories), cat_features=list(range(n_categories)))
        if kind == "margins":
            return lambda: model.predict(pool, prediction_type="RawFormulaVal", thread_count=1)
        kind = {"values": "ShapValues", "interactions": "ShapInteractionValues"}[kind]
        return lambda: model.get_feature_importance(pool, type=kind, thread_count=1)
    if peer == "forest":
        import shap

        with open(at("forest.pickle"), "rb") as file:
            forest = pickle.load(file)
        explainer = shap.TreeExplainer(forest, feature_perturbation="tree_path_dependent")
        rows = read("onehot.f32", n_onehot)
        return lambda: explainer.shap_values(rows, check_additivity=False)[..., 1]
    if peer == "shap":
        import shap

        explainer = shap.TreeExplainer(booster, data=background, feature_perturbation="interventional")
        return lambda: explainer.shap_values(rows)
    if peer == "woodelf":
        import woodelf

        names = [f"f{column}" for column in range(n_onehot)]
        booster.feature_names = names
        rows, background = pd.DataFrame(rows, columns=names), pd.DataFrame(background, columns=names)
        if kind == "background":
            return lambda: woodelf.WoodelfExplainer(booster, background).shap_values(rows, verbose=False)
        return lambda: woodelf.WoodelfExplainer(booster).shap_values(rows, verbose=False)
    raise SystemExit(f"unknown task {task}")


def run(folder, task, n_rows):
    work = task_function(folder, task, n_rows)
    wall, cpu = time.perf_counter(), time.process_time()
    values = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    np.asarray(values, dtype="<f8").ravel()[:200_000].tofile(os.path.join(folder, task + ".values"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mb": peak, "rows": n_rows}))


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]))
