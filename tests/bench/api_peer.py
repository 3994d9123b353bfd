"""The services people write in Python, on the model of a bundle: `bench api` runs them.

BUNDLE names the bundle, VARIANT what a request does:
    usual    a pandas frame, one-hot columns, predict_proba and a TreeExplainer for each request
    fast     a NumPy row and one pred_contribs call
    plain    a NumPy row and a prediction, no reasons
`uvicorn api_peer:fastapi_app` or `gunicorn api_peer:flask_app`.
"""
import json
import os
import zipfile
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import xgboost as xgb
from pydantic import BaseModel, ValidationError, create_model

VARIANT = os.environ.get("VARIANT", "fast")
with zipfile.ZipFile(os.environ["BUNDLE"]) as archive:
    FEATURES = json.loads(archive.read("plan.json"))["features"]
    COLUMNS = [column["name"] for column in json.loads(archive.read("plan.json"))["columns"]]
    RAW = bytearray(archive.read("xgboost.ubj"))
BOOSTER = xgb.Booster()
BOOSTER.load_model(RAW)
BOOSTER.set_param({"nthread": 1})
NAMES = sorted({c for f in FEATURES for c in (f["source"].get("derived", {}).get("columns") or [f["source"].get("column")])})
NUMBERS = {f["source"]["column"] for f in FEATURES if "column" in f["source"] and f["encoding"]["kind"] != "one_hot"}
Customer = create_model("Customer", **{n: (float if n in NUMBERS else str, ...) for n in NAMES})

if VARIANT == "usual":
    import pandas as pd
    import shap

    CLASSIFIER = xgb.XGBClassifier()
    CLASSIFIER.load_model(RAW)
    CLASSIFIER.set_params(n_jobs=1)
    CLASSIFIER.get_booster().set_param({"nthread": 1})
    EXPLAINER = shap.TreeExplainer(CLASSIFIER)


def encode(values: dict[str, Any]) -> np.ndarray:
    """One row of the matrix the model was trained on, as the plan of the bundle says."""
    row = []
    for feature in FEATURES:
        source, encoding = feature["source"], feature["encoding"]
        if "derived" in source:
            derived = source["derived"]
            row.append(sum(values[c] in derived["equals"] for c in derived["columns"]))
        elif encoding["kind"] == "one_hot":
            row.extend(float(values[source["column"]] == level) for level in encoding["levels"])
        else:
            row.append(values[source["column"]])
    return np.array([row], dtype=np.float32)


def encode_pandas(values):
    """The way of notebooks: a frame, dummies, columns put in order."""
    frame = pd.DataFrame([values])
    parts = {}
    for feature in FEATURES:
        source, encoding = feature["source"], feature["encoding"]
        if "derived" in source:
            derived = source["derived"]
            parts[derived["name"]] = frame[derived["columns"]].isin(derived["equals"]).sum(axis=1)
        elif encoding["kind"] == "one_hot":
            name = source["column"]
            wide = pd.get_dummies(frame[name].astype(pd.CategoricalDtype(encoding["levels"])), prefix=name, prefix_sep="=", dtype=np.float32)
            parts |= {column: wide[column] for column in wide}
        else:
            parts[source["column"]] = frame[source["column"]].astype(np.float32)
    return pd.DataFrame(parts).to_numpy(np.float32)


def actions(values, probability):
    found = []
    if probability >= 0.5:
        if values["Contract"] == "Month-to-month":
            found.append("offer 12-month contract discount")
        if values["TechSupport"] == "No":
            found.append("offer free tech support trial")
        if values["tenure"] < 6:
            found.append("onboarding call")
    return found or ["no action"]


def score(customer: BaseModel) -> dict[str, Any]:
    values, contributions = customer.model_dump(), None
    if VARIANT == "usual":
        row = encode_pandas(values)
        probability = float(CLASSIFIER.predict_proba(row)[0, 1])
        contributions = EXPLAINER.shap_values(row)[0]
    elif VARIANT == "fast":
        found = BOOSTER.predict(xgb.DMatrix(encode(values), nthread=1), pred_contribs=True, validate_features=False)[0]
        probability, contributions = float(1 / (1 + np.exp(-found.sum()))), found[:-1]
    else:
        probability = float(BOOSTER.inplace_predict(encode(values), validate_features=False)[0])
    risk = "high" if probability >= 0.6 else "medium" if probability >= 0.3 else "low"
    answer = {"churn_probability": probability, "risk_level": risk, "actions": actions(values, probability)}
    if contributions is not None:
        strongest = np.argsort(-np.abs(contributions))[:3]
        answer["reasons"] = [{"feature": COLUMNS[i], "shap": float(contributions[i])} for i in strongest]
    return answer


def fastapi_app():
    from fastapi import FastAPI

    app = FastAPI()

    @app.post("/predict")
    def predict(customer: Customer):
        return score(customer)

    return app


def flask_app():
    from flask import Flask, jsonify, request

    app = Flask(__name__)

    @app.post("/predict")
    def predict():
        try:
            return jsonify(score(Customer.model_validate_json(request.get_data())))
        except ValidationError as fault:
            return jsonify(error=fault.errors(include_url=False, include_context=False)), 422

    return app
