import csv

import numpy as np
import openpyxl
import pytest

from gmtools import columns
from gmtools.data.readers import peer_flatfile
from gmtools.errors import ColumnMissing, FormatError

ORDINATES = {f"T{period:.3f}S": 0.1 + period / 10 for period in (0.01, *columns.PERIODS[1:], 10.0)}
# PEER's names, in PEER's order, with invented values. The lowest usable frequency of 0.4 Hz allows periods up to 2.5 s.
ROW = {
    "Record Sequence Number": 7,
    "EQID": 25,
    "Earthquake Name": "Nowhere, 1990",
    "Station Name": "Écluse",
    "Station Sequence Number": 12,
    "Station ID  No.": "-999",
    "Earthquake Magnitude": 6.2,
    "Magnitude Type": "Mw",
    "Rake Angle (deg)": 178,
    "Hypocenter Latitude (deg)": 34.5,
    "Hypocenter Longitude (deg)": -118.25,
    "Hypocenter Depth (km)": 9.5,
    "EpiD (km)": 22.0,
    "HypD (km)": 23.964,
    "Joyner-Boore Dist. (km)": 0,
    "Campbell R Dist. (km)": 6,
    "ClstD (km)": 5.5,
    "Vs30 (m/s) selected for analysis": 412.5,
    "Station Latitude": 34.7,
    "Station Longitude": -118.3,
    "Lowest Usable Freq - Ave. Component (Hz)": 0.4,
    "PGA (g)": 0.31,
    "PGV (cm/sec)": 25.0,
    "PGD (cm)": 4.0,
    **ORDINATES,
}


def rows(*changes):
    return [list(ROW), *([(ROW | change)[name] for name in ROW] for change in changes)]


def write_csv(path, table, delimiter=",", encoding="utf-8"):
    with path.open("w", newline="", encoding=encoding) as stream:
        csv.writer(stream, delimiter=delimiter).writerows(table)
    return path


def write_workbook(path, table):
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    book.active.append(["Pacific Earthquake Engineering Research Center"])
    sheet = book.create_sheet("Flatfile")
    for row in table:
        sheet.append(row)
    book.save(path)
    return path


TWO = rows({}, {"Record Sequence Number": 8, "ClstD (km)": -999, "Station Sequence Number": -999})


@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_official_columns_become_standard_ones(tmp_path, write):
    frame = peer_flatfile.read(write(tmp_path / "flatfile", TWO))
    first = frame.iloc[0]
    assert list(frame["rsn"]) == [7, 8]
    assert (first["event_id"], first["station_id"]) == ("EQ0025", "SSN12")
    assert first["magnitude"] == 6.2 and first["rjb_km"] == 0 and first["rrup_km"] == 5.5
    assert first["vs30_m_s"] == 412.5 and first["pga_g"] == 0.31 and first["pgv_cm_s"] == 25
    assert first["psa_0.2s_g"] == pytest.approx(0.12)
    assert set(map(columns.psa, columns.PERIODS)) <= set(frame.columns)


@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_minus_999_is_missing(tmp_path, write):
    frame = peer_flatfile.read(write(tmp_path / "flatfile", TWO))
    assert np.isnan(frame["rrup_km"][1]) and frame["station_id"].isna()[1]
    assert not (frame.select_dtypes("number") == -999).any(axis=None)


def test_ordinates_longer_than_the_usable_period_are_missing(tmp_path):
    unusable = {"Lowest Usable Freq - Ave. Component (Hz)": -999}
    exactly = {"Lowest Usable Freq - Ave. Component (Hz)": 0.3333}
    too_short = {"Lowest Usable Freq - Ave. Component (Hz)": 0.35}  # 1 / 0.35 Hz = 2.86 s
    frame = peer_flatfile.read(write_csv(tmp_path / "flatfile.csv", rows({}, unusable, exactly, too_short)))
    psa = frame[[columns.psa(period) for period in columns.PERIODS[1:]]]
    assert psa.notna().sum(axis=1).tolist() == [11, 0, 12, 11]
    assert np.isnan(frame["psa_3s_g"][0]) and frame["psa_2s_g"][0] == pytest.approx(0.3)
    assert frame["pga_g"].notna().all()


@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_header_below_notes_and_blank_rows(tmp_path, write):
    notes = [["Updated flatfile; Record Sequence Number is the key"], [], ["two\nlines in one cell", "5% damping"], []]
    frame = peer_flatfile.read(write(tmp_path / "flatfile", notes + TWO))
    assert list(frame["rsn"]) == [7, 8]


def test_byte_order_mark_and_trailing_rows(tmp_path):
    path = write_csv(tmp_path / "flatfile.csv", [*TWO, [], ["End of file"]], encoding="utf-8-sig")
    assert len(peer_flatfile.read(path)) == 2


@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_missing_columns_are_named_with_the_nearest(tmp_path, write):
    header = [{"PGA (g)": "PGA(g)", "ClstD (km)": "ClosestDistance"}.get(name, name) for name in ROW]
    path = write(tmp_path / "flatfile", [header, *TWO[1:]])
    with pytest.raises(ColumnMissing, match=r"lacks 2 columns: .*'PGA \(g\)' \(nearest: 'PGA\(g\)'\)"):
        peer_flatfile.read(path)


def test_renamed_record_number_still_names_the_column(tmp_path):
    header = ["RSN" if name == "Record Sequence Number" else name for name in ROW]
    with pytest.raises(ColumnMissing, match="lacks 1 column: 'Record Sequence Number'"):
        peer_flatfile.read(write_csv(tmp_path / "flatfile.csv", [header, *TWO[1:]]))


def test_web_page(tmp_path):
    path = tmp_path / "flatfile.xlsx"
    path.write_text("\n<!DOCTYPE html><html><title>Sign in</title></html>")
    with pytest.raises(FormatError, match=r"flatfile.xlsx is a web page.*Log in, download the file again from PEER"):
        peer_flatfile.read(path)


def test_empty_file(tmp_path):
    path = tmp_path / "flatfile.csv"
    path.touch()
    with pytest.raises(FormatError, match=r"is empty. Download it again"):
        peer_flatfile.read(path)


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated_workbook(tmp_path, kept):
    path = write_workbook(tmp_path / "flatfile.xlsx", TWO)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(FormatError, match=r"cannot be read.*download it again from PEER"):
        peer_flatfile.read(path)


def test_workbook_with_a_damaged_sheet(tmp_path):
    path = write_workbook(tmp_path / "flatfile.xlsx", TWO)
    content = bytearray(path.read_bytes())
    start = content.index(b"xl/worksheets/sheet2.xml") + 60
    content[start : start + 40] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(FormatError, match="cannot be read"):
        peer_flatfile.read(path)


def test_wrong_separator(tmp_path):
    path = write_csv(tmp_path / "flatfile.csv", TWO, delimiter=";")
    with pytest.raises(FormatError, match="no header row with 'Record Sequence Number', separated by commas"):
        peer_flatfile.read(path)


@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_another_table(tmp_path, write):
    path = write(tmp_path / "table", [["date", "price"], ["2020-01-01", 3]] * 40)
    with pytest.raises(FormatError, match="no header row with 'Record Sequence Number', separated"):
        peer_flatfile.read(path)


@pytest.mark.parametrize("below", [[], [["End of file"]]])
@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_header_without_records(tmp_path, write, below):
    with pytest.raises(FormatError, match="no record below it"):
        peer_flatfile.read(write(tmp_path / "flatfile", [*TWO[:1], *below]))


def test_decimal_commas(tmp_path):
    path = write_csv(tmp_path / "flatfile.csv", rows({"PGA (g)": "0,31"}))
    with pytest.raises(FormatError, match=r"'PGA \(g\)' should hold numbers.*first is '0,31'"):
        peer_flatfile.read(path)


def test_truncated_csv(tmp_path):
    path = write_csv(tmp_path / "flatfile.csv", TWO)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FormatError, match=r"is truncated: its last row breaks off\. Delete it"):
        peer_flatfile.read(path)
