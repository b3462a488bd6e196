import numpy as np
import pandas as pd
import pytest
import rdata

from gmtools.data import catalog
from gmtools.data.readers import ita18

needs_records = pytest.mark.skipif(
    not catalog.available("italy_ita18"), reason="ITA18 is in no folder that GMTOOLS_DATA names"
)


def table(**changes):
    columns = {
        "event_id": ["IT-2009-0009", "IT-2009-0009", "EMSC-20161030_0000130"],
        "event_lat": [42.342, 42.342, 42.84],
        "event_lon": [13.38, 13.38, 13.06],
        "station_id": ["AQA", "MNS", "MNS"],
        "station_lat": [42.376, 42.3855, 45.25],
        "station_lon": [13.339, 12.6811, 11.72],
        "magnitude": [6.33, 6.33, np.nan],
        "distance": [0.0, 50.0, 290.0],
        "sof": ["NF", "NF", "SS"],
        "vs30": [549.0, 627.0, 227.0],
        "SA_0": [980.665, 10.0, 1.0],
        "SA_0.35": [1961.33, 10.0, 1.0],
        "ev_nation_code": ["IT", "IT", "IT"],
    }
    return pd.DataFrame({**columns, **changes})


def written(tmp_path, frame):
    path = tmp_path / "seismic_data.rds"
    rdata.write_rds(path, frame)
    return path


def test_units_names_and_style(tmp_path):
    frame = ita18.read(written(tmp_path, table()))
    assert frame["pga_g"].tolist() == pytest.approx([1.0, 10 / 980.665, 1 / 980.665])
    assert frame["psa_0.35s_g"][0] == pytest.approx(2.0)
    assert frame["style_of_faulting"].tolist() == ["normal", "normal", "strike-slip"]
    assert frame["rake_deg"].tolist() == [-90, -90, 0]
    assert frame["rjb_km"][1] == 50 and frame["vs30_m_s"][2] == 227 and np.isnan(frame["magnitude"][2])


def test_depth_is_assumed_and_said_so(tmp_path):
    frame = ita18.read(written(tmp_path, table()))
    assert (frame["hypocentral_depth_km"] == 10).all() and not frame["depth_is_listed"].any()
    assert frame["repi_km"][0] == pytest.approx(5.05, abs=0.05)
    assert frame["rhyp_km"][0] == pytest.approx(np.hypot(frame["repi_km"][0], 10), abs=0.02)


def test_a_code_of_two_places_becomes_two_stations(tmp_path):
    frame = pd.concat([table(), table().tail(1).assign(event_id="IT-2012-0008")])
    assert ita18.read(written(tmp_path, frame))["station_id"].tolist() == ["AQA", "MNS.2", "MNS", "MNS"]
    assert ita18.read(written(tmp_path, table()))["station_id"].tolist() == ["AQA", "MNS", "MNS.2"]


@needs_records
def test_real_records():
    (path,) = catalog.find("italy_ita18").values()
    frame = ita18.read(path)
    italian = frame[frame["event_nation"] == "IT"]
    assert len(frame) == 5778 and len(italian) == 4753 and italian["event_id"].nunique() == 134
    codes = italian["station_id"].str.replace(r"\.2$", "", regex=True)
    assert codes.nunique() == 887 and italian["station_id"].nunique() == 888  # MNS stands for two places
    assert sum(name.startswith(("pga", "psa")) for name in frame) == 37
    assert frame["magnitude"].isna().sum() == 175 and frame["psa_1s_g"].isna().sum() == 35
    assert not frame.duplicated(["event_id", "station_id"]).any()
    north = italian[(italian["event_latitude"] > 42) & italian["magnitude"].notna()]
    assert len(north) == 3776 and np.log(north["psa_1s_g"]).std() == pytest.approx(2.064, abs=0.001)
