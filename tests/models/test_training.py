import numpy as np
import pandas as pd
import pytest

from gmtools import columns
from gmtools.data import portable
from gmtools.models import ann, training
from gmtools.studies import recipes


@pytest.fixture
def frame():
    rng = np.random.default_rng(2)
    n = 300
    table = pd.DataFrame(
        {
            columns.EVENT: [f"E{i}" for i in rng.integers(0, 25, n)],
            columns.MAGNITUDE: rng.uniform(4, 7, n),
            columns.RJB: rng.uniform(1, 200, n),
            columns.VS30: rng.uniform(200, 900, n),
        }
    )
    motion = table[columns.MAGNITUDE] - 1.3 * np.log(table[columns.RJB] + 5) - 0.5 * np.log(table[columns.VS30])
    for period in columns.PERIODS:
        table[columns.psa(period)] = np.exp(motion)
    return table


def test_folds_keep_events_together(frame):
    folds = training.event_folds(frame[columns.EVENT], 5)
    assert set(folds) == set(range(5))
    assert frame.assign(fold=folds).groupby(columns.EVENT)["fold"].nunique().max() == 1


def test_a_network_never_sees_its_own_fold(frame):
    target = training.log_targets(frame, (0, 1.0))
    folds = training.event_folds(frame[columns.EVENT], 3)
    hidden = training.fold_targets(target, folds).reshape(len(frame), 3, 2)
    for fold in range(3):
        assert np.isnan(hidden[folds == fold, fold]).all()
        np.testing.assert_array_equal(hidden[folds != fold, fold], target[folds != fold])


def test_out_of_fold_takes_the_right_member():
    prediction = np.arange(12.0).reshape(3, 2, 2)
    np.testing.assert_array_equal(training.out_of_fold(prediction, np.array([0, 1, 0])), [[0, 1], [6, 7], [8, 9]])


def test_fit_makes_exactly_the_updates_that_were_asked_for(frame):
    model = ann.build(1)
    mean, sd = training.input_scale(frame)
    inputs, target = training.standardized_inputs(frame, mean, sd), training.log_targets(frame, (0,))
    history = training.fit(model, inputs, target, updates=17, batch=64, learning_rate=1e-3)
    assert int(model.optimizer.iterations) == 17  # 5 batches an epoch: three whole epochs and two batches
    assert list(history["epoch"]) == [1, 2, 3]


def test_fit_learns_a_known_scaling(frame):
    model = ann.build(1, dropout=0.0)
    mean, sd = training.input_scale(frame)
    inputs, target = training.standardized_inputs(frame, mean, sd), training.log_targets(frame, (0,))
    rate = {"learning_rate": 1e-2, "final_learning_rate": 1e-4}
    history = training.fit(model, inputs, target, updates=600, batch=64, validation=(inputs, target), **rate)
    assert history["val_loss"].iloc[-1] < 0.02 * history["val_loss"].iloc[0]
    residual = target - model.predict(inputs, verbose=0)
    assert residual.std() < 0.1 * target.std()


def test_portable_network_predicts_what_keras_predicts(frame, tmp_path):
    model = ann.build(2 * 13, seed=4)
    mean, sd = training.input_scale(frame)
    network = training.to_portable(model, mean, sd, columns.PERIODS, frame, name="test")
    portable.save(tmp_path / "network.npz", network)
    network = portable.load(tmp_path / "network.npz")
    assert network.members == 2
    expected = model.predict(training.standardized_inputs(frame, mean, sd), verbose=0).reshape(len(frame), 2, 13)
    inputs = (frame[columns.MAGNITUDE], frame[columns.RJB], frame[columns.VS30])
    np.testing.assert_allclose(network.predict_members(*inputs), expected, atol=1e-5)
    np.testing.assert_allclose(network.predict(*inputs), expected.mean(1), atol=1e-5)


def test_every_fold_of_a_transfer_starts_from_the_source(frame):
    source_model = ann.build(2 * 2, seed=4)
    mean, sd = training.input_scale(frame)
    source = training.to_portable(source_model, mean, sd, (0, 1.0), frame, name="source")
    built = ann.build(3 * 2 * 2)
    training.set_weights(built, source, copies=3)
    inputs = training.standardized_inputs(frame, mean, sd)
    expected = source_model.predict(inputs, verbose=0)
    got = built.predict(inputs, verbose=0).reshape(len(frame), 3, 4)
    np.testing.assert_allclose(got, np.repeat(expected[:, None], 3, axis=1), atol=1e-6)


def test_transfer_changes_only_what_is_not_frozen(frame):
    mean, sd = training.input_scale(frame)
    source = training.to_portable(ann.build(2, seed=4), mean, sd, (0, 1.0), frame, name="source")
    folds = training.event_folds(frame[columns.EVENT], 2)
    settings = {"target_updates": 5}
    frozen = recipes.fit_target(
        source, frame, "transfer_frozen", settings=settings, folds=folds, periods=(0, 1.0)
    )  # fmt: skip
    assert frozen.members == 2
    np.testing.assert_array_equal(frozen.weights[0][0], np.tile(source.weights[0][0], (2, 1, 1)))
    assert not np.allclose(frozen.weights[1][0], np.tile(source.weights[1][0], (2, 1, 1)))
    assert recipes.out_of_fold(frozen, frame, folds).shape == (len(frame), 2)


def test_trained_is_made_once_and_names_what_exists(monkeypatch, tmp_path):
    monkeypatch.setattr(training.cache, "PROJECT", tmp_path)
    first = training.trained("ann_nga_west2", "smoke", "simulated")
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "_build" / "models").glob("*.npz")}
    assert len(files) == 1
    again = training.trained("ann_nga_west2", "smoke", "simulated")
    np.testing.assert_array_equal(first.weights[0][0], again.weights[0][0])
    assert {path: path.stat().st_mtime_ns for path in files} == files
    with pytest.raises(KeyError, match=r"'ann_nga'.*ann_nga_west2"):
        training.trained("ann_nga", "smoke", "simulated")


@pytest.mark.parametrize("form", ["EQ0{:03d}", "{}"])
def test_the_source_is_not_trained_on_earthquakes_of_the_target(form):
    events = [form.format(number) for number in (46, 144, 178, 45, 1446)]
    frame = pd.DataFrame({columns.EVENT: [*events, "S0046", "S0492"]})
    kept = recipes.without_iran(frame)[columns.EVENT].tolist()
    assert kept == [*events[3:], "S0046", "S0492"]
