import numpy as np
import pandas as pd
import pytest

from gmtools import columns
from gmtools.data.readers import flatfile
from gmtools.errors import ColumnMissing, FormatError

MAPPING = {
    "event_id": "quake", "station_id": "sta", "magnitude": "Mw", "repi_km": "R", "vs30_m_s": "Vs30",
    "pga_g": ("PGA (cm/s2)", 1 / 980.665),
}  # fmt: skip
MINE = "quake,sta,Mw,R,Vs30,PGA (cm/s2)\n1,A,5.0,10,400,98.0665\n1,NA,5.0,20,na,-999\n"
# ESM's names in ESM's order, with invented values: what the web service gives, and the file of 2018.
WEB = (
    "esm_event_id;ev_latitude;ev_longitude;ev_depth_km;ml;mw;emec_mw;es_rake;network_code;station_code;st_latitude;"
    "st_longitude;vs30_m_s;vs30_m_s_wa;epi_dist;jb_dist;rup_dist;u_hp;v_hp;rotd50_pga;rotd50_pgv;rotd50_t0_200;"
    "rotd50_t2_000\n"
    "X-1;42;13;10;5.1;5.0;;-90;NA;AAA;42.1;13;;500;11.1;;;0.1;1;-98.0665;3;196.133;9.8\n"
    "X-1;42;13;10;5.1;5.0;5.2;-90;IT;BBB;42;13.2;610;480;16.5;14;16;0.1;0.1;49.03325;2;98.0665;9.80665\n"
)
OLD = {
    "esm_event_id": "event_id", "vs30_m_s": "vs30_m_sec", "vs30_m_s_wa": "vs30_m_sec_WA", "mw": "Mw",
    "emec_mw": "EMEC_Mw", "jb_dist": "JB_dist",
}  # fmt: skip


def write(folder, text, name="flatfile.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def published(text):
    """With the header of the file of 2018."""
    head, _, body = text.partition("\n")
    names = [OLD.get(name, name.replace("rotd50_", "rotD50_")) for name in head.split(";")]
    return ";".join(names) + "\n" + body


def test_any_table_with_a_mapping(tmp_path):
    frame = flatfile.read(write(tmp_path, MINE), MAPPING)
    assert frame["pga_g"].tolist() == pytest.approx([0.1, np.nan], nan_ok=True)
    assert frame["station_id"].tolist() == ["A", "NA"]
    assert frame["vs30_m_s"].isna().tolist() == [False, True]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(tmp_path, separator):
    assert len(flatfile.read(write(tmp_path, MINE.replace(",", separator)), MAPPING)) == 2


def test_a_workbook(tmp_path):
    path = tmp_path / "mine.xlsx"
    pd.read_csv(write(tmp_path, MINE), keep_default_na=False).to_excel(path, index=False)
    assert flatfile.read(path, MAPPING)["magnitude"].tolist() == [5, 5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINE.replace("20,na", "12 km,na"), r"row 2, column 'R' is '12 km'; it should be a number"),
        (MINE.replace("5.0,10", '"5,0",10'), r"row 1, column 'Mw' is '5,0'; it should be a number with a decimal"),
        (MINE.replace("98.0665", "98066.5"), r"row 1, column 'PGA \(cm/s2\)' is '98066.5'; .* right unit"),
        (MINE.replace("98.0665", "-98"), r"row 1, column 'PGA .*' is '-98'; it should be pga_g from 0 to 10"),
        (MINE.replace("1,A", ",A"), r"row 1, column 'quake' is blank; it should be a name"),
        (MINE.replace("400", "1e6"), r"column 'Vs30' is '1e6'"),
        (MINE.splitlines()[0] + "\n", "no row below"),
        ("", "is empty"),
        ("<html>log in</html>", "web page"),
    ],
)
def test_a_cell_that_is_wrong_is_named(tmp_path, text, message):
    with pytest.raises(FormatError, match=message):
        flatfile.read(write(tmp_path, text), MAPPING)


def test_what_the_mapping_lacks(tmp_path):
    with pytest.raises(ColumnMissing, match=r"lacks 1 column: 'PGA \(g\)' \(nearest: 'PGA \(cm/s2\)'\)"):
        flatfile.read(write(tmp_path, MINE), MAPPING | {"pga_g": "PGA (g)"})
    with pytest.raises(ColumnMissing, match=r"'pga', which is none of"):
        flatfile.read(write(tmp_path, MINE), {"pga": "PGA (cm/s2)"})
    with pytest.raises(ColumnMissing, match=r"neither PEER's nor ESM's.*Give a mapping"):
        flatfile.read(write(tmp_path, MINE))


@pytest.mark.parametrize("form", [lambda text: text, published, lambda text: published(text).replace(";", ",")])
def test_esm_as_published_and_from_the_web_service(tmp_path, form):
    frame = flatfile.read(write(tmp_path, form(WEB)))
    assert frame["magnitude"].tolist() == [5.0, 5.2]
    assert frame["vs30_m_s"].tolist() == [500, 610]
    assert frame["vs30_is_measured"].tolist() == [False, True]
    assert frame["station_id"].tolist() == ["NA.AAA", "IT.BBB"]
    assert frame["rjb_km"].tolist() == pytest.approx([np.nan, 14], nan_ok=True)
    assert frame["pga_g"].tolist() == pytest.approx([0.1, 0.05])
    assert frame["psa_0.2s_g"].tolist() == pytest.approx([0.2, 0.1])
    assert frame["psa_2s_g"].tolist() == pytest.approx([np.nan, 0.01], nan_ok=True)  # the first ends at 1 s
    assert frame["rhyp_km"].round(1).tolist() == [14.9, 19.3]
    assert set(frame) >= {columns.RAKE, columns.PGV, columns.REPI}


def test_esm_in_units_of_g_is_taken_for_nothing_else(tmp_path):
    with pytest.raises(FormatError, match=r"column 'rotd50_pga' is '98066.5'"):
        flatfile.read(write(tmp_path, WEB.replace("-98.0665", "98066.5")))


def test_peer_is_told_by_its_header(tmp_path):
    with pytest.raises(FormatError, match="not PEER's flatfile"):
        flatfile.read(write(tmp_path, "Record Sequence Number,PGA (g)\n1,0.1\n"))


@pytest.mark.parametrize("seed", range(50))
def test_bytes_changed_at_random(tmp_path, seed):
    random = np.random.default_rng(seed)
    text = bytearray((WEB if seed % 2 else MINE).encode())
    for _ in range(5):
        text[random.integers(len(text))] = random.integers(256)
    path = tmp_path / "flatfile.csv"
    path.write_bytes(bytes(text))
    try:
        frame = flatfile.read(path, None if seed % 2 else MAPPING)
    except (FormatError, ColumnMissing):
        return
    assert not (frame.select_dtypes(float) < -999).any().any()
