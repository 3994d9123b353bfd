"""Makes resample.json: neighbours, draws and synthetic rows of imbalanced-learn 0.14.2 (scikit-learn 1.9.1, numpy 2.4.6).

    pip install imbalanced-learn==0.14.2 scikit-learn==1.9.1 numpy==2.4.6
    python resample.py > resample.json

The draws are those the library makes from the same seed, in its order, so that synthetic rows can be
compared one by one. Values are rounded to 3 decimals and stored as they enter the library.
"""
import json

import imblearn
import numpy as np
import sklearn
from imblearn.over_sampling import ADASYN, SMOTE, SMOTENC
from sklearn.neighbors import NearestNeighbors

SEED, K = 7, 5
rng = np.random.default_rng(3)
n = 90
y = (np.arange(n) % 4 == 0).astype(int)
X = np.round(rng.normal(size=(n, 3)) * [1.0, 5.0, 0.5] + 0.8 * y[:, None], 3)
levels = np.column_stack([rng.integers(0, 3, n), rng.integers(0, 4, n)])
minority = np.flatnonzero(y == 1)


def neighbours(P, Q, k=K):
    """k nearest rows of P to each row of Q, itself left out as the library does."""
    return NearestNeighbors(n_neighbors=k + 1).fit(P).kneighbors(Q, return_distance=False)[:, 1:]


def smote_draws(n_rows, n_new):
    state = np.random.RandomState(SEED)
    index = state.randint(low=0, high=n_rows * K, size=n_new)
    step = state.uniform(size=n_new)
    return dict(base=(index // K).tolist(), neighbour=(index % K).tolist(), step=step.tolist())


n_new = int((y == 0).sum() - minority.size)
out = dict(versions=dict(imblearn=imblearn.__version__, sklearn=sklearn.__version__, numpy=np.__version__),
           k=K, x=X.tolist(), levels=levels.tolist(), y=y.tolist())

made, _ = SMOTE(random_state=SEED, k_neighbors=K).fit_resample(X, y)
out["smote"] = dict(neighbours=neighbours(X[minority], X[minority]).tolist(), draws=smote_draws(minority.size, n_new),
                    made=made[n:].tolist())

nc = SMOTENC([3, 4], random_state=SEED, k_neighbors=K)
made, _ = nc.fit_resample(np.column_stack([X, levels]), y)
onehot = np.column_stack([np.eye(3)[levels[:, 0]], np.eye(4)[levels[:, 1]]])
P = np.column_stack([X, onehot * nc.median_std_[1] / np.sqrt(2)])[minority]
out["smote_nc"] = dict(median_std=float(nc.median_std_[1]), neighbours=neighbours(P, P).tolist(),
                       draws=smote_draws(minority.size, n_new), made=made[n:].tolist())

made, _ = ADASYN(random_state=SEED, n_neighbors=K).fit_resample(X, y)
around = neighbours(X, X[minority])
share = (y[around] != 1).sum(axis=1) / K
counts = np.rint(share / share.sum() * n_new).astype(int)
state = np.random.RandomState(SEED)
cols = state.choice(K, size=counts.sum())
step = state.uniform(size=(counts.sum(), 1))
out["adasyn"] = dict(around=around.tolist(), counts=counts.tolist(),
                     draws=dict(base=np.repeat(np.arange(minority.size), counts).tolist(), neighbour=cols.tolist(),
                                step=step[:, 0].tolist()), made=made[n:].tolist())
print(json.dumps(out))
