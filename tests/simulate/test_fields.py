from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gmtools.errors import GmtoolsError
from gmtools.maps.grids import MapGrid
from gmtools.simulate import fields
from gmtools.studies import italy

GRID = MapGrid(32633, 250_000, 4_600_000, 8_000, nx=16, ny=16)


@pytest.fixture(scope="module")
def frame():
    return fields.italy(seed=1)


def test_same_seed_same_table(frame):
    pd.testing.assert_frame_equal(frame, fields.italy(seed=1), check_exact=True)
    assert not np.array_equal(frame["psa_1s_g"][:100], fields.italy(seed=2)["psa_1s_g"][:100])


def test_truth_adds_up_to_the_motion(frame):
    names = ["true_median_ln_1s", "true_source_term", "true_path_term", "true_station_term_1s", "true_event_term_1s"]
    total = frame[[*names, "true_record_term_1s"]].sum(axis=1)
    np.testing.assert_allclose(total, np.log(frame["psa_1s_g"]), rtol=1e-10)


def test_planted_sizes_are_found_again(frame):
    recipe = fields.Recipe()
    event = frame.groupby("event_id")["true_event_term_1s"].first()
    own = (frame["true_station_term_1s"] - frame["true_site_field"]).groupby(frame["station_id"]).first()
    for term, size in (
        (event, recipe.tau),
        (own, recipe.station),
        (frame["true_record_term_1s"], recipe.phi),
    ):
        assert term.std() == pytest.approx(size, rel=3 / np.sqrt(2 * len(term)))


def test_a_field_has_the_planted_variance_and_correlation():
    random = np.random.default_rng(0)
    draws = np.stack([fields.gaussian_field(random, (60, 60), 5.0, 30.0) for _ in range(40)])
    assert draws.var() == pytest.approx(1, abs=0.1)
    for lag in (1, 6, 12):
        correlation = (draws[:, :, lag:] * draws[:, :, :-lag]).mean() / draws.var()
        assert correlation == pytest.approx(np.exp(-5 * lag / 30), abs=0.06)


def test_signs_and_ranges(frame):
    planted = fields.world(1)
    assert planted.fields["attenuation"].max() <= 0 and planted.fields["spreading"].max() <= 0
    assert frame["rhyp_km"].max() < 205 and frame["magnitude"].between(3.5, 6.9).all()
    assert (frame["rhyp_km"] >= frame["repi_km"] * 0.999).all()
    assert not frame.duplicated(["event_id", "station_id"]).any()
    assert len(italy.select(frame)) > 2500 and italy.select(frame)["event_id"].nunique() > 70
    assert {f"psa_{period:g}s_g" for period in italy.PERIODS} | {"pga_g"} <= set(frame)


def test_maps_of_the_truth_are_the_terms_of_the_records(frame):
    """A record at a pixel's center has the map's value there, up to the station's own VS30."""
    longitude, latitude = GRID.lonlat
    maps = fields.world(1).truth(GRID, 6.0, 13.2, 42.6, 9.0)
    np.testing.assert_allclose(maps["total"], maps["median"] + maps["source"] + maps["path"] + maps["site"])
    assert np.ptp(maps["source"]) == 0 and maps["site"].std() > 0.1
    distance = np.hypot((longitude - 13.2) * np.cos(np.radians(42.6)), latitude - 42.6)
    assert np.corrcoef(distance.ravel(), maps["median"].ravel())[0, 1] < -0.8
    shorter = fields.world(1).truth(GRID, 6.0, 13.2, 42.6, 9.0, period=0.2)
    np.testing.assert_allclose(shorter["total"] - maps["total"], fields.SPECTRAL_SHAPE[0.2])


def test_path_term_of_a_uniform_attenuation_is_distance_times_its_deviation():
    planted = fields.world(1)
    flat = {"attenuation": -0.02, "spreading": -2.0}
    flat = {name: np.full_like(planted.fields["site"], value) for name, value in flat.items()}
    uniform = replace(planted, fields=planted.fields | flat)
    maps = uniform.truth(GRID, 6.0, 13.2, 42.6, 9.0)
    x, y = GRID.project(13.2, 42.6)
    east, north = np.meshgrid(*(centers / 1e3 for centers in GRID.centers_m))
    expected = (-0.02 + 0.011) * np.sqrt((east - x) ** 2 + (north - y) ** 2 + 9.0**2)
    np.testing.assert_allclose(maps["path"], expected, rtol=0.002)


def test_outside_the_simulated_area():
    with pytest.raises(
        GmtoolsError, match=r"1 places lie outside the simulated Italy, which spans easting -600 to 900"
    ):
        fields.world(1).at("site", [30.0], [42.0])
