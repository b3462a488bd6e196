import os
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gmtools import studies
from gmtools.data import catalog
from gmtools.data.readers import nga_west2_extract, peer_flatfile
from gmtools.errors import ChecksumMismatch, DataNotFound, DownloadFailed, FormatError, GmtoolsError
from gmtools.simulate import records
from gmtools.studies import iran

needs_extract = pytest.mark.skipif(
    not catalog.available("nga_west2_extract"), reason="the extract is in no folder that GMTOOLS_DATA names"
)
needs_records = pytest.mark.skipif(
    not catalog.available("iran_kuehn"), reason="the Iranian records are in no folder that GMTOOLS_DATA names"
)
FRAME = pd.DataFrame(
    {
        "event_id": ["a", "a", "b", "b", "b"],
        "magnitude": [3.0, 2.99, 5.0, 5.0, 5.0],
        "rjb_km": [300.0, 10.0, 300.1, 0.0, 10.0],
        "vs30_m_s": [400.0, 400.0, 400.0, 400.0, np.nan],
        "pga_g": [0.1] * 5,
        "psa_1s_g": [0.1] * 5,
    }
)


@pytest.fixture
def simulation(monkeypatch):
    """A simulation that costs nothing and remembers its seed."""
    monkeypatch.setattr(records, "nga_west2", lambda seed: FRAME.assign(seed=seed))
    monkeypatch.setattr(records, "iran", lambda seed: FRAME.assign(seed=seed))


@pytest.fixture
def finds(monkeypatch):
    """Function that sets what the catalog answers for each data set: paths, or an error to raise."""

    def answer(**answers):
        def find(data_id):
            found = answers.get(data_id, DataNotFound(f"{data_id} is nowhere. Next step: register."))
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(catalog, "find", find)

    return answer


def test_auto_falls_back_to_simulation_and_says_so(simulation, finds):
    finds(nga_west2_extract=DownloadFailed("no network"))
    dataset = studies.load("nga_west2", seed=3)
    assert dataset.simulated and dataset.data_id == "simulated"
    assert (dataset.frame["seed"] == 3).all()
    assert dataset.ordinate_kind(0) == dataset.ordinate_kind(1) == "simulated"
    notice = dataset.notice()
    assert "SIMULATED data" in notice and "no number below is evidence" in notice
    assert "gmtools data import peer_nga_west2" in notice and "GMTOOLS_DATA" in notice and "seed 3" in notice


def test_notice_of_open_data_names_the_command(simulation):
    assert "run `gmtools data fetch iran_kuehn`" in studies.load("iran", data="simulated").notice()


def test_every_line_of_a_notice_is_quoted(simulation):
    lines = studies.load("iran", data="simulated").notice().splitlines()
    assert len(lines) >= 5 and all(line.startswith(">") for line in lines)


def test_simulated_never_looks_for_data(simulation, finds):
    finds(nga_west2_extract=AssertionError("looked"), peer_nga_west2=AssertionError("looked"))
    assert studies.load("nga_west2", data="simulated").simulated


def test_real_never_falls_back(simulation, finds):
    finds()
    with pytest.raises(
        DataNotFound, match=r"data = 'real' takes no others\.\npeer_nga_west2 .* register\.\nnga_west2_ex"
    ):
        studies.load("nga_west2", data="real")


@pytest.mark.parametrize("data", ["auto", "real"])
def test_wrong_bytes_are_never_passed_over(simulation, finds, data):
    finds(nga_west2_extract=ChecksumMismatch("extract has the wrong bytes"))
    with pytest.raises(ChecksumMismatch, match="wrong bytes"):
        studies.load("nga_west2", data=data)


def test_official_flatfile_comes_first(monkeypatch, finds, tmp_path):
    path = tmp_path / "flatfile.csv"
    finds(peer_nga_west2={"flatfile.csv": path}, nga_west2_extract=AssertionError("looked"))
    monkeypatch.setattr(peer_flatfile, "read", lambda given: FRAME.assign(path=str(given)))
    dataset = studies.load("nga_west2", data="real")
    assert dataset.data_id == "peer_nga_west2" and dataset.frame["path"][0] == str(path)
    assert dataset.ordinate_kind(1) == "measured"
    assert "REAL data" in dataset.notice() and "RECONSTRUCTED" not in dataset.notice()


def test_extract_is_called_reconstructed(monkeypatch, finds, tmp_path):
    finds(nga_west2_extract={"extract.csv": tmp_path / "extract.csv"})
    monkeypatch.setattr(nga_west2_extract, "read", lambda path: FRAME)
    dataset = studies.load("nga_west2")
    assert dataset.ordinate_kind(0) == "measured" and dataset.ordinate_kind(1) == "reconstructed"
    assert "partly RECONSTRUCTED" in dataset.notice() and "**License:** none stated" in dataset.notice()


def test_workbook_is_parsed_once(monkeypatch, finds, tmp_path):
    monkeypatch.setenv("GMTOOLS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "flatfile.xlsx"
    path.write_bytes(b"first")
    finds(peer_nga_west2={"flatfile.xlsx": path})
    parsed = []

    def read(given):
        parsed.append(given)
        return FRAME.assign(size=given.stat().st_size, value=1 / 3)

    monkeypatch.setattr(peer_flatfile, "read", read)
    first, second = studies.load("nga_west2").frame, studies.load("nga_west2").frame
    pd.testing.assert_frame_equal(first, second, rtol=1e-15, check_dtype=False)
    assert len(parsed) == 1
    path.write_bytes(b"another")
    assert (studies.load("nga_west2").frame["size"] == 7).all() and len(parsed) == 2


def test_unknown_names():
    with pytest.raises(GmtoolsError, match=r"No data set is called 'nga_west3'. Choose among nga_west2, iran"):
        studies.load("nga_west3")
    with pytest.raises(GmtoolsError, match=r"data = 'fake' is not a choice. Choose among auto, real, simulated"):
        studies.load("iran", data="fake")


def test_unknown_ordinate(simulation):
    with pytest.raises(GmtoolsError, match=r"simulated has no column 'psa_0.33s_g'. Choose among pga_g, psa_1s_g"):
        studies.load("iran", data="simulated").ordinate_kind(0.33)


def test_selection_limits():
    selected = iran.select(FRAME)
    assert selected["rjb_km"].tolist() == [300.0, 0.0]
    assert selected.index.tolist() == [0, 1]


def test_distance_stand_in():
    frame = pd.DataFrame({"rjb_km": [1, np.nan, np.nan], "rrup_km": [5, 6, np.nan], "rhyp_km": [9.0, 9.0, 9.0]})
    assert iran.rjb_or_stand_in(frame).tolist() == [1, 6, 9]
    assert iran.rjb_or_stand_in(frame.drop(columns="rjb_km")).tolist() == [5, 6, 9]
    assert iran.rjb_or_stand_in(frame.assign(repi_km=4.0)).tolist() == [1, 6, 4]


def test_the_source_has_no_earthquake_of_iran():
    """Tabas, Manjil and Bam are in the Iranian table too: a network would be tested on what it has seen."""
    events = ["46", "EQ0144", "178", *(f"EQ{number:04}" for number in range(1, 11))]
    frame = pd.DataFrame({"event_id": np.repeat(events, 10), "magnitude": 5.0, "rjb_km": 20.0, "vs30_m_s": 400.0})
    dataset = SimpleNamespace(frame=frame.assign(pga_g=0.1), data_id="some")
    assert iran.source_records(dataset)["event_id"].unique().tolist() == events[3:]
    with pytest.raises(FormatError, match="some leaves 90 records of 9 earthquakes"):
        iran.source_records(SimpleNamespace(frame=dataset.frame[:-10], data_id="some"))


@needs_extract
def test_selection_of_the_extract():
    dataset = studies.load("nga_west2")
    if dataset.data_id != "nga_west2_extract":
        pytest.skip("the official flatfile is there and comes first")
    selected = iran.select(dataset.frame)
    assert len(selected) == 20_134 and selected["event_id"].nunique() == 573


@needs_extract
def test_second_load_is_fast():
    studies.load("nga_west2")
    start = time.process_time()
    studies.load("nga_west2")
    assert time.process_time() - start < 0.3


@needs_records
def test_iran():
    dataset = studies.load("iran", data="real")
    assert len(dataset.frame) == 2193 and dataset.ordinate_kind(3) == "measured"
    assert "0.0102 g" in dataset.notice() and "**License:** none stated." in dataset.notice()


def test_import_is_light():
    names = ", ".join(f"gmtools.studies.{name}" for name in ("iran", "italy", "kanto", "vs30"))
    code = f"import sys, {names}; print([m for m in ('tensorflow', 'keras', 'openquake') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert result.stdout.strip() == "[]"


def test_simulated_italy_says_what_it_is(monkeypatch):
    from gmtools.simulate import fields

    table = FRAME.assign(event_nation="IT", event_latitude=[43, 43, 41, 41, 41])
    monkeypatch.setattr(fields, "italy", lambda seed, **size: table.assign(seed=seed))
    north, whole = (studies.load(name, data="simulated", seed=5) for name in ("italy", "italy_whole"))
    assert len(north.frame) == 2 and len(whole.frame) == 5 and (whole.frame["seed"] == 5).all()
    assert "an invented Italy whose source, site and path fields are known" in north.notice()
    assert (
        "gmtools.simulate.fields.italy, seed 5" in north.notice() and "gmtools data fetch italy_ita18" in north.notice()
    )


def test_italy_without_a_catalogue_keeps_the_assumed_depths(monkeypatch, finds, tmp_path):
    from gmtools.data.readers import ita18

    table = FRAME.assign(event_nation="IT", event_latitude=43.0, hypocentral_depth_km=10.0, rhyp_km=12.0)
    monkeypatch.setattr(ita18, "read", lambda path: table)
    finds(italy_ita18={"seismic_data.csv": tmp_path / "seismic_data.csv"})
    dataset = studies.load("italy", data="real")
    assert (dataset.frame["hypocentral_depth_km"] == 10).all()
    assert dataset.kind["hypocentral_depth_km"] == dataset.kind["rhyp_km"] == "reconstructed"
    assert "REAL data" in dataset.notice() and "RECONSTRUCTED" not in dataset.notice()


@pytest.fixture
def kanto_simulation(monkeypatch):
    """A Kanto that costs nothing; its real ingredients are missing where ``missing`` is set."""
    from gmtools.simulate import kanto

    state = {"missing": False}

    def draw(seed, invented):
        if state["missing"] and not invented:
            raise DataNotFound("kanto_jshis_sites is nowhere")
        return FRAME.assign(seed=seed, invented=invented)

    monkeypatch.setattr(kanto, "kik_net", draw)
    monkeypatch.setattr(kanto, "meso_net", draw)
    return state


@pytest.mark.parametrize("name", ["kanto", "kanto_meso"])
def test_kanto_is_semi_synthetic_then_invented(kanto_simulation, finds, name):
    finds()
    dataset = studies.load(name, seed=3)
    assert dataset.data_id == "semi-synthetic" and dataset.simulated and not dataset.frame["invented"].any()
    notice = dataset.notice()
    assert "SEMI-SYNTHETIC" in notice and "Every motion is drawn" in notice and "Chakraborty" in notice
    assert f"gmtools data import {studies.table(name).candidates[0]}" in notice
    kanto_simulation["missing"] = True
    assert studies.load(name).data_id == "simulated" and "invented Kanto" in studies.load(name).notice()
    with pytest.raises(DataNotFound, match=f"No real data for '{name}'"):
        studies.load(name, data="real")


def test_simulated_kanto_never_looks_for_data(kanto_simulation, monkeypatch):
    def find(data_id):
        raise AssertionError(f"looked for {data_id}")

    monkeypatch.setattr(catalog, "find", find)
    assert studies.load("kanto", data="simulated").frame["invented"].all()


def test_official_kanto_records_come_first(monkeypatch, finds, tmp_path):
    from gmtools.data.readers import nied_ascii

    official = pd.DataFrame(
        {
            "event_id": "a", "magnitude": [4.0, 2.0], "network": "KiK-net", "sensor_depth_m": 0.0, "pga_g": 0.1,
            "station_longitude": 140.0, "station_latitude": 36.0, "origin_time": pd.Timestamp("2011-03-11"),
        }
    )  # fmt: skip
    monkeypatch.setenv("GMTOOLS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "records.zip"
    path.write_bytes(b"archive")
    monkeypatch.setattr(nied_ascii, "read", lambda given: official)
    finds(nied_kiknet_knet={"records.zip": path})
    for _ in range(2):  # parsed, then from the cache
        dataset = studies.load("kanto", data="real")
        assert dataset.data_id == "nied_kiknet_knet" and len(dataset.frame) == 1 and not dataset.simulated
        assert dataset.frame["origin_time"][0] == pd.Timestamp("2011-03-11")
