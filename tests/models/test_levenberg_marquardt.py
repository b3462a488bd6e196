import numpy as np
import pytest

from gmtools.errors import GmtoolsError
from gmtools.models import levenberg_marquardt


def rosenbrock(w):
    return np.array([10 * (w[1] - w[0] ** 2), 1 - w[0]])


def rosenbrock_jacobian(w):
    return np.array([[-20 * w[0], 10.0], [-1.0, 0.0]])


def test_the_valley_of_rosenbrock_is_followed_to_its_minimum():
    weights, history = levenberg_marquardt.minimize(rosenbrock, rosenbrock_jacobian, [-1.2, 1.0])
    np.testing.assert_allclose(weights, [1, 1], rtol=1e-6)
    assert history["mse"].is_monotonic_decreasing and len(history) < 60


def test_a_step_that_helps_divides_the_damping_by_ten_and_one_that_does_not_is_refused():
    """The full step leads from 1 to -1.002, a little worse; damped until it is half as long, it leads to 0.5."""

    def residuals(w):
        return np.where(w < 0.9, 1 - w, -1.002)

    _, history = levenberg_marquardt.minimize(residuals, lambda w: np.array([[-1.0]]), [0.0], epochs=1)
    assert history["mse"].tolist() == pytest.approx([1.0, 0.25])
    assert history["damping"].tolist() == pytest.approx([1e-3, 0.1])


def test_a_linear_problem_with_more_weights_than_residuals_takes_the_step_of_both_formulas():
    random = np.random.default_rng(0)
    matrix, right = random.normal(size=(4, 9)), random.normal(size=4)
    weights, _ = levenberg_marquardt.minimize(lambda w: matrix @ w - right, lambda w: matrix, np.zeros(9), epochs=1)
    primal = np.linalg.solve(matrix.T @ matrix + 4 * 1e-3 * np.eye(9), matrix.T @ right)
    np.testing.assert_allclose(weights, primal, rtol=1e-9)


def test_it_stops_at_the_goal():
    _, history = levenberg_marquardt.minimize(rosenbrock, rosenbrock_jacobian, [-1.2, 1.0], goal=0.5)
    assert history["mse"].iloc[-1] <= 0.5 < history["mse"].iloc[-2]


def test_the_weights_that_validation_likes_best_are_returned():
    """The other examples want 0.5; the training path from 0 to 1 passes by."""

    def training(w):
        return np.array([np.tanh(w[0]) - np.tanh(1.0)])

    def slope(w):
        return np.array([[1 / np.cosh(w[0]) ** 2]])

    weights, history = levenberg_marquardt.minimize(
        training, slope, [0.0], damping=5.0, validation=lambda w: w - 0.5, patience=3
    )
    best = history["val_mse"].idxmin()
    assert 0 < best < len(history) - 1
    assert len(history) - 1 - best <= 3
    assert (weights[0] - 0.5) ** 2 == pytest.approx(history["val_mse"].min())


def test_residuals_that_are_no_numbers_are_refused():
    with pytest.raises(GmtoolsError, match="1 residuals are not finite at the start"):
        levenberg_marquardt.minimize(lambda w: np.array([np.nan, 1]), None, [0.0])
