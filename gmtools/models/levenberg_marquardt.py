"""Levenberg-Marquardt training of small networks: damped Gauss-Newton steps with an exact Jacobian, in NumPy.

SciPy's ``least_squares`` is not used because these networks have more weights than residuals: 1,028 against 549.
MINPACK ("lm") refuses that, and "trf" decomposes the 549 x 1,028 Jacobian by singular values in each step. Measured on
such a network it needed four times as many steps, each about ten times as long, as what stands here: the Cholesky
factor of the 549 x 549 matrix that the damped step needs.
"""

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from tqdm.auto import tqdm

from gmtools.errors import GmtoolsError

DAMPING_DECREASE, DAMPING_INCREASE, LARGEST_DAMPING = 0.1, 10.0, 1e10
SMALLEST_GRADIENT = 1e-7


def minimize(residuals, jacobian, start, *, epochs=1000, goal=0.0, damping=1e-3, validation=None, patience=6,
             text="Levenberg-Marquardt"):  # fmt: skip
    """Weights with a small mean of squared residuals.

    With residuals r (m), Jacobian J = dr/dw (m, n) and damping mu a step is -(J'J/m + mu I)^-1 J'r/m. With more
    weights than residuals the same step is -J'(JJ' + m mu I)^-1 r, with an m x m matrix to factorize. A step that makes
    the mean square smaller is taken and mu divided by ten; otherwise mu is multiplied by ten and the step repeated.

    Parameters
    ----------
    residuals : callable
        Weights (n,) -> residuals (m,).
    jacobian : callable
        Weights (n,) -> array (m, n).
    start : (n,) array
    epochs : int
        Steps that are taken at most.
    goal : float
        Mean square at which to stop.
    damping : float
        Initial mu.
    validation : callable, optional
        Weights -> residuals of other examples. The weights of their smallest mean square are returned, and training
        stops after ``patience`` steps in a row without a smaller one. Examples that were used so are no test any more.
    patience : int
    text : str
        Shown beside the progress bar.

    Returns
    -------
    weights : ndarray, (n,)
    history : DataFrame
        The start and each step: ``epoch``, ``mse``, ``damping`` and, with ``validation``, ``val_mse``.

    Raises
    ------
    GmtoolsError
        The residuals at the start are not finite.

    Source: Marquardt (1963), eq. 24-26; Hagan & Menhaj (1994), eq. 12-15. Damping, its factors and the reasons to stop
    are the defaults of MATLAB's ``trainlm``, with which the thesis was computed.
    """
    weights = best = np.array(start, float)
    residual, failures = residuals(weights), 0
    if not np.isfinite(residual).all():
        raise GmtoolsError(f"{(~np.isfinite(residual)).sum()} residuals are not finite at the start: check the inputs.")
    rows = [_row(0, residual, damping, validation, weights)]
    with tqdm(total=epochs, desc=text, unit="step", leave=False) as bar:
        while len(rows) <= epochs and rows[-1]["mse"] > goal and failures < patience:
            step, damping, trial = _accepted_step(residuals, jacobian(weights), weights, residual, damping)
            if step is None:
                break
            weights, residual = weights + step, trial
            rows.append(_row(len(rows), residual, damping, validation, weights))
            if validation is None or rows[-1]["val_mse"] < min(row["val_mse"] for row in rows[:-1]):
                best, failures = weights, 0
            else:
                failures += 1
            bar.set_postfix(mse=f"{rows[-1]['mse']:.4f}")
            bar.update()
    return best, pd.DataFrame(rows)


def _row(epoch, residual, damping, validation, weights):
    row = {"epoch": epoch, "mse": float(np.mean(residual**2)), "damping": damping}
    return row if validation is None else {**row, "val_mse": float(np.mean(validation(weights) ** 2))}


def _accepted_step(residuals, jacobian, weights, residual, damping):
    """Raise the damping until a step helps: step, next damping and new residuals, or None at a minimum."""
    if np.linalg.norm(jacobian.T @ residual) * 2 / len(residual) < SMALLEST_GRADIENT:
        return None, damping, residual
    wide = jacobian.shape[1] > len(residual)
    square = jacobian @ jacobian.T if wide else jacobian.T @ jacobian
    before, diagonal = residual @ residual, np.diag_indices(len(square))
    while damping <= LARGEST_DAMPING:
        damped = square.copy()
        damped[diagonal] += len(residual) * damping
        try:
            factor = cho_factor(damped, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:  # too little damping for a positive definite matrix
            damping *= DAMPING_INCREASE
            continue
        solve = residual if wide else jacobian.T @ residual
        step = -cho_solve(factor, solve, check_finite=False)
        step = jacobian.T @ step if wide else step
        trial = residuals(weights + step)
        if trial @ trial < before:
            return step, damping * DAMPING_DECREASE, trial
        damping *= DAMPING_INCREASE
    return None, damping, residual
