from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gmtools import columns, studies
from gmtools.errors import DataNotFound, FormatError, GmtoolsError
from gmtools.maps import event_maps, grids
from gmtools.models import ensembles
from gmtools.studies import italy, kanto, map_models, map_studies

MAPS = event_maps.CONFIGURATIONS["7c"]


@pytest.fixture(scope="module")
def study():
    return map_studies.italy_north("smoke", "simulated")


@pytest.fixture(scope="module")
def target(study):
    return np.log(study.frame[columns.psa(1.0)].to_numpy())


@pytest.fixture(scope="module")
def model(study, target, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gmtools.cache.PROJECT", tmp_path_factory.mktemp("project"))
        return map_models.train(study, "test", study.records(target), every_third(study), MAPS, [0, 1])


def every_third(study):
    """Records of two thirds of the events."""
    return study.frame[columns.EVENT].rank(method="dense").to_numpy() % 3 > 0


def rms(values):
    return float(np.sqrt(np.mean(values**2)))


def test_profiles_have_one_set_of_settings():
    assert list(map_studies.ITALY) == ["smoke", "fast", "full"]
    full = map_studies.ITALY["full"]
    assert (full.grid.shape, full.pixel_m, full.epochs, full.learning_rate) == ((768, 400), 700, 700, 1e-4)


def test_the_grid_holds_every_station_and_the_layers_cover_it(study):
    assert len(study.frame) == len(study.dataset.frame)
    assert all(side % 2**study.settings.depth == 0 for side in study.grid.shape)
    assert set(study.layers) <= set(study.static.names)
    assert np.isfinite(study.static.values).all()


def test_without_a_layer_auto_takes_the_simulation_and_real_stops(monkeypatch, study):
    original = italy.layers

    def no_real_layer(grid, simulated, seed):
        if not simulated:
            raise DataNotFound("no elevation")
        return original(grid, simulated=simulated, seed=seed)

    real = replace(study.dataset, data_id="italy_ita18")
    monkeypatch.setattr(italy, "layers", no_real_layer)
    monkeypatch.setattr(
        map_studies.datasets, "load", lambda _, data, seed: study.dataset if data == "simulated" else real
    )
    assert map_studies.italy_north("smoke", "auto").dataset.simulated
    with pytest.raises(DataNotFound, match="no elevation"):
        map_studies.italy_north("smoke", "real")


def test_a_given_grid_leaves_out_what_lies_outside(study):
    half = replace(study.grid, nx=study.grid.nx // 4 * 2)
    settings = replace(study.settings, grid=half)
    smaller = map_studies.build(study.dataset, settings, lambda grid: {}, {})
    assert 0 < len(smaller.frame) < len(study.frame)
    assert smaller.static.values.shape == (*half.shape, 2)


def test_a_line_is_found_again():
    rng = np.random.default_rng(0)
    inputs = rng.random((50, 2))
    start = map_models.Start.fit("line", inputs, 1 + inputs @ [2.0, -3.0])
    np.testing.assert_allclose([start.intercept, *start.coefficients], [1, 2, -3], atol=1e-9)
    np.testing.assert_allclose(start(np.ones((4, 5, 2))), 0, atol=1e-9)


def test_the_sigmoid_head_spans_the_training_range():
    start = map_models.Start.fit("range", np.zeros((3, 2)), np.array([-2.0, 1.0, 4.0]))
    assert (start.intercept, start.scale) == (-2.0, 6.0)


def test_another_start_is_refused():
    with pytest.raises(GmtoolsError, match=r"start = 'curve' .* line, formula, mean, range"):
        map_models.Start.fit("curve", np.zeros((3, 2)), np.zeros(3))


KANTO_RANGES = {
    columns.EVENT_LONGITUDE: (138.5, 141.0),
    columns.EVENT_LATITUDE: (34.6, 37.0),
    columns.HYPOCENTRAL_DEPTH: (1.7, 150.45),
    columns.MAGNITUDE: (4.0, 7.0),
    columns.RHYP: (10.0, 210.0),
    "ln_rhyp": (np.log(10.0), np.log(210.0)),
}


def formula_terms(maps=map_studies.KANTO_MAPS):
    architecture = ensembles.Architecture(tuple(maps), KANTO_RANGES, 0.0, 1.0, depth=1, base=2)
    return map_models.FormulaTerms.of(architecture, grids.static_maps(kanto.grid(20_000), {}))


def scaled_records(terms, count, seed=0):
    """Scaled maps at drawn records, and the same values as columns in their units."""
    scaled = np.random.default_rng(seed).random((count, len(terms.maps)))
    names = [name for name in terms.maps if name in terms.scale]
    low, high = np.array([terms.scale[name] for name in names]).T
    values = low + (high - low) * scaled[:, [terms.maps.index(name) for name in names]]
    return scaled, pd.DataFrame(values, columns=names)


def test_the_formula_knows_kinds_of_earthquakes():
    terms = formula_terms()
    inputs, value = scaled_records(terms, 3000)
    slab = value[columns.HYPOCENTRAL_DEPTH].to_numpy() >= 50
    target = 0.2 * value[columns.MAGNITUDE] ** 2 - value["ln_rhyp"] * (1 + 0.5 * slab) - 0.7 * slab
    target = (target + 0.003 * value["easting_km"]).to_numpy()
    random = np.random.default_rng(1)
    event, station = random.integers(0, 300, 3000), random.integers(0, 40, 3000)
    noisy = target + 0.1 * random.standard_normal(300)[event] + 0.1 * random.standard_normal(40)[station]
    noisy += 0.1 * random.standard_normal(3000)
    start = map_models.Start.fit_formula(terms, inputs, noisy, event, station)
    found = start(inputs) - target
    assert rms(found - found.mean()) < 0.03
    line = map_models.Start.fit("line", inputs, noisy)
    assert rms(line(inputs) - target) > 0.15
    np.testing.assert_allclose(start(inputs.reshape(50, 60, -1)).ravel(), start(inputs), atol=1e-9)


def test_an_earthquake_at_a_limit_of_depth_belongs_to_the_deeper_kind():
    terms = formula_terms()
    inputs = np.full((3, len(terms.maps)), 0.5, "float32")
    low, high = np.float32(KANTO_RANGES[columns.HYPOCENTRAL_DEPTH])
    inputs[:, terms.maps.index(columns.HYPOCENTRAL_DEPTH)] = (np.float32([24, 25, 50]) - low) / (high - low)
    n_maps = inputs.shape[1]
    interface, slab = terms(inputs)[:, n_maps + 2], terms(inputs)[:, n_maps + 5]
    assert (interface.tolist(), slab.tolist()) == ([0, 1, 0], [0, 0, 1])


def test_attenuation_is_averaged_along_the_path():
    terms = formula_terms()
    inputs, value = scaled_records(terms, 200)
    center = [np.mean(terms.scale[name]) for name in ("easting_km", "northing_km")]
    start = kanto.project(value[columns.EVENT_LONGITUDE], value[columns.EVENT_LATITUDE]) - center
    end = value[["easting_km", "northing_km"]].to_numpy() - center
    along = np.linspace(0, 1, 2001)[:, None, None]
    x, y = np.moveaxis((start + along * (end - start)) / 100, -1, 0)
    means = [np.trapezoid(v, dx=1 / 2000, axis=0) for v in (x, y, x * x, y * y, x * y)]
    expected = value[columns.RHYP].to_numpy() * np.array(means)
    np.testing.assert_allclose(terms(inputs)[:, -5:].T, expected, rtol=1e-4, atol=1e-4)
    without = formula_terms([name for name in terms.maps if name != "easting_km"])
    assert without(inputs[:, :8]).shape == (200, 8 + 8)  # what does not know its place has no path


def test_a_formula_without_its_maps_is_refused():
    maps = [name for name in map_studies.KANTO_MAPS if name != "ln_rhyp"]
    with pytest.raises(GmtoolsError, match="needs the input maps ln_rhyp"):
        formula_terms(maps)


def test_a_network_is_no_worse_than_the_line_it_starts_from(study, target, model):
    records, new = study.records(target), ~every_third(study)
    mean, variance = model.at_records(records, len(target))
    assert mean.shape == variance.shape == (2, len(target))
    assert (variance > 0).all()
    inputs = map_models.input_values(study, model.ensemble.architecture, records)
    line = records.to_table(model.start(inputs), len(target))
    assert rms((target - mean.mean(0))[new]) < rms((target - line)[new]) + 0.02
    assert rms((target - line)[new]) < 0.6 * target[new].std()


def test_the_line_was_fitted_to_the_training_records_alone(study, target, model):
    records = study.records(target)
    use = every_third(study)
    inputs = records.to_table(map_models.input_values(study, model.ensemble.architecture, records), len(target))
    design = np.column_stack([np.ones(len(target)), inputs])
    expected = np.linalg.lstsq(design[use], target[use], rcond=None)[0]
    np.testing.assert_allclose(model.start(inputs), design @ expected, atol=1e-3)


def test_maps_and_records_agree(study, target, model):
    records = study.records(target).select([5, 9, 30])
    maps, variance = model.maps(records.events)
    assert maps.shape == variance.shape == (3, *study.grid.shape)
    at_records = model.at_records(records, len(target))[0].mean(0)
    for number, row in enumerate(records.row):
        there = row >= 0
        at_pixels = maps[number].ravel()[records.pixel[number][there]]
        np.testing.assert_allclose(at_pixels, at_records[row[there]], atol=1e-4)
    assert np.isnan(at_records).sum() == len(target) - (records.row >= 0).sum()


def test_validation_events_differ_between_seeds_and_are_not_trained_on(study, target):
    records = study.records(target)
    first, second = (map_models.member(records, 0.2, seed) for seed in (0, 1))
    assert not set(first.train.event_id) & set(first.validation.event_id)
    assert len(first.train) + len(first.validation) == len(records)
    assert set(first.validation.event_id) != set(second.validation.event_id)


def test_a_single_event_cannot_be_learned_from(study, target):
    one = study.frame[columns.EVENT] == study.frame[columns.EVENT].iloc[0]
    with pytest.raises(GmtoolsError, match="1 events to learn from"):
        map_models.train(study, "test", study.records(target), one, MAPS, [0])


def test_a_step_is_reported(study, target):
    report = map_studies.report_step(study, MAPS, target)
    assert report["parameters"] == 542
    assert 0 < report["step_s"] < report["first_step_s"]
    assert report["records"] > 8 and report["peak_memory_gb"] > 0.1


def test_full_is_trained_only_where_there_is_a_gpu(monkeypatch):
    from gmtools.models import keras

    monkeypatch.setattr(keras.distribution, "list_devices", lambda kind: [])
    assert [map_studies.training_profile(name) for name in ("smoke", "fast", "full")] == ["smoke", "fast", "fast"]
    monkeypatch.setattr(keras.distribution, "list_devices", lambda kind: ["gpu:0"])
    assert map_studies.training_profile("full") == "full"


@pytest.fixture(scope="module")
def kanto_study():
    return map_studies.kanto_study("smoke", "simulated")


def test_the_full_profile_of_kanto_is_the_deliverables_network():
    full = map_studies.KANTO["full"]
    assert full.grid.shape == (572, 572) and (full.folds, full.members, full.base) == (5, 10, 64)
    assert len(map_studies.KANTO_MAPS) == 9


def test_later_events_are_for_validation_and_earlier_ones_choose_the_epoch(kanto_study):
    events = kanto_study.frame.groupby(columns.EVENT)[["split", columns.ORIGIN_TIME]].agg(["nunique", "first"])
    assert (events["split", "nunique"] == 1).all()
    later = events[columns.ORIGIN_TIME, "first"].dt.year >= 2015
    assert ((events["split", "first"] == "validation") == later).all()
    assert 0 < (events["split", "first"] == "stopping").mean() < 0.3
    assert (kanto_study.frame.groupby(columns.STATION)["chunk"].nunique() == 1).all()


def test_the_test_is_thinned_in_smoke_alone():
    records = {name: map_studies.kanto_study(name, "simulated").frame for name in ("smoke", "fast")}
    whole = studies.load("kanto", "simulated", 0).frame
    later = whole[whole[columns.ORIGIN_TIME].dt.year >= map_studies.FIRST_VALIDATION_YEAR]
    count = {name: (frame["split"] == "validation").sum() for name, frame in records.items()}
    assert 0 < count["smoke"] < count["fast"] == len(later)
    learned = (records["fast"]["split"] != "validation").sum()
    assert learned <= round((len(whole) - len(later)) / 10)


def test_what_is_tested_sets_no_range(kanto_study):
    learned = kanto_study.frame[kanto_study.frame["split"] != "validation"]
    assert kanto_study.ranges[columns.MAGNITUDE] == pytest.approx(
        (learned[columns.MAGNITUDE].min(), learned[columns.MAGNITUDE].max())
    )
    far = kanto_study.frame.assign(**{columns.MAGNITUDE: kanto_study.frame[columns.MAGNITUDE]})
    far.loc[far["split"] == "validation", columns.MAGNITUDE] = 8.9
    assert replace(kanto_study, frame=far).ranges[columns.MAGNITUDE] == kanto_study.ranges[columns.MAGNITUDE]


def test_a_record_without_a_date_is_refused(kanto_study, monkeypatch):
    frame = kanto_study.dataset.frame.copy()
    frame.loc[[3, 8], columns.ORIGIN_TIME] = pd.NaT
    monkeypatch.setattr(map_studies.datasets, "load", lambda *_: replace(kanto_study.dataset, frame=frame))
    with pytest.raises(FormatError, match=r"2 of .* records have no origin_time"):
        map_studies.kanto_study("smoke", "simulated")


def test_the_formula_is_for_kantos_grid(kanto_study):
    elsewhere = replace(kanto_study, grid=replace(kanto_study.grid, epsg=32633))
    target = np.log(kanto_study.frame[columns.PGA].to_numpy())
    with pytest.raises(GmtoolsError, match="for grids of EPSG:32654; this one is of EPSG:32633"):
        map_models.chunk_recipe(elsewhere, "test", kanto_study.records(target))


def test_meso_net_is_learned_from_and_leaves_the_chunks_of_kik_net(kanto_study):
    meso = map_studies.meso_net("smoke", "simulated", added_ln=0.5)
    plain = map_studies.meso_net("smoke", "simulated", added_ln=0.0)
    np.testing.assert_allclose(np.log(meso[columns.PGA] / plain[columns.PGA]), 0.5)
    both = map_studies.kanto_study("smoke", "simulated", meso=meso).frame
    assert (both.loc[both[columns.NETWORK] == "MeSO-net", "split"] == "training").all()
    shared = both[both[columns.NETWORK] != "MeSO-net"].reset_index(drop=True)
    for name in ("chunk", "split"):
        assert (shared[name] == kanto_study.frame[name]).all()


def test_nothing_of_a_chunk_reaches_its_start_or_its_members(kanto_study):
    target = np.log(kanto_study.frame[columns.PGA].to_numpy())
    recipe, starts = map_models.chunk_recipe(kanto_study, "test", kanto_study.records(target))
    blind = (kanto_study.frame["chunk"] == 0).to_numpy()
    moved = np.where(blind, target + 5, target)
    again, others = map_models.chunk_recipe(kanto_study, "test", kanto_study.records(moved))
    assert starts[0].intercept == others[0].intercept and starts[1].intercept != others[1].intercept
    for one, other in zip(recipe[3][:1], again[3][:1], strict=True):
        np.testing.assert_array_equal(one.train.target, other.train.target)


def test_partial_ensembles_join_to_the_whole(kanto_study, tmp_path, monkeypatch):
    monkeypatch.setattr("gmtools.cache.PROJECT", tmp_path)
    target = np.log(kanto_study.frame[columns.PGA].to_numpy())
    records = kanto_study.records(target)
    model = map_models.train_chunks(kanto_study, "kanto_kik_net", records)
    assert model.held_out_chunks == [0, 1]
    assert model.partials[0].ensemble.batch > kanto_study.settings.batch  # small maps: more at once than in a step
    mean, variance = model.at_records(records, len(target))
    assert mean.shape == variance.shape == (2, len(target))
    later = kanto_study.frame["split"] == "validation"
    table = model.residuals(records, mean, variance, kanto_study.frame["chunk"], later)
    first = table[table["held_out_chunk"] == 0].sort_values("row")
    np.testing.assert_allclose(first["residual"], target - mean[0], atol=1e-4)
    maps, map_variance = model.maps(records.events[:1])
    assert maps.shape == map_variance.shape == (1, *kanto_study.grid.shape)
    monkeypatch.setattr("gmtools.models.resumable.fit", None)  # a second training would fail
    recipe = map_studies.ENSEMBLES["kanto_kik_net"]("smoke", "simulated", 0)
    assert len(map_models.ensembles.train(*recipe)) == 2
