"""BG/NBD and Gamma-Gamma by bespoke and by lifetimes, of the same sales.

    run clv --transactions sales.csv --calibration-end 1997-09-30 --holdout-days 273

bespoke's fit is timed by the clock and lifetimes' by CPU time, both on one thread, and the least of
several rounds counts, so that what else runs on the machine is not timed. The program as a whole, with
reading the file, predicting and printing, is timed by CPU time besides.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
from scipy.special import gammaln

warnings.filterwarnings("ignore")


def summary(path, end, days):
    """Each customer's x, t_x and T in weeks, mean amount, and purchases of the holdout."""
    sales = pd.read_csv(path, dtype={"customer": str}, parse_dates=["date"])
    sales = sales.groupby(["customer", "date"], as_index=False)["amount"].sum()
    end = pd.Timestamp(end)
    later = sales[(sales["date"] > end) & (sales["date"] <= end + pd.Timedelta(days=days))]
    sales = sales[sales["date"] <= end]
    first = sales.groupby("customer")["date"].transform("min")
    by = sales.groupby("customer")["date"]
    rows = pd.DataFrame(
        {
            "x": by.count() - 1,
            "t_x": (by.max() - by.min()).dt.days / 7.0,
            "T": (end - by.min()).dt.days / 7.0,
            "mean": sales[sales["date"] > first].groupby("customer")["amount"].mean(),
        }
    )
    rows["bought"] = later.groupby("customer")["date"].count()
    return rows.fillna({"mean": 0.0, "bought": 0})


def log_likelihood(rows, r, alpha, a, b):
    """Equation 6 of Fader, Hardie and Lee (2005), by weeks; lifetimes' own is of rescaled time."""
    x, t_x, age = (rows[name].to_numpy(float) for name in ("x", "t_x", "T"))
    gammas = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    gammas += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    there = -(r + x) * np.log(alpha + age)
    repeated = x > 0
    left = np.log(a) - np.log(np.where(repeated, b + x - 1, 1.0)) - (r + x) * np.log(alpha + t_x)
    return float(np.sum(gammas + np.where(repeated, np.logaddexp(there, left), there)))


def timed(function, rounds):
    """The result, and the least CPU time of several rounds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return result, min(times)


def bespoke(options):
    command = [os.path.join(options.programs, "clv"), "--transactions", options.transactions]
    command += ["--calibration-end", options.calibration_end]
    command += ["--holdout-days", str(options.holdout_days), "--model", "bgnbd", "--value"]
    times, fits = [], []
    for _ in range(options.rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        answer = json.loads(done.stdout)
        fits.append(answer["fit_s"])
    return answer, min(fits), min(times)


def peer(rows, options):
    """What lifetimes finds, in the form of bespoke's answer, and the CPU time of either fit."""
    fitter, seconds = timed(
        lambda: BetaGeoFitter().fit(rows["x"], rows["t_x"], rows["T"]), options.rounds
    )
    params = {name: float(fitter.params_[name]) for name in ("r", "alpha", "a", "b")}
    weeks = options.holdout_days / 7.0
    predicted = fitter.conditional_expected_number_of_purchases_up_to_time(
        weeks, rows["x"], rows["t_x"], rows["T"]
    )
    off = predicted - rows["bought"]
    spent = rows[(rows["x"] > 0) & (rows["mean"] > 0)]
    amounts, amount_seconds = timed(
        lambda: GammaGammaFitter().fit(spent["x"], spent["mean"]), options.rounds
    )
    answer = {
        "params": params,
        "log_likelihood": log_likelihood(rows, **params),
        "customers": len(rows),
        "holdout_actual": int(rows["bought"].sum()),
        "holdout_predicted": float(predicted.sum()),
        "mae": float(off.abs().mean()),
        "rmse": float((off**2).mean() ** 0.5),
        "gamma_gamma": {name: float(amounts.params_[name]) for name in ("p", "q", "v")},
    }
    return answer, seconds, amount_seconds


def figures(answer):
    rows = [(name, answer["params"][name]) for name in ("r", "alpha", "a", "b")]
    rows += [(name, answer["gamma_gamma"][name]) for name in ("p", "q", "v")]
    names = ["log_likelihood", "customers", "holdout_actual", "holdout_predicted", "mae", "rmse"]
    return rows + [(name, answer[name]) for name in names]


def main():
    parser = argparse.ArgumentParser()
    data = Path(os.environ.get("BESPOKE_DATA", Path(__file__).parents[4] / "shared/data"))
    parser.add_argument("--programs", required=True)
    parser.add_argument("--transactions", default=str(data / "cdnow/cdnow_sample.csv"))
    parser.add_argument("--calibration-end", default="1997-09-30")
    parser.add_argument("--holdout-days", type=int, default=273)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not os.path.exists(options.transactions):
        print(f"skipped: {options.transactions} not present")
        return 0
    ours, own_fit, seconds = bespoke(options)
    rows = summary(options.transactions, options.calibration_end, options.holdout_days)
    theirs, fit, amount_fit = peer(rows, options)
    print(f"{'':20} {'bespoke':>14} {'lifetimes':>14}")
    for (name, one), (_, other) in zip(figures(ours), figures(theirs)):
        print(f"{name:20} {one:14.6g} {other:14.6g}" if name != "log_likelihood" else
              f"{name:20} {one:14.5f} {other:14.5f}")
    print(f"{'BG/NBD fit, ms':20} {own_fit * 1e3:14.1f} {fit * 1e3:14.1f}")
    print(f"{'all, ms':20} {seconds * 1e3:14.1f} {(fit + amount_fit) * 1e3:14.1f} (its two fits)")
    print(f"the fit takes {own_fit / fit:.3f} of lifetimes' time")
    near = abs(ours["log_likelihood"] - log_likelihood(rows, **ours["params"])) < 1e-5
    better = ours["log_likelihood"] >= theirs["log_likelihood"] - 1e-6
    counts = all(ours[name] == theirs[name] for name in ("customers", "holdout_actual"))
    if not (near and better and counts and ours["mae"] <= theirs["mae"] + 1e-3):
        print("they disagree", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
