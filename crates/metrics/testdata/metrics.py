"""Writes golden.json: vectors with ties and extremes, and what the reference tools say of them.

Run it with the versions of README.md: python metrics.py > golden.json
"""
import json
import math

import numpy as np
import scipy
import scipy.stats
import sklearn
import sklearn.metrics as sk


def ece_equal_mass(y, p, bins):
    order = np.argsort(p, kind="stable")
    total = 0.0
    for part in np.array_split(order, bins):
        if len(part):
            total += len(part) / len(y) * abs(p[part].mean() - y[part].mean())
    return total


def topk_hits(y, p, fraction):
    k = max(int(round(fraction * len(y))), 1)
    t = np.sort(p)[::-1][k - 1]
    above, tie = p > t, p == t
    return k, y[above].sum() + (k - above.sum()) * y[tie].mean()


def delong(y, a, b):
    """The definition: the full matrix of pairwise comparisons."""
    def kernel(s):
        pos, neg = s[y == 1][:, None], s[y == 0][None, :]
        return (pos > neg) + 0.5 * (pos == neg)
    ks = [kernel(a), kernel(b)]
    m, n = ks[0].shape
    s10 = np.cov([k.mean(axis=1) for k in ks])
    s01 = np.cov([k.mean(axis=0) for k in ks])
    cov = s10 / m + s01 / n
    auc = [k.mean() for k in ks]
    se = math.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    d = auc[0] - auc[1]
    q = scipy.stats.norm.ppf(0.975)
    return dict(auc=auc, covariance=cov.tolist(), standard_error=se, low=d - q * se, high=d + q * se,
                p_value=2 * scipy.stats.norm.sf(abs(d) / se))


def expected(y, p, threshold):
    pr, rc, th = sk.precision_recall_curve(y, p)
    f = 2 * pr[:-1] * rc[:-1] / np.maximum(pr[:-1] + rc[:-1], 1e-300)
    fpr, tpr, _ = sk.roc_curve(y, p, drop_intermediate=False)
    call = p >= threshold
    e = dict(
        roc_auc=sk.roc_auc_score(y, p), pr_auc=sk.average_precision_score(y, p),
        log_loss=sk.log_loss(y, p), brier=sk.brier_score_loss(y, p), ece=ece_equal_mass(y, p, 15),
        accuracy=sk.accuracy_score(y, call), precision=sk.precision_score(y, call, zero_division=0),
        recall=sk.recall_score(y, call), f1=sk.f1_score(y, call, zero_division=0),
        matthews=sk.matthews_corrcoef(y, call), best_f1=f.max(), ks=np.abs(tpr - fpr).max(),
        precision_at_recall_75=pr[rc >= 0.75].max(),
        recall_at_precision_75=max(rc[:-1][pr[:-1] >= 0.75], default=0.0),
        mean_probability=p.mean(), base_rate=y.mean())
    for fraction, name in ((0.1, "10"), (0.2, "20")):
        k, hits = topk_hits(y, p, fraction)
        e["precision_at_" + name] = hits / k
        e["lift_at_" + name] = hits / k / y.mean()
        e["capture_at_" + name] = hits / y.sum()
    return {k: float(v) for k, v in e.items()}


def extra(y, p, threshold):
    call = p >= threshold
    fpr, tpr, _ = sk.roc_curve(y, p, drop_intermediate=False)
    return dict(f2=float(sk.fbeta_score(y, call, beta=2, zero_division=0)), ece_10=float(ece_equal_mass(y, p, 10)),
                roc_area=float(np.trapezoid(tpr, fpr)), n_roc_points=len(fpr))


def case(name, y, p, threshold):
    y, p = np.asarray(y, dtype=int), np.asarray(p, dtype=float)
    return dict(name=name, threshold=threshold, labels=y.tolist(), probabilities=p.tolist(),
                expected=expected(y, p, threshold), extra=extra(y, p, threshold))


def draw(rng, n, strength):
    p = rng.beta(1.2, 3.0, n)
    y = (rng.random(n) < p).astype(int)
    return y, np.clip(strength * p + (1 - strength) * rng.random(n), 0, 1)


def main():
    rng = np.random.default_rng(20240611)
    y1, p1 = draw(rng, 400, 0.8)
    y2, p2 = draw(rng, 333, 0.9)
    y3, p3 = draw(rng, 64, 0.7)
    p3[:6], p3[6:12] = 0.0, 1.0
    y3[:3], y3[6:8], y3[8] = 0, 1, 0
    y4 = rng.integers(0, 2, 50)
    cases = [
        case("continuous", y1, p1, 0.5),
        case("heavy ties", y2, np.round(p2 * 20) / 20, 0.35),
        case("certain and wrong", y3, p3, 0.5),
        case("two distinct scores", y4, np.where(rng.random(50) < 0.4, 0.25, 0.75), 0.5),
        case("constant scores", [0, 1, 0, 0, 1, 0, 0], [0.3] * 7, 0.5),
        case("perfect", [0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.8, 0.9], 0.5),
        case("upside down", [1, 1, 0, 0, 0, 0], [0.1, 0.2, 0.3, 0.8, 0.9, 0.7], 0.5),
        case("nobody called", [0, 1, 0, 1], [0.1, 0.3, 0.2, 0.2], 0.9),
        case("half to even", rng.permutation([1] * 9 + [0] * 16), np.round(rng.random(25), 1), 0.4),
    ]
    pairs = []
    for name, y, a in (("smooth", y1, p1), ("ties", y2, np.round(p2 * 20) / 20)):
        b = np.clip(a + rng.normal(0, 0.15, len(a)), 0, 1)
        pairs.append(dict(name=name, labels=y.tolist(), a=a.tolist(), b=b.tolist(), expected=delong(y, a, b)))
    a = np.array([0.845, 0.851, 0.838, 0.86, 0.847, 0.842, 0.855, 0.849, 0.84, 0.853])
    b = a + np.array([0.002, -0.001, 0.004, 0.003, 0.0, 0.001, 0.002, 0.005, -0.002, 0.001])
    def corrected(x, n_train, n_test):
        k = len(x)
        se = math.sqrt((1 / k + n_test / n_train) * x.var(ddof=1))
        q = scipy.stats.t.ppf(0.975, k - 1)
        return dict(mean=x.mean(), standard_error=se, low=x.mean() - q * se, high=x.mean() + q * se,
                    p_value=2 * scipy.stats.t.sf(abs(x.mean()) / se, k - 1))
    folds = dict(a=a.tolist(), b=b.tolist(), n_train=5634, n_test=1409,
                 single=corrected(a, 5634, 1409), paired=corrected(a - b, 5634, 1409))
    dist = dict(
        normal_two_sided=[[z, 2 * scipy.stats.norm.sf(z)] for z in (0.0, 1e-3, 0.5, 1.0, 1.7, 1.96, 3.0, 6.0, 20.0)],
        normal_quantile=[[s, scipy.stats.norm.ppf(s)] for s in (0.001, 0.025, 0.3, 0.5, 0.9, 0.975, 0.9999)],
        t_two_sided=[[t, v, 2 * scipy.stats.t.sf(t, v)] for t in (0.01, 0.7, 2.0, 5.0, 40.0) for v in (1, 2, 4, 9, 29, 500)],
        t_quantile=[[s, v, scipy.stats.t.ppf(s, v)] for s in (0.025, 0.6, 0.975, 0.995) for v in (1, 2, 4, 9, 29, 500)])
    tools = dict(scikit_learn=sklearn.__version__, scipy=scipy.__version__, numpy=np.__version__)
    print(json.dumps(dict(tools=tools, cases=cases, delong=pairs, folds=folds, distributions=dist), separators=(",", ":")))


main()
