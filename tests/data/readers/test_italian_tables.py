import numpy as np
import pytest

from gmtools.data import catalog, datasets
from gmtools.data.readers import ita18, recording_stations


def needs(data_id):
    return pytest.mark.skipif(not catalog.available(data_id), reason=f"GMTOOLS_DATA names no folder with {data_id}")


def only(data_id):
    (path,) = catalog.find(data_id).values()
    return path


def laquila(tmp_path):
    stations, event = tmp_path / "Stations_INGV.csv", tmp_path / "earthquake_information.csv"
    stations.write_text(
        "STATION_ID,LATITUDE,LONGITUDE,PGA_VALUE,PGA_LN_SIGMA,SA(0.3)_VALUE,SA(1.0)_VALUE,VS30\n"
        "AQA,42.37553,13.339298,0.4354,0,0.897,0.335,549\nAQF,42.38,13.35,0.077,0,0.22,0.0137,\n"
    )
    event.write_text(
        "FIELD,DESCRIPTION\nEvent Name,Laquila 2009\nMw,6.3\nLatitude (decimal degrees),42.334\n"
        "Longitude (decimal degrees),13.334\nDepth (km),8.8\nFault mechanism,Normal\n"
    )
    return {f"italy/laquila_2009/{path.name}": path for path in (stations, event)}


def test_recording_stations(tmp_path):
    frame = recording_stations.read(laquila(tmp_path))
    assert frame["station_id"].tolist() == ["AQA", "AQF"] and frame["psa_1s_g"].tolist() == [0.335, 0.0137]
    assert (frame["magnitude"] == 6.3).all() and (frame["rake_deg"] == -90).all()
    assert np.isnan(frame["vs30_m_s"][1])
    assert frame["rhyp_km"][0] == pytest.approx(np.hypot(frame["repi_km"][0], 8.8), abs=0.01)


@needs("italy_horus_catalogue")
def test_real_horus():
    frame = datasets.read("italy_horus_catalogue")
    assert len(frame) == 5181 and frame["magnitude"].min() >= 3 and frame["hypocentral_depth_km"].notna().all()


@needs("laquila_2009")
@needs("italy_ita18")
def test_real_laquila_is_another_component_than_ita18():
    frame = recording_stations.read(catalog.find("laquila_2009"))
    assert len(frame) == 72 and frame["vs30_m_s"].notna().sum() == 31
    records = ita18.read(only("italy_ita18"))
    records = records[records["event_id"] == "IT-2009-0009"]
    both = frame.merge(records, on="station_id", suffixes=("", "_ita18"))
    difference = np.log(both["psa_1s_g"] / both["psa_1s_g_ita18"])
    assert len(records) == 51 and len(both) == 50
    assert difference.mean() == pytest.approx(0.106, abs=0.001)
