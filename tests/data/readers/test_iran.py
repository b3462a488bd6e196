import json

import numpy as np
import pandas as pd
import pytest

from gmtools.data import catalog
from gmtools.data.readers import iran

needs_records = pytest.mark.skipif(
    not catalog.available("iran_kuehn"), reason="the Iranian records are in no folder that GMTOOLS_DATA names"
)
LIMIT = iran.TRUNCATION_LN_PGA


def files(tmp_path, **changes):
    """Invented data set: 3 events, 2 stations, 4 records, PGA and two periods."""
    data = {
        "N": 4,
        "eq": [1, 1, 2, 3],
        "stat": [1, 2, 1, 2],
        "M": [6.0, 4.4, 5.1],
        "VS": [371, 520],
        "Rhyp": [30.0, 40.0, 20.0, 25.0],
        "Rrup": [28.0, 40.0, 20.0, 25.0],
        "lnT": np.log([0.005, 0.2, 1.0]).tolist(),
        "Y": [[-2.0, -1.5, -3.0], [-3.0, -2.5, -999], [LIMIT + 0.01, -4.0, -999], [-4.0, -3.5, -6.0]],
        "Y_trunc": LIMIT,
        "idx_miss_r": [2],
    }
    path = tmp_path / "data.json"
    path.write_text(json.dumps(data | changes))
    # The second and third event stand in the wrong order, as in the published file.
    events = pd.DataFrame(
        {
            "EQID": [2470, 2600, 2500],
            "Preferred.Moment.Magnitude": [6.0, 5.1, 4.4],
            "Hypocenter.Latitude": [33.0, 36.0, 34.0],
            "Hypocenter.Longitude": [50.0, 52.0, 51.0],
            "Hypocenter.Depth..km.": [30.0, 10.0, 12.0],
        }
    )
    events.to_csv(tmp_path / "events.csv", index=False)
    stations = pd.DataFrame(
        {"Station.Latitude": [33.0, 33.5], "Station.Longitude": [50.0, 50.0], "Recommended.Vs30..m.s.": [371, 520]}
    )
    stations.to_csv(tmp_path / "stations.csv", index=False)
    return {f"iran/{name}": tmp_path / name for name in ("data.json", "events.csv", "stations.csv")}


def test_events_are_matched_by_number_not_by_row(tmp_path):
    frame = iran.read(files(tmp_path))
    assert frame["event_id"].tolist() == ["IR2470", "IR2470", "IR2500", "IR2600"]
    assert frame["magnitude"].tolist() == [6.0, 6.0, 4.4, 5.1]
    assert frame["event_latitude"].tolist() == [33, 33, 34, 36]
    assert frame["station_id"].tolist() == ["IS001", "IS002", "IS001", "IS002"]


def test_units_missing_values_and_flags(tmp_path):
    frame = iran.read(files(tmp_path))
    assert frame["pga_g"][0] == pytest.approx(np.exp(-2.0)) and frame["psa_1s_g"][0] == pytest.approx(np.exp(-3.0))
    assert frame["psa_1s_g"].isna().tolist() == [False, True, True, False]
    assert frame["rrup_is_missing"].tolist() == [False, True, False, False]
    assert np.isnan(frame["rrup_km"][1]) and frame["rrup_km"][0] == 28
    assert "rjb_km" not in frame


def test_distance_mismatch_follows_from_the_coordinates(tmp_path):
    frame = iran.read(files(tmp_path))
    assert frame["rhyp_mismatch_km"][0] == pytest.approx(0, abs=1e-9)  # the station stands above the hypocenter
    assert frame["rhyp_mismatch_km"][1] == pytest.approx(np.hypot(0.5 * 111.195, 30) - 40, abs=1e-3)


@needs_records
def test_real_records():
    frame = iran.read(catalog.find("iran_kuehn"))
    assert len(frame) == 2193 and frame["event_id"].nunique() == 363 and frame["station_id"].nunique() == 772
    assert frame["rrup_is_missing"].sum() == 479 and frame["rrup_km"].isna().sum() == 479
    assert frame["pga_g"].min() >= iran.TRUNCATION_PGA_G
    number = frame["event_id"].str.removeprefix("IR").astype(int)
    (path,) = [path for name, path in catalog.find("iran_kuehn").items() if name.endswith("events.csv")]
    magnitude = pd.read_csv(path).set_index("EQID")["Preferred.Moment.Magnitude"]
    np.testing.assert_allclose(frame["magnitude"], magnitude[number], atol=1e-6)
    assert frame["psa_3s_g"].notna().sum() == 567 and frame["psa_10s_g"].notna().sum() == 21
    known = (frame["magnitude"] >= 5) & ~frame["rrup_is_missing"]
    assert frame["rhyp_mismatch_km"][known].abs().quantile(0.9) < 0.5
    assert frame["rhyp_mismatch_km"][~known].abs().median() == pytest.approx(4.82, abs=0.01)


@needs_records
def test_groups_of_usable_periods_agree_but_for_complete_records():
    (path,) = [path for name, path in catalog.find("iran_kuehn").items() if name.endswith(".json")]
    data = json.loads(path.read_text())
    usable = (np.array(data["Y"]) != -999).sum(axis=1)
    groups = [np.array(data["idx_per"])[:count, place] - 1 for place, count in enumerate(data["len_per"])]
    assert sorted(np.concatenate(groups)) == list(range(2193))
    assert (usable[groups[0]] == 22).all() and len(groups[0]) == 21
    assert all((usable[group] == place + 1).all() for place, group in enumerate(groups) if place)
