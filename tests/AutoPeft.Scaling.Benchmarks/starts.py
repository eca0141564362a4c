"""Minimises the Huber sum of log (or linear) residuals of a formula from the starts given: best objective of scipy.optimize.least_squares.

usage: starts.py TABLE.csv TARGET FORMULA PARAMETERS STARTS.csv log|linear
"""
import sys
import warnings
import numpy as np
from scipy.optimize import least_squares

table, target, formula, parameters, starts, scale = sys.argv[1:]
warnings.simplefilter("ignore")
names = open(table).readline().strip().split(",")
columns = dict(zip(names, np.loadtxt(table, delimiter=",", skiprows=1).T))
parameters = parameters.split(",")
code = compile(formula.replace("^", "**").replace("lambda", "lambda_"), "formula", "eval")
functions = {"exp": np.exp, "log": np.log, "max": np.maximum, "min": np.minimum, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}
seen = columns.pop(target)


def residuals(theta):
    scope = {k.replace("lambda", "lambda_"): v for k, v in zip(parameters, theta)}
    f = eval(code, {**functions, **columns, **scope}) + np.zeros_like(seen)
    r = np.log(f) - np.log(seen) if scale == "log" else f - seen
    return np.where(np.isfinite(r), r, 1e3)


best = np.inf
for start in np.atleast_2d(np.loadtxt(starts, delimiter=",")):
    try:
        at = least_squares(residuals, start, x_scale="jac", max_nfev=400).x
        for loss, threshold in (("huber", 1e-2), ("huber", 1e-3)):
            at = least_squares(residuals, at, x_scale="jac", loss=loss, f_scale=threshold, xtol=1e-14, ftol=1e-14, gtol=1e-14,
                               max_nfev=1000).x
        r = np.abs(residuals(at))
        best = min(best, np.where(r <= 1e-3, r * r / 2, 1e-3 * (r - 5e-4)).sum())
    except ValueError:
        pass
print(f"{best:.12g}")
