"""Our models beside the Python packages on the same folds: `cargo xtask parity` runs this.

parity.py CHURN DATA_DIR WORK [NAME ...]

CHURN is the built program, DATA_DIR holds the public files, WORK is an empty folder. For each data
set `churn init` says what the columns are, both sides train on the same rows and folds, and three
things are compared:

forest    the same parameters in scikit-learn: ROC-AUC and log loss within 0.003
catboost  the same parameters in catboost:     ROC-AUC and log loss within 0.003
tuned     the best of our families beside the best of the packages', each tuned by as many trials
          on the training rows of the first fold of each repeat: ROC-AUC at most 0.002 less

ROC-AUC is the mean over folds. Log loss is of the model's own probabilities, over the rows of the
first repeat: churn calibrates what it serves, the packages do not, so what calibration made of it
is said beside the line and not compared. Exit code 1 when a line fails, 2 when a side could not
run.
"""
import gzip
import hashlib
import json
import os
import subprocess
import sys
import time
import warnings
from typing import NamedTuple

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
warnings.filterwarnings("ignore")

import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import log_loss, roc_auc_score

# Name: file, repeats of 5 folds, most rows (a hash of the key draws them; None takes all).
DATA = {
    "telco": ("telco-customer-churn.csv", 2, None),
    "bank-churn": ("bank-churn.csv", 1, None),
    "cell2cell": ("cell2cell.csv.gz", 1, 10_000),
}
N_FOLDS = 5
TRIALS = 10
INNER_FOLDS = 3
FOREST = dict(n_estimators=300, max_depth=14, min_samples_leaf=10, max_features=0.3)
CATBOOST = dict(iterations=300, learning_rate=0.06, depth=5, l2_leaf_reg=3.0)
# Our families that are tuned, and theirs.
TUNED = ("logistic", "xgboost", "catboost"), ("logistic", "xgboost", "lightgbm", "catboost")
WITHIN = 0.003
BELOW = 0.002
# How near a probability may come to 0 and 1: what churn allows the share of a forest.
LEAST_SHARE = 1e-6


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Scores(NamedTuple):
    """What one family came to on the folds."""

    auc: float  # mean over all folds
    loss: float  # of the model's own probabilities, over the rows of the first repeat
    note: str = ""


class Table:
    """One data set as both sides see it."""

    def __init__(self, churn, data_dir, work, name):
        file, self.n_repeats, most = DATA[name]
        self.name = name
        self.home = os.path.join(work, name)
        os.makedirs(self.home)
        self.csv = os.path.join(self.home, "data.csv")
        self.spec = os.path.join(self.home, "spec.yaml")
        source = os.path.join(data_dir, file)
        opened = gzip.open(source, "rt") if file.endswith(".gz") else open(source)
        with opened as text:
            raw = pd.read_csv(text, dtype=str, keep_default_na=False)
        raw.to_csv(self.csv, index=False)
        run(churn, self.home, "init", self.csv, "-o", self.spec)
        spec = yaml.safe_load(open(self.spec))
        roles = {c["name"]: c.get("roles", ["feature"]) for c in spec["columns"]}
        kinds = {c["name"]: c["kind"] for c in spec["columns"]}
        key = next(c for c in roles if "key" in roles[c])
        target = next(c for c in roles if "target" in roles[c])
        if most:
            order = sorted(range(len(raw)), key=lambda row: sha256("parity:" + raw[key].iloc[row]))
            raw = raw.iloc[sorted(order[:most])].reset_index(drop=True)
            raw.to_csv(self.csv, index=False)
        leaving = next(c["positive"] for c in spec["columns"] if "positive" in c)
        self.y = (raw[target] == leaving).to_numpy().astype(int)
        missing = set(spec.get("missing_tokens", [])) | {"", " "}
        features = [c for c in raw if "feature" in roles.get(c, [])]
        self.categories = [c for c in features if kinds[c] in ("category", "text")]
        self.numbers = [c for c in features if c not in self.categories]
        clean = raw.where(~raw.apply(lambda column: column.str.strip().isin(missing)))
        self.X = clean[self.categories].fillna("").copy()
        for c in self.numbers:
            self.X[c] = pd.to_numeric(clean[c])
        self.folds = self.make_folds(raw[key])

    def make_folds(self, keys):
        """Within each class, rows by a hash of repeat and key; fold = rank mod 5."""
        folds, lines = [], ["key,repeat,fold"]
        for repeat in range(self.n_repeats):
            hashes = np.array([sha256(f"{repeat}:{key}") for key in keys])
            fold_of = np.empty(len(keys), dtype=int)
            for label in (0, 1):
                rows = np.flatnonzero(self.y == label)
                fold_of[rows[np.argsort(hashes[rows], kind="stable")]] = np.arange(len(rows)) % N_FOLDS
            lines += [f"{key},{repeat},{fold}" for key, fold in zip(keys, fold_of)]
            folds += [(np.flatnonzero(fold_of != f), np.flatnonzero(fold_of == f)) for f in range(N_FOLDS)]
        self.fold_file = os.path.join(self.home, "folds.csv")
        with open(self.fold_file, "w") as out:
            out.write("\n".join(lines) + "\n")
        return folds


def run(churn, home, *arguments):
    command = [churn, "--home", os.path.join(home, "var"), "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    # 1 without an error is a run without a champion: its figures still count.
    if done.returncode not in (0, 1) or (done.returncode and '"candidates"' not in done.stdout):
        print(done.stderr, file=sys.stderr)
        print("failed: " + " ".join(command), file=sys.stderr)
        sys.exit(2)
    return done.stdout


# ---------------------------------------------------------------- our side
def ours(churn, table, config):
    """-> scores by family."""
    path = os.path.join(table.home, "train.yaml")
    with open(path, "w") as out:
        yaml.safe_dump(config | {"bootstrap_replicates": 100}, out)
    out = run(churn, table.home, "train", table.csv, "--spec", table.spec, "--folds", table.fold_file,
              "--config", path, "--no-activate")
    outcome = json.loads(out.strip().splitlines()[-1])
    if outcome["data"]["n_development"] != len(table.y):
        print(f"{table.name}: churn used {outcome['data']['n_development']} rows of {len(table.y)}", file=sys.stderr)
        sys.exit(2)
    return {candidate["algorithm"]: our_scores(candidate) for candidate in outcome["candidates"]}


def our_scores(candidate):
    """The loss before calibration is that of the form that leaves probabilities as they are."""
    calibration = candidate["calibration"]
    kind, losses = calibration["kind"], dict(calibration["log_losses"])
    note = "" if kind == "identity" else f"; {kind} calibration: loss {losses[kind]:.4f}"
    return Scores(candidate["cv"]["roc_auc"]["mean"], losses["identity"], note)


# ---------------------------------------------------------------- their side
class OneHot:
    """Levels of the training rows; numbers as they are, scaled if asked."""

    def __init__(self, table, rows, scaled=False):
        self.levels = {c: sorted(set(table.X[c].iloc[rows])) for c in table.categories}
        numbers = table.X[table.numbers].iloc[rows]
        self.mean, self.deviation = (numbers.mean(), numbers.std(ddof=0).replace(0, 1)) if scaled else (0, 1)
        self.scaled = scaled

    def __call__(self, table, rows):
        part = table.X.iloc[rows]
        columns = [(part[c] == level).to_numpy(dtype=np.float32)
                   for c, levels in self.levels.items() for level in levels]
        numbers = (part[table.numbers] - self.mean) / self.deviation
        if self.scaled:
            numbers = numbers.fillna(0)
        return np.column_stack(columns + [numbers.to_numpy(dtype=np.float32)])


class Codes(OneHot):
    def __call__(self, table, rows):
        part = table.X.iloc[rows]
        columns = [part[c].map({v: i for i, v in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.float32)
                   for c, levels in self.levels.items()]
        return np.column_stack(columns + [part[table.numbers].to_numpy(dtype=np.float32)])


def fit_predict(family, params, table, train, test, seed):
    y = table.y[train]
    if family == "catboost":
        from catboost import CatBoostClassifier
        model = CatBoostClassifier(cat_features=table.categories, random_seed=seed, verbose=0,
                                   allow_writing_files=False, thread_count=1, **params)
        return model.fit(table.X.iloc[train], y).predict_proba(table.X.iloc[test])[:, 1]
    if family == "lightgbm":
        import lightgbm
        encode = Codes(table, train)
        model = lightgbm.LGBMClassifier(n_jobs=1, random_state=seed, verbose=-1, subsample_freq=1, **params)
        model.fit(encode(table, train), y, categorical_feature=list(range(len(table.categories))))
        return model.predict_proba(encode(table, test))[:, 1]
    if family == "xgboost":
        import xgboost
        model = xgboost.XGBClassifier(tree_method="hist", n_jobs=1, random_state=seed, **params)
    elif family == "forest":
        from sklearn.ensemble import RandomForestClassifier
        model = RandomForestClassifier(n_jobs=1, random_state=seed, **params)
    else:
        from sklearn.linear_model import LogisticRegression
        model = LogisticRegression(max_iter=2000, **params)
    encode = OneHot(table, train, scaled=family == "logistic")
    return model.fit(encode(table, train), y).predict_proba(encode(table, test))[:, 1]


def theirs(family, params_of_fold, table):
    said = [fit_predict(family, params_of_fold(number), table, train, test, number)
            for number, (train, test) in enumerate(table.folds)]
    aucs = [roc_auc_score(table.y[test], p) for (_, test), p in zip(table.folds, said)]
    first = np.concatenate([test for _, test in table.folds[:N_FOLDS]])
    return Scores(np.mean(aucs), loss_of(table.y[first], np.concatenate(said[:N_FOLDS])))


def loss_of(y, p):
    return log_loss(y, np.clip(p, LEAST_SHARE, 1 - LEAST_SHARE))


def space(trial, family):
    number, whole = trial.suggest_float, trial.suggest_int
    if family == "logistic":
        return dict(C=number("C", 1e-3, 1e2, log=True))
    if family == "catboost":
        return dict(iterations=whole("iterations", 100, 400, step=20), depth=whole("depth", 3, 6),
                    learning_rate=number("learning_rate", 0.03, 0.2, log=True),
                    l2_leaf_reg=number("l2_leaf_reg", 1, 30, log=True),
                    random_strength=number("random_strength", 0.1, 10, log=True), one_hot_max_size=4)
    shared = dict(n_estimators=whole("n_estimators", 50, 500, step=10),
                  learning_rate=number("learning_rate", 0.01, 0.2, log=True),
                  subsample=number("subsample", 0.5, 1.0),
                  colsample_bytree=number("colsample_bytree", 0.3, 1.0))
    if family == "xgboost":
        return shared | dict(max_depth=whole("max_depth", 2, 6), min_child_weight=number("min_child_weight", 1, 20, log=True),
                             reg_lambda=number("reg_lambda", 0.1, 30, log=True), gamma=number("gamma", 0.0, 3.0))
    return shared | dict(num_leaves=whole("num_leaves", 4, 32), min_child_samples=whole("min_child_samples", 5, 80),
                         reg_lambda=number("reg_lambda", 0.01, 30, log=True), cat_smooth=number("cat_smooth", 1, 50, log=True))


def tune(family, table, rows, seed):
    """TPE on the log loss of inner folds of `rows`."""
    import optuna
    from sklearn.model_selection import StratifiedKFold
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    inner = list(StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed).split(rows, table.y[rows]))

    def loss(trial):
        params = space(trial, family)
        losses = [loss_of(table.y[rows[b]], fit_predict(family, params, table, rows[a], rows[b], seed)) for a, b in inner]
        return float(np.mean(losses))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(loss, n_trials=TRIALS)
    return study.best_params


def tuned(family, table):
    found = [tune(family, table, table.folds[repeat * N_FOLDS][0], repeat) for repeat in range(table.n_repeats)]
    return theirs(family, lambda number: found[number // N_FOLDS], table)


# ---------------------------------------------------------------- the table
def main():
    churn, data_dir, work, *names = sys.argv[1:]
    failed = False
    print(f"{'data':<11} {'what':<9} {'ours AUC':>9} {'peer AUC':>9} {'diff':>8} {'ours loss':>9} {'peer loss':>9} {'diff':>8}  verdict", flush=True)

    def line(name, what, mine, other, ok, note):
        nonlocal failed
        failed |= not ok
        print(f"{name:<11} {what:<9} {mine.auc:>9.4f} {other.auc:>9.4f} {mine.auc - other.auc:>+8.4f} "
              f"{mine.loss:>9.4f} {other.loss:>9.4f} {mine.loss - other.loss:>+8.4f}  {'ok' if ok else 'FAILED'} "
              f"({note}{mine.note})", flush=True)

    started = time.perf_counter()
    for name in names or DATA:
        table = Table(churn, data_dir, work, name)
        widest = max((table.X[c].nunique() for c in table.categories), default=0)
        parameters = {
            "forest": FOREST | {"max_one_hot_levels": widest},
            # The peers' defaults where nothing is named.
            "catboost": CATBOOST | {"one_hot_max_size": 2, "bootstrap_type": "mvs", "early_stopping_rounds": None},
        }
        mine = ours(churn, table, {"algorithms": ["forest", "catboost"], "parameters": parameters})
        for family, params in (("forest", FOREST), ("catboost", CATBOOST)):
            other = theirs(family, lambda _: params, table)
            ok = abs(mine[family].auc - other.auc) <= WITHIN and abs(mine[family].loss - other.loss) <= WITHIN
            line(name, family, mine[family], other, ok, f"both within {WITHIN}")
        tuning = {"trials": TRIALS, "folds": INNER_FOLDS, "scope": "each_repeat"}
        mine = ours(churn, table, {"algorithms": list(TUNED[0]), "tuning": tuning})
        others = {family: tuned(family, table) for family in TUNED[1]}
        best, peer = (max(side, key=lambda family: side[family].auc) for side in (mine, others))
        ok = mine[best].auc >= others[peer].auc - BELOW
        line(name, "tuned", mine[best], others[peer], ok, f"our {best}, their {peer}; AUC at most {BELOW} less")
    cpu = sum(os.times()[:4])
    print(f"took {time.perf_counter() - started:.0f} s, {cpu:.0f} s of processor time on both sides", flush=True)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
