import numpy as np
import pandas as pd
import pytest

from gmtools.data import catalog
from gmtools.data.readers import kanto_site_terms
from gmtools.errors import GmtoolsError
from gmtools.maps.grids import MapGrid
from gmtools.simulate import kanto as simulation
from gmtools.simulate import kanto_earthquakes, kanto_ground
from gmtools.studies import kanto

INGREDIENTS = ("kanto_jshis_sites", "kanto_site_terms", "kanto_mesonet_basin_depth", "kanto_usgs_catalogue")
needs_ingredients = pytest.mark.skipif(
    not all(map(catalog.available, INGREDIENTS)), reason=f"GMTOOLS_DATA names no folder with {', '.join(INGREDIENTS)}"
)
GRID = MapGrid(kanto.UTM54, 224_000, 3_824_000, 16_000, nx=20, ny=20)


@pytest.fixture(scope="module")
def frame():
    return simulation.kik_net(seed=1, invented=True)


@pytest.fixture(scope="module")
def meso():
    return simulation.meso_net(seed=1, invented=True)


def test_sizes_of_the_deliverable(frame, meso):
    assert (len(frame), frame["event_id"].nunique(), frame["station_id"].nunique()) == (46_191, 2864, 65)
    assert (len(meso), meso["event_id"].nunique()) == (1921, 19) and meso["station_id"].nunique() > 270
    for table in (frame, meso):
        assert not table.duplicated(["event_id", "station_id"]).any()
        assert kanto.in_region(table["station_longitude"], table["station_latitude"]).all()
    assert frame["origin_time"].between("2001-01-01", "2017-12-31").all() and (frame["sensor_depth_m"] == 0).all()
    assert meso["origin_time"].between("2021-01-01", "2022-12-31").all() and (meso["sensor_depth_m"] == 20).all()
    assert frame["magnitude"].between(3, 7.5).all() and frame["rhyp_km"].max() <= 300


def test_same_seed_same_table(frame):
    again = simulation.kik_net(seed=1, n_events=50, n_records=600, invented=True)
    pd.testing.assert_frame_equal(again, simulation.kik_net(seed=1, n_events=50, n_records=600, invented=True))
    assert not again["pga_g"].equals(simulation.kik_net(seed=2, n_events=50, n_records=600, invented=True)["pga_g"])


@pytest.mark.parametrize(("period", "motion"), [(0, "pga_g"), (1, "psa_1s_g")])
def test_truth_adds_up_to_the_motion(frame, meso, period, motion):
    names = simulation.truth_columns(period)
    for table in (frame, meso):
        total = table[[name for key, name in names.items() if key != "field"]].sum(axis=1)
        np.testing.assert_allclose(total, np.log(table[motion]), rtol=1e-10)
    assert (frame[names["borehole"]] == 0).all() and (meso[names["borehole"]] < 0.2).all()


def test_planted_sizes_are_found_again(frame, meso):
    recipe = simulation.Recipe()
    for where, period in enumerate(simulation.PERIODS):
        names = simulation.truth_columns(period)
        assert frame[names["record"]].std() == pytest.approx(recipe.record[where], rel=0.02)
        # tau of Zhao et al. (2006) lies between 0.30 and 0.42 for these ordinates.
        assert 0.29 < frame.groupby("event_id")[names["event"]].first().std() < 0.42
        stations = meso.groupby("station_id")[[names["field"], names["station"], names["borehole"]]].first()
        own = stations[names["station"]] - stations[names["field"]]
        nugget = simulation.world(1, invented=True).site_models[period].variogram.nugget
        assert own.std() == pytest.approx(np.sqrt(nugget), rel=0.15)
        assert stations[names["borehole"]].mean() == pytest.approx(recipe.borehole[where], abs=0.04)
        assert stations[names["borehole"]].std() == pytest.approx(recipe.borehole_sd[where], rel=0.15)


def test_random_terms_stay_centered_under_the_trigger(frame):
    """The trigger looks at the median alone, so that whoever recorded is no biased sample."""
    for name in simulation.truth_columns(0).values():
        if "event" in name or "record" in name:
            assert abs(frame[name].mean()) < 0.03


def test_path_terms_are_shared_along_a_path(frame):
    """Two records of close epicenters at one station share the path term, those at far stations do not."""
    near = frame[frame["rhyp_km"].between(80, 200)].copy()
    near["cell"] = (10 * near["event_longitude"]).round().astype(int) * 10_000 + (
        10 * near["event_latitude"]
    ).round().astype(int)
    within = near.groupby(["cell", "station_id"])["true_path_term"]
    repeated = within.transform("size") > 3
    assert within.std().mean() < 0.35 * near["true_path_term"].std() and repeated.any()


def test_known_site_terms_are_kept_and_the_field_has_the_remaining_variance():
    """At 60 stations the station term is the given one; drawn often, the field elsewhere scatters as kriging says."""
    period, places = 1.0, np.array([[138.3, 36.9], [141.1, 35.0]])
    planted = simulation.world(1, invented=True)
    surface = planted.ground.surface[planted.ground.surface["site_term_1s"].notna()]
    truth = planted.stations.loc[surface["station_id"], "true_station_term_1s"]
    np.testing.assert_array_equal(truth, surface["site_term_1s"])
    assert len(surface) == 60
    model, nodes = planted.site_models[period], kanto.project(*places.T)
    random = np.random.default_rng(0)
    fields = []
    for _ in range(60):
        field = simulation._site_field(random, planted, model, _nodes(planted), planted.fields["ln_bedrock"].shape)
        there = simulation.RegularGridInterpolator((planted.y_km, planted.x_km), field)(nodes[:, ::-1])
        fields.append(there)
    one, many = np.zeros(len(model.residual)), np.zeros(2)
    kriged, sd = simulation.kriging.predict(model.variogram, model.xy_km, model.residual, one, nodes, many)
    expected = model.intercept + model.slope * planted.at("ln_bedrock", *places.T) + kriged
    left = np.sqrt(sd**2 - model.variogram.nugget)
    np.testing.assert_allclose(np.mean(fields, axis=0), expected, atol=4 * left.max() / np.sqrt(60))
    np.testing.assert_allclose(np.std(fields, axis=0), left, rtol=0.3)


def _nodes(planted):
    return np.column_stack([values.ravel() for values in np.meshgrid(planted.x_km, planted.y_km)])


def test_maps_of_the_truth_are_the_terms_of_the_records(frame):
    """A record's median, path and site field are those of its event's map, as near as a pixel's center is."""
    row = frame[frame["magnitude"] > 5].iloc[0]
    planted = simulation.world(1, invented=True)
    event = [row[name] for name in ("magnitude", "event_longitude", "event_latitude", "hypocentral_depth_km")]
    for period, ending in ((0.0, ""), (1.0, "_1s")):
        maps = planted.truth(GRID, *event, period=period)
        np.testing.assert_allclose(maps["total"], maps["median"] + maps["path"] + maps["site"])
        pixel = GRID.pixels(row["station_longitude"], row["station_latitude"])
        for key, name in (("median", "true_median_ln"), ("path", "true_path_term"), ("site", "true_site_field")):
            assert maps[key][pixel] == pytest.approx(row[f"{name}{ending}"], abs=0.35)
    with pytest.raises(GmtoolsError, match=r"no ordinate at 0.3 s. Choose 0 \(PGA\) or 1"):
        planted.truth(GRID, *event, period=0.3)
    with pytest.raises(GmtoolsError, match="1 places lie outside the simulated Kanto"):
        planted.at("site_pga", 130.0, 33.0)


def test_more_records_and_fewer_stations():
    ten = simulation.meso_net(seed=1, n_events=190, n_records=19_210, invented=True)
    assert (len(ten), ten["event_id"].nunique()) == (19_210, 190)
    sparse = simulation.meso_net(seed=1, n_stations=29, n_events=190, n_records=1921, invented=True)
    assert len(sparse) == 1921 and set(sparse["station_id"]) <= set(
        simulation.world(1, True).ground.meso["station_id"][:29]
    )
    names = [simulation.truth_columns(0)[key] for key in ("field", "station", "borehole")]
    both = [table.groupby("station_id")[names].first() for table in (ten, sparse)]
    pd.testing.assert_frame_equal(both[0].loc[both[1].index], both[1])  # the ground does not depend on who asks


def test_first_stations_are_spread():
    place = kanto_ground.invented(0).meso[["station_longitude", "station_latitude"]].to_numpy()
    apart = simulation.kanto_ground.cdist(place[:20], place[:20]) + 9 * np.eye(20)
    random = simulation.kanto_ground.cdist(place[-20:], place[-20:]) + 9 * np.eye(20)
    assert apart.min() > 2 * random.min()


def test_requests_that_cannot_be_met():
    with pytest.raises(GmtoolsError, match=r"5000 records of 10 events at 65 stations: \d+ pairs exceed the trigger"):
        simulation.kik_net(n_events=10, n_records=5000, invented=True)
    with pytest.raises(GmtoolsError, match="every event needs one"):
        simulation.kik_net(n_events=10, n_records=9, invented=True)
    with pytest.raises(GmtoolsError, match=r"n_stations = 300, but there are 286 stations. Ask for 1 to 286"):
        simulation.meso_net(n_stations=300, invented=True)


def test_gutenberg_richter_is_found_again():
    """Without the trigger the drawn magnitudes have the planted b-value (Aki's estimator)."""
    ground, random = kanto_ground.invented(0), np.random.default_rng(0)

    def loud(magnitude, depth, distance):
        return np.zeros((len(magnitude), 2)), None

    near = kanto_earthquakes._near(ground.catalogue)
    drawn = kanto_earthquakes._drawn(random, near, ground.surface, 4000, (3.0, 8.0), loud)
    b_value = np.log10(np.e) / (drawn["magnitude"].mean() - 2.95 - 0.05)
    assert b_value == pytest.approx(kanto_earthquakes.B_VALUE, rel=0.05)


def test_medians_are_those_of_the_three_kinds():
    from gmtools import gmms

    mean, tau = simulation.medians(np.full(3, 6.0), np.array([10.0, 30.0, 80.0]), np.full(3, 100.0))
    for place, kind in enumerate(("Asc", "SInter", "SSlab")):
        frame = pd.DataFrame(
            {"magnitude": [6.0], "hypocentral_depth_km": [(10.0, 30.0, 80.0)[place]], "rrup_km": 100.0}
        )
        answer = gmms.predict(f"ZhaoEtAl2006{kind}", frame.assign(vs30_m_s=450.0), (0.0, 1.0))
        np.testing.assert_allclose(mean[place], answer.mean[0])
        np.testing.assert_allclose(tau[place], answer.tau[0])
    # Zhao et al. (2006), tables 4 to 6, PGA, crustal, soil class II: by hand.
    by_hand = 1.101 * 6 - 0.00564 * 100 - np.log(100 + 0.0055 * np.exp(1.080 * 6)) + 1.344
    assert mean[0, 0] == pytest.approx(by_hand - np.log(980.665), abs=1e-4)


@needs_ingredients
def test_real_site_terms_stand_in_the_records():
    records = simulation.kik_net(seed=0, n_events=150, n_records=2400)
    terms = kanto_site_terms.read(catalog.find("kanto_site_terms")).set_index("station_id")
    given = records.groupby("station_id")[["true_station_term", "true_station_term_1s"]].first()
    assert len(given) == 65 and given.index.isin(terms.index).sum() == 60
    both = given.join(terms, how="inner")
    np.testing.assert_array_equal(both["true_station_term"], both["site_term_0.01s"])
    np.testing.assert_array_equal(both["true_station_term_1s"], both["site_term_1s"])
    events = records.drop_duplicates("event_id").set_index("event_id")
    real = kanto.earthquakes().set_index("event_id").loc[events.index[events["event_is_real"]]]
    assert len(real) == 38 and (real["magnitude"] == events.loc[real.index, "magnitude"]).all()


@needs_ingredients
def test_path_and_record_scatter_like_the_published_residuals():
    records, paths = simulation.kik_net(seed=0, n_events=600, n_records=9600), catalog.find("kanto_site_terms")
    for period, listed in ((0.0, 0.01), (1.0, 1.0)):
        names = simulation.truth_columns(period)
        planted = (records[names["path"]] + records[names["record"]]).groupby(records["station_id"]).std().mean()
        published = kanto_site_terms.residuals(paths, listed).groupby("station_id")["residual"].var().mean() ** 0.5
        assert planted == pytest.approx(published, rel=0.1)
