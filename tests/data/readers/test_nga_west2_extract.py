import numpy as np
import pandas as pd
import pytest

from gmtools import columns
from gmtools.data import catalog
from gmtools.data.readers import nga_west2_extract

needs_extract = pytest.mark.skipif(
    not catalog.available("nga_west2_extract"), reason="the extract is in no folder that GMTOOLS_DATA names"
)


def table():
    names = [*nga_west2_extract._AS_NAMED, *(f"psa_{p:g}s_reconstructed_g" for p in columns.PERIODS[1:])]
    frame = pd.DataFrame(0.5, index=range(4), columns=names)
    frame["rsn"] = range(4)
    frame["event_id"] = ["EQ0001", "EQ0001", "S0002", "S0002"]
    frame["rake_deg"] = [355.0, 180.0, -180.0, 90.0]
    frame["station_longitude"] = [-118.00001, -118.0, np.nan, 10.0]
    frame["station_latitude"] = [34.0, 34.00002, np.nan, 34.0]
    return frame


def write(tmp_path, frame):
    path = tmp_path / "extract.csv"
    frame.to_csv(path, index=False)
    return path


def test_station_is_known_by_coordinates_only(tmp_path):
    frame = nga_west2_extract.read(write(tmp_path, table()))
    first, same, unknown, other = frame["station_id"]
    assert first == same and first != other
    assert pd.isna(unknown)


def test_names_are_standard_and_rake_is_within_half_a_turn(tmp_path):
    frame = nga_west2_extract.read(write(tmp_path, table()))
    assert set(map(columns.psa, columns.PERIODS)) <= set(frame.columns)
    assert not [name for name in frame if "reconstructed" in name]
    assert frame["rake_deg"].tolist() == [-5, 180, 180, 90]


@needs_extract
def test_real_extract():
    (path,) = catalog.find("nga_west2_extract").values()
    frame = nga_west2_extract.read(path)
    assert len(frame) == 21_004
    assert frame["station_id"].notna().sum() == 13_790 and frame["station_id"].nunique() == 2932
    assert frame["psa_0.2s_g"].notna().sum() == 7098
    assert frame["psa_1s_g"][frame["rrup_km"].isna()].isna().all()
