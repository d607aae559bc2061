"""Logistic regressions, forests and boosted trees by bespoke, scikit-learn and LightGBM, on the same
rows and folds.

    run trees [--rows 100000] [--folds 5] [--only telco,shoppers,small,large,numbers]

bespoke's programs `churn` and `regress` say what their fits and scores took of CPU time; the peers are
timed the same way here, on one thread. A fold is the index of the row modulo the folds.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# By how much a peer may be better, how much of its fit's time bespoke's may take, and of its scores'.
# scikit-learn scores by whole arrays and is no measure of it.
BOUNDS = {
    "logistic": (0.001, None, None),
    "forest": (0.005, 0.7, None),
    "boosted": (0.004, 1.3, 1.0),
}


def generated(folder, rows):
    """People on whom much depends in ways that are not straight, and much on chance."""
    draws = np.random.default_rng(20240607)
    x = draws.normal(size=(rows, 20))
    x[:, 5] = draws.poisson(3, rows)
    x[:, 6] = np.exp(draws.normal(size=rows))
    x[:, 7] = draws.integers(0, 2, rows)
    x[:, 8] = draws.integers(0, 5, rows)
    x[:, 9] = draws.exponential(2, rows)
    z = 0.8 * x[:, 0] - 0.6 * x[:, 1] + 0.5 * x[:, 2] * x[:, 3] + 0.7 * np.sin(2 * x[:, 4])
    z += 0.4 * (x[:, 5] > 4) - 0.5 * np.log1p(x[:, 6]) * x[:, 7] + 0.3 * (x[:, 8] == 2)
    z += 0.4 * np.abs(x[:, 10]) - 0.3 * x[:, 11] ** 2 * (x[:, 12] > 0) - 1.8
    happened = draws.random(rows) < 1 / (1 + np.exp(-z))
    amount = 10 * z + 10 * draws.normal(size=rows)
    for name, labels in [("classes", happened.astype(int)), ("numbers", amount)]:
        with open(folder / f"{name}-{rows}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([f"x{at}" for at in range(20)] + ["label"])
            writer.writerows([*row, label] for row, label in zip(x.tolist(), labels.tolist()))


def cases(options, folder):
    """Name, file, label, what it is when it happened (nothing for numbers), columns left out."""
    data = Path(os.environ.get("BESPOKE_DATA", Path(__file__).parents[4] / "shared/data"))
    small = min(options.rows, 7_000)
    for rows in sorted({small, options.rows}):
        generated(folder, rows)
    telco = data / "telco_churn/Telco-Customer-Churn.csv"
    shoppers = data / "online_shoppers/online_shoppers_intention.csv"
    return [
        ("telco", telco, "Churn", "Yes", ["customerID"]),
        ("shoppers", shoppers, "Revenue", "True", []),
        ("small", folder / f"classes-{small}.csv", "label", "1", []),
        ("large", folder / f"classes-{options.rows}.csv", "label", "1", []),
        ("numbers", folder / f"numbers-{options.rows}.csv", "label", None, []),
    ]


def read(path, label, positive, dropped):
    """Columns of numbers, texts as numbers of their own; which are texts; the labels."""
    with open(path, newline="") as file:
        names, *rows = csv.reader(file)
    at = names.index(label)
    labels = [row[at] for row in rows]
    labels = np.array([float(text == positive) if positive else float(text) for text in labels])
    columns, texts = [], []
    for place, name in enumerate(names):
        if place == at or name in dropped:
            continue
        cells = [row[place].strip() for row in rows]
        try:
            columns.append([float(cell) if cell else np.nan for cell in cells])
        except ValueError:
            texts.append(len(columns))
            known = {text: float(number) for number, text in enumerate(sorted(set(cells)))}
            columns.append([known[cell] for cell in cells])
    return np.array(columns).T.copy(), texts, labels


def peer(model, classes, texts):
    if model == "logistic":
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        levels = OneHotEncoder(handle_unknown="ignore")
        columns = make_column_transformer((levels, texts), remainder=numbers)
        return make_pipeline(columns, LogisticRegression(max_iter=1000))
    if model == "boosted":
        kind = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
        return kind(n_estimators=100, learning_rate=0.1, num_leaves=31, n_jobs=1, verbose=-1)
    kind = RandomForestClassifier if classes else RandomForestRegressor
    return kind(n_estimators=100, n_jobs=1, random_state=1, **({} if classes else {"max_features": 1 / 3}))


def judged(model, table, classes, folds):
    columns, texts, labels = table
    scores = np.zeros(len(labels))
    fit = score = 0.0
    for fold in range(folds):
        held = np.arange(len(labels)) % folds == fold
        fitted = peer(model, classes, texts)
        also = {"categorical_feature": texts} if model == "boosted" and texts else {}
        start = time.process_time()
        fitted.fit(columns[~held], labels[~held], **also)
        between = time.process_time()
        rows = columns[held]
        scores[held] = fitted.predict_proba(rows)[:, 1] if classes else fitted.predict(rows)
        fit += between - start
        score += time.process_time() - between
    error = float(np.sqrt(np.mean((scores - labels) ** 2)))
    figure = roc_auc_score(labels, scores) if classes else error
    return figure, fit, score * 1e6 / len(labels)


def bespoke(options, model, case):
    _, path, label, positive, dropped = case
    program = "churn" if positive else "regress"
    command = [os.path.join(options.programs, program), "--table", str(path), "--model", model]
    command += ["--label", label, "--positive", positive] if positive else ["--target", label]
    command += ["--folds", str(options.folds)] + (["--drop", ",".join(dropped)] if dropped else [])
    answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       check=True).stdout)
    figure = answer["auc" if positive else "rmse"]
    return figure, answer["fit_cpu_s"], answer.get("score_us_per_row")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", default="telco,shoppers,small,large,numbers")
    options = parser.parse_args()
    short = []
    print(f"{'':10} {'model':8} {'bespoke':>9} {'peer':>9} {'fit s':>8} {'peer':>8} {'us/row':>7} {'peer':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(options, Path(folder)):
            name, path, classes = case[0], case[1], case[3] is not None
            if name not in options.only.split(","):
                continue
            if not path.exists():
                print(f"{name:10} skipped: {path} not present")
                continue
            table = read(path, *case[2:])
            for model, (margin, of_fit, of_score) in BOUNDS.items():
                if model == "logistic" and not classes:
                    continue
                ours, fit, score = bespoke(options, model, case)
                theirs, peer_fit, peer_score = judged(model, table, classes, options.folds)
                print(f"{name:10} {model:8} {ours:9.5f} {theirs:9.5f} {fit:8.2f} {peer_fit:8.2f} "
                      f"{score or 0:7.2f} {peer_score:7.2f}", flush=True)
                near = ours >= theirs - margin if classes else ours <= theirs * (1 + 5 * margin)
                if not near:
                    short.append(f"{name}, {model}: {ours:.5f} for {theirs:.5f}")
                if of_fit and fit > of_fit * peer_fit:
                    short.append(f"{name}, {model}: the fit takes {fit / peer_fit:.2f} of the peer's")
                if score and of_score and score > of_score * peer_score:
                    short.append(f"{name}, {model}: a score takes {score / peer_score:.2f}")
    for line in short:
        print(line, file=sys.stderr)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
