import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bookkit import cli
from gmtools import columns
from gmtools.errors import ClusterUnreachable, FormatError, GmtoolsError, OutOfRange, WorkerLost
from gmtools.geodesy import with_distances
from gmtools.maps import event_records, grids
from gmtools.models import ensemble_runs, ensembles, members, resumable

GRID = grids.MapGrid(32633, 200_000, 4_700_000, 20_000, nx=12, ny=8)
MAPS = (columns.MAGNITUDE, "ln_rhyp", "easting_km")
SETTINGS = resumable.FitSettings(epochs=4, batch=4, learning_rate=3e-3, final_learning_rate=1e-3, patience=None)


@pytest.fixture(scope="module")
def static():
    return grids.static_maps(GRID, {})


@pytest.fixture(scope="module")
def records():
    """Motion that grows with magnitude and falls with distance; 22 events, so that the last batch is not full."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({columns.EVENT: np.repeat(np.arange(22), 9), columns.STATION: np.tile(np.arange(9), 22)})
    table[columns.PIXEL_ROW], table[columns.PIXEL_COLUMN] = np.tile(rng.integers(0, 8, (2, 9)), 22)
    ranges = {
        columns.MAGNITUDE: (4, 6),
        columns.EVENT_LONGITUDE: (12, 13),
        columns.EVENT_LATITUDE: (42.5, 43.5),
        columns.HYPOCENTRAL_DEPTH: (5, 15),
    }
    for name, (low, high) in ranges.items():
        table[name] = np.repeat(rng.uniform(low, high, 22), 9)
    longitude, latitude = (values[table[columns.PIXEL_ROW], table[columns.PIXEL_COLUMN]] for values in GRID.lonlat)
    place = {columns.STATION_LONGITUDE: longitude, columns.STATION_LATITUDE: latitude}
    table = with_distances(table.assign(**place))
    target = 1.5 * table[columns.MAGNITUDE] - 1.3 * np.log(table[columns.RHYP]) + 0.2 * rng.normal(size=len(table))
    return event_records.pack(table, target, GRID.shape)


@pytest.fixture(scope="module")
def architecture(static, records):
    return ensembles.Architecture.for_records(MAPS, static, records, depth=2, base=2)


@pytest.fixture(scope="module")
def member(records):
    return ensembles.Member(records.select(np.arange(17)), records.select(np.arange(17, 22)), seed=5)


@pytest.fixture(scope="module")
def models(architecture, static):
    return ensembles.networks(architecture, static)


def trained(folder, architecture, static, member, models, settings=SETTINGS):
    return ensembles.train_member("test", architecture, static, member, settings, folder, models=models)


def killed_in_epoch(epoch, monkeypatch):
    original, calls = resumable._train_epoch, []

    def dying(model, *arguments):
        loss = original(model, *arguments)  # the weights have moved on, as in a run that dies in the middle
        calls.append(1)
        if len(calls) == epoch:
            raise KeyboardInterrupt
        return loss

    monkeypatch.setattr(resumable, "_train_epoch", dying)


def test_a_killed_training_goes_on_as_if_it_had_not_been(
    tmp_path, monkeypatch, architecture, static, member, models, records
):
    unbroken, history = trained(tmp_path / "one", architecture, static, member, models)
    with monkeypatch.context() as patch:
        killed_in_epoch(3, patch)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "two", architecture, static, member, models)
    (checkpoint,) = (tmp_path / "two").glob("*.checkpoint.npz")
    with np.load(checkpoint, allow_pickle=False) as file:
        assert list(file["history"][:, 0]) == [1, 2]
    fresh = ensembles.networks(architecture, static)  # another process would have none of the old model
    resumed, resumed_history = trained(tmp_path / "two", architecture, static, member, fresh)
    for one, two in zip(unbroken, resumed, strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-6)
    np.testing.assert_allclose(history, resumed_history, rtol=1e-5)
    assert not checkpoint.exists()


def test_members_that_share_a_model_do_not_know_of_each_other(tmp_path, architecture, static, member, models):
    other = replace(member, seed=6)
    alone = trained(tmp_path / "alone", architecture, static, other, ensembles.networks(architecture, static))[0]
    trained(tmp_path / "after", architecture, static, member, models)
    after = trained(tmp_path / "after", architecture, static, other, models)[0]
    for one, two in zip(alone, after, strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-6)


def test_training_learns_and_keeps_the_best_epoch(tmp_path, architecture, static, member, models):
    settings = replace(SETTINGS, epochs=12, patience=3)
    weights, history = trained(tmp_path, architecture, static, member, models, settings)
    assert history["val_loss"].min() < history["val_loss"].iloc[0] - 0.1
    ensemble = ensembles.Ensemble("test", architecture, models, (weights,), (history,))
    scaled = (member.validation.target - architecture.offset) / architecture.factor
    mean, variance = ensemble.at_records(member.validation)
    residual = (member.validation.target - mean[0]) / architecture.factor
    ln_variance = np.log(variance[0] / architecture.factor**2)
    loss = np.nanmean(np.where(np.isnan(scaled), np.nan, ln_variance + residual**2 / np.exp(ln_variance)))
    assert loss == pytest.approx(history["val_loss"].min(), abs=1e-4)


def test_early_stopping_waits_as_long_as_it_was_told():
    settings = replace(SETTINGS, epochs=10, patience=2)
    history = [(1, 0, 3.0), (2, 0, 1.0), (3, 0, 2.0)]
    assert resumable._goes_on(history, settings)
    assert not resumable._goes_on([*history, (4, 0, 1.5)], settings)
    assert not resumable._goes_on(history, replace(settings, epochs=3))


def test_the_learning_rate_follows_half_a_cosine():
    rates = [resumable._rate(SETTINGS, epoch) for epoch in (1, 2, 3, 4)]
    np.testing.assert_allclose(rates, [3e-3, 2.5e-3, 1.5e-3, 1e-3])
    assert resumable._rate(replace(SETTINGS, final_learning_rate=None), 4) == 3e-3


def test_the_last_batch_learns_from_no_event_twice(monkeypatch, architecture, static, member, models):
    seen = []

    class Spy:
        def reset_metrics(self):
            pass

        def train_on_batch(self, inputs, target):
            seen.append(target)
            return 0.0

    resumable._train_epoch(Spy(), member.train, 4, np.random.default_rng(0))
    assert {len(target) for target in seen} == {4}
    assert sum(np.isfinite(target).sum() for target in seen) == np.isfinite(member.train.target).sum()


def test_an_ensemble_is_trained_once_and_predicts_maps_and_records_alike(
    tmp_path, monkeypatch, architecture, static, member
):
    members = [member, replace(member, seed=6)]
    settings = replace(SETTINGS, epochs=1)
    ensembles.train("test", architecture, static, members, settings, tmp_path)
    monkeypatch.setattr(resumable, "fit", None)  # a second training would fail
    ensemble = ensembles.train("test", architecture, static, members, settings, tmp_path)
    mean, variance = ensembles.total_variance(*ensemble.at_records(member.train))
    mean_map, variance_map = ensemble.maps(member.train.events[:6])
    assert mean_map.shape == (6, *GRID.shape)
    for event in range(6):
        pixel = member.train.pixel[event]
        np.testing.assert_allclose(mean_map[event].ravel()[pixel], mean[event], rtol=1e-5)
        np.testing.assert_allclose(variance_map[event].ravel()[pixel], variance[event], rtol=1e-5)
    one = ensemble.members([1])
    assert len(one) == 1
    np.testing.assert_allclose(one.at_records(member.train)[0][0], ensemble.at_records(member.train)[0][1], rtol=1e-6)


def test_total_variance_of_two_networks_that_disagree():
    mean, variance = ensembles.total_variance([[0.0, 1.0], [2.0, 1.0]], [[0.5, 0.2], [1.5, 0.4]])
    np.testing.assert_allclose(mean, [1.0, 1.0])
    np.testing.assert_allclose(variance, [1.0 + 1.0, 0.3])


def test_an_event_outside_the_training_events_warns(tmp_path, architecture, static, member, models):
    weights = resumable.arrays(models[1].trainable_variables)
    ensemble = ensembles.Ensemble("Italy", architecture, models, (weights,), ())
    event = member.train.events[:1].copy()
    event[0, 0] = 7.5
    with pytest.warns(OutOfRange, match=r"Italy: magnitude 7.5 .*the events that it was trained on"):
        ensemble.maps(event)


def test_the_scale_of_the_target_comes_from_the_records(static, records, architecture):
    known = records.target[np.isfinite(records.target)].astype(float)
    assert (architecture.offset, architecture.factor) == pytest.approx((known.mean(), known.std()))
    sigmoid = ensembles.Architecture.for_records(MAPS, static, records, head="sigmoid", padding="valid")
    assert (sigmoid.offset, sigmoid.offset + sigmoid.factor) == pytest.approx((known.min(), known.max()))
    assert (architecture.border, sigmoid.border) == (0, 92)


@pytest.mark.parametrize("broken", [b"", b"<html>", "another"])
def test_a_checkpoint_that_is_none_is_refused(tmp_path, broken, architecture, static, member, models):
    path = tmp_path / "checkpoint.npz"
    if broken == "another":
        np.savez(path, history=np.zeros((0, 3)), weights_0=np.zeros(3))
    else:
        path.write_bytes(broken)
    if not models[0].compiled:
        resumable.compile_network(models[0], SETTINGS)
    with pytest.raises(FormatError, match=r"not a checkpoint of this network .* Delete it"):
        resumable.fit(models[0], member.train, member.validation, SETTINGS, path)


def test_hopeless_fits_stop_with_the_reason(tmp_path, architecture, static, member, models):
    nothing = replace(member.validation, target=np.full_like(member.validation.target, np.nan))
    with pytest.raises(GmtoolsError, match=r"no validation record with a target: 5 events"):
        trained(tmp_path, architecture, static, replace(member, validation=nothing), models)
    wild = replace(member.train, target=np.where(np.isnan(member.train.target), np.nan, np.float32(1e30)))
    with pytest.raises(GmtoolsError, match=r"Epoch 1: the loss is .*Lower the learning rate \(0.003\)"):
        trained(tmp_path, architecture, static, replace(member, train=wild), models)
    with pytest.raises(GmtoolsError, match="'empty' has no member"):
        ensembles.train("empty", architecture, static, [], SETTINGS, tmp_path)


def dies_in_epoch(epoch, mark):
    """For workers: the first that comes so far is killed in an epoch, as by a machine that runs out of memory.

    Whichever it is: who gets a member, and when, depends on the machine. The file ``mark`` says that it has happened.
    """
    import os
    import signal
    from contextlib import suppress

    from gmtools.models import resumable

    original, calls = resumable._train_epoch, []

    def dying(*arguments):
        calls.append(1)
        if len(calls) == epoch:
            with suppress(FileExistsError), open(mark, "x"):
                os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)

    resumable._train_epoch = dying


def printed_until(words, capsys, patience_s=60):
    """What was printed, words of another thread included, which come when they come."""
    said, end = capsys.readouterr().out, time.monotonic() + patience_s
    while words not in said and time.monotonic() < end:
        time.sleep(0.1)
        said += capsys.readouterr().out
    assert words in said
    return said


def shown_epochs(monkeypatch):
    original, seen = ensemble_runs._Progress.epoch, []

    def spy(self, member, epoch, loss, val_loss):
        seen.append((member, epoch))
        original(self, member, epoch, loss, val_loss)

    monkeypatch.setattr(ensemble_runs._Progress, "epoch", spy)
    return seen


@pytest.fixture
def client():
    """Of a cluster of two processes, a fresh one for each test: they kill them."""
    from distributed import Client

    with ensemble_runs._local_cluster(2) as cluster, Client(cluster, set_as_default=False) as client:
        yield client


def test_a_cluster_of_two_processes_of_which_one_is_killed_loses_nothing(
    tmp_path, monkeypatch, capsys, client, architecture, static, member
):
    members = [replace(member, seed=seed) for seed in range(2)]
    here = ensembles.train("test", architecture, static, members, SETTINGS, tmp_path / "here")
    seen = shown_epochs(monkeypatch)
    mark = tmp_path / "killed"
    client.run(dies_in_epoch, 3, str(mark))
    address = client.scheduler.address
    there = ensembles.train("test", architecture, static, members, SETTINGS, tmp_path / "there", scheduler=address)
    assert mark.exists()
    for history in there.histories:
        assert list(history["epoch"]) == [1, 2, 3, 4]
    # Predictions, not weights: rounding depends on the number of threads, and Adam makes much of gradients near zero.
    one, two = (ensemble.at_records(member.validation)[0] / architecture.factor for ensemble in (here, there))
    np.testing.assert_allclose(one, two, rtol=0, atol=0.01)
    assert np.nanmax(np.abs(one[0] - one[1])) > 0.03  # else the members could be mixed up
    said = printed_until("ended with exit code -9", capsys)
    assert "died; another one goes on with it" in said
    early = [step for step in seen if step[1] < 4]  # the last epoch is shown again when the member is stored
    assert len(set(early)) == len(early)  # the killed member went on from its last epoch, the other ran once
    assert {name for name, epoch in seen if epoch == 4} == {
        path.name for path in (tmp_path / "there").glob("test-*.npz")
    }


def test_a_member_that_kills_every_process_is_given_up(tmp_path, monkeypatch, client):
    def kills(*arguments):
        os.kill(os.getpid(), 9)

    monkeypatch.setattr(ensemble_runs, "_train_there", kills)
    path = tmp_path / "test-0123456789ab.npz"
    with (
        ensemble_runs._Progress("test", 1, 1, 4) as progress,
        pytest.raises(
            WorkerLost, match=r"Member test-0123456789ab was not trained.*1 of the members are missing.*memory"
        ),
    ):
        ensemble_runs._train_on(client, (), {path: None}, progress)


@pytest.fixture
def cluster_in_this_process(monkeypatch):
    from distributed import LocalCluster

    def cluster(workers):
        return LocalCluster(n_workers=workers, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0")

    monkeypatch.setattr(ensemble_runs, "_local_cluster", cluster)


def test_workers_without_the_disk_send_their_members(
    tmp_path, monkeypatch, cluster_in_this_process, architecture, static, member
):
    members, settings = [replace(member, seed=seed) for seed in range(3)], replace(SETTINGS, epochs=1)
    here = ensembles.train("test", architecture, static, members, settings, tmp_path / "here")
    original, threads = Path.is_dir, os.environ.get("OMP_NUM_THREADS")
    seen = shown_epochs(monkeypatch)
    folder = tmp_path / "there"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "is_dir", lambda path: path != folder and original(path))
        there = ensembles.train("test", architecture, static, members[:2], settings, folder, workers=2)
    assert len(set(seen)) == 2
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".json", ".npz", ".npz"]
    ensembles.train("test", architecture, static, members, settings, folder)
    assert len(set(seen)) == 3  # only the missing one
    for one, two in zip(here.weights[0], there.weights[0], strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-6)
    assert os.environ.get("OMP_NUM_THREADS") == threads


def test_what_stops_a_cluster_is_said(tmp_path, monkeypatch, cluster_in_this_process, architecture, static, member):
    monkeypatch.setattr(ensemble_runs, "_PATIENCE_S", 0.5)
    arguments = ("test", architecture, static, [member, replace(member, seed=6)], SETTINGS, tmp_path)
    with pytest.raises(ClusterUnreachable, match=r"No Dask scheduler answers at 'tcp://127.0.0.1:9'.*dask scheduler"):
        ensembles.train(*arguments, scheduler="tcp://127.0.0.1:9")
    with ensemble_runs._local_cluster(0) as cluster:
        address = cluster.scheduler_address
        with pytest.raises(ClusterUnreachable, match=r"has no worker. Start some: dask worker inproc:"):
            ensembles.train(*arguments, scheduler=address)
    monkeypatch.setattr(ensemble_runs, "_PATIENCE_S", 30)
    known = ensembles.member_path(*arguments[:3], member, SETTINGS, tmp_path)
    other = {known.with_name("test-0123456789ab.npz"): member}  # as when the code here is another than there
    with ensemble_runs._local_cluster(1) as cluster:
        address = cluster.scheduler_address
        with pytest.raises(GmtoolsError, match=r"The worker inproc:.* has another version of gmtools"):
            ensemble_runs.train_missing(*arguments[:3], other, SETTINGS, scheduler=address)


def test_networks_are_traced_once_for_equal_architectures(architecture, static, member, tmp_path):
    settings = replace(SETTINGS, epochs=1)
    one = ensembles.train("one", architecture, static, [member], settings, tmp_path)
    two = ensembles.train("two", replace(architecture, offset=9.0), static, [member], settings, tmp_path)
    assert two.models is one.models
    assert members.shared_networks(replace(architecture, base=3), static, settings) is not one.models
    per_event = members.shared_networks(architecture, static, replace(settings, loss_per="event"))
    assert per_event[0].loss.per == "event" and one.models[0].loss.per == "record"


def test_the_command_trains_what_a_lesson_then_finds(tmp_path, monkeypatch, capsys, architecture, static, member):
    asked = []

    def recipe(profile, data, seed):
        asked.append((profile, data, seed))
        return "tiny", architecture, static, [replace(member, seed=seed)], replace(SETTINGS, epochs=1)

    monkeypatch.setattr("gmtools.studies.map_studies.ENSEMBLES", {"tiny": recipe})
    monkeypatch.setattr("gmtools.cache.PROJECT", tmp_path)
    assert cli.main(["ensemble", "tiny", "--profile", "smoke", "--data", "simulated", "--seed", "3"]) == 0
    assert asked == [("smoke", "simulated", 3)]
    assert capsys.readouterr().out.startswith("tiny: 1 members, loss on validation events ")
    monkeypatch.setattr(resumable, "fit", None)  # a second training would fail
    assert len(ensembles.train(*recipe("smoke", "simulated", 3))) == 1
    assert cli.main(["ensemble", "tiny", "kanto"]) == 1
    assert "No ensemble is called 'kanto'. Choose among tiny." in capsys.readouterr().err
