import numpy as np
import pandas as pd
import pytest

from gmtools.data.readers import esm_flatfile
from gmtools.errors import ColumnMissing, FormatError

# ESM's names, with invented values: a measured and an inferred VS30, an event without EMEC magnitude, a negative sign.
TABLE = {
    "event_id": ["XX-1990-0001", "XX-1991-0002"],
    "event_time": ["1990-01-01 00:00:00", "1991-01-01 00:00:00"],
    "ev_latitude": [42.1, 43.0],
    "ev_longitude": [13.2, 12.0],
    "ev_depth_km": [8.0, 6.0],
    "fm_type_code": ["NF", ""],
    "ML": [5.9, 4.3],
    "Mw": [6.0, 4.5],
    "Ms": [None, None],
    "EMEC_Mw": [6.1, None],
    "es_rake": [-90.0, None],
    "network_code": ["XX", "NA"],
    "station_code": ["AAA", "BBB"],
    "location_code": ["", "00"],
    "st_latitude": [42.0, 43.1],
    "st_longitude": [13.0, 12.1],
    "vs30_m_sec": [520.0, None],
    "vs30_m_sec_WA": [600.0, 380.0],
    "epi_dist": [15.0, 8.0],
    "JB_dist": [3.0, None],
    "rup_dist": [6.0, None],
    "U_hp": [0.1, 1.0],
    "V_hp": [0.2, 2.0],
    "U_pga": [-80.0, 12.0],
    "rotD50_pga": [98.0665, -9.80665],
    "rotD50_pgv": [7.0, 0.5],
    "rotD50_T0_050": [196.133, 19.6133],
    "rotD50_T0_500": [98.0665, 9.80665],
    "rotD50_T1_000": [49.03325, 4.903325],
    "rotD50_T10_000": [0.980665, 0.0980665],
}


def write(tmp_path, separator=";", table=TABLE):
    path = tmp_path / "ESM_flatfile_SA.csv"
    pd.DataFrame(table).to_csv(path, sep=separator, index=False)
    return path


def test_names_and_units(tmp_path):
    frame = esm_flatfile.read(write(tmp_path))
    first = frame.iloc[0]
    assert (first["event_id"], first["station_id"]) == ("XX-1990-0001", "XX.AAA")
    assert first["pga_g"] == pytest.approx(0.1) and first["psa_0.05s_g"] == pytest.approx(0.2)
    assert first["rhyp_km"] == 17 and first["rjb_km"] == 3 and first["rake_deg"] == -90
    assert frame["pga_g"][1] == pytest.approx(0.01)


def test_network_called_na_is_not_missing(tmp_path):
    assert esm_flatfile.read(write(tmp_path))["station_id"][1] == "NA.BBB"


def test_second_choices_of_magnitude_and_vs30(tmp_path):
    frame = esm_flatfile.read(write(tmp_path))
    assert frame["magnitude"].tolist() == [6.1, 4.5]
    assert frame["vs30_m_s"].tolist() == [520, 380]
    assert frame["vs30_is_measured"].tolist() == [True, False]
    assert frame[["rjb_km", "rrup_km"]].loc[1].isna().all()


def test_ordinates_beyond_the_high_pass_corner_are_missing(tmp_path):
    frame = esm_flatfile.read(write(tmp_path))
    assert frame.filter(like="psa_").notna().sum(axis=1).tolist() == [3, 2]
    assert np.isnan(frame["psa_10s_g"][0]) and frame["psa_0.5s_g"][1] == pytest.approx(0.01)


def test_lower_case_release(tmp_path):
    frame = esm_flatfile.read(write(tmp_path, table={name.lower(): values for name, values in TABLE.items()}))
    assert frame["magnitude"].tolist() == [6.1, 4.5] and "psa_1s_g" in frame


def test_wrong_separator(tmp_path):
    with pytest.raises(FormatError, match=r"is not separated by ';' .*\(its first line has 0 of them and 29 commas\)"):
        esm_flatfile.read(write(tmp_path, separator=","))


def test_missing_column(tmp_path):
    table = {("JB_distance" if name == "JB_dist" else name): values for name, values in TABLE.items()}
    with pytest.raises(ColumnMissing, match=r"'JB_dist' \(nearest: 'JB_distance'\)"):
        esm_flatfile.read(write(tmp_path, table=table))


def test_file_without_spectra(tmp_path):
    table = {name: values for name, values in TABLE.items() if not name.startswith("rotD50_T")}
    with pytest.raises(FormatError, match="no spectral ordinate"):
        esm_flatfile.read(write(tmp_path, table=table))


def test_web_page_and_zip_file(tmp_path):
    path = tmp_path / "ESM_flatfile_SA.csv"
    path.write_text("<!DOCTYPE html>")
    with pytest.raises(FormatError, match=r"is a web page.*from the ESM site"):
        esm_flatfile.read(path)
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(FormatError, match=r"is a zip file. Unzip it"):
        esm_flatfile.read(path)
