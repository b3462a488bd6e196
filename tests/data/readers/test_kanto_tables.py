import numpy as np
import pandas as pd
import pytest

from gmtools.data import catalog
from gmtools.data.readers import csv_table, kanto_site_terms, read_csv
from gmtools.errors import ColumnMissing, FormatError
from gmtools.maps import kanto_region


def needs(data_id):
    return pytest.mark.skipif(not catalog.available(data_id), reason=f"GMTOOLS_DATA names no folder with {data_id}")


def only(data_id):
    (path,) = catalog.find(data_id).values()
    return path


def test_shared_checks(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    assert read_csv(str(path), "the source", ["a"])["b"].tolist() == [2]
    with pytest.raises(ColumnMissing, match=r"lacks 1 column: 'c'"):
        read_csv(path, "the source", ["c"])
    path.write_text("a,b\n1,2\n3,4,5\n")
    with pytest.raises(FormatError, match=r"is no csv table .* Download it again from the source"):
        read_csv(path, "the source", ["a"])
    path.write_text("<html>log in</html>")
    with pytest.raises(FormatError, match="is a web page"):
        read_csv(path, "the source", ["a"])


def site_terms(tmp_path):
    paths = {}
    for period in kanto_site_terms.PERIODS:
        path = tmp_path / f"dS2S_T{period:g}s.csv"
        path.write_text(
            f"Station,Name,Longitude,Latitude,dS2Ss\n1,KNGH10,139.1,35.5,{period}\n2,IBRH11,140.1,36.4,-0.5\n"
        )
        paths[f"kanto/site_terms/{path.name}"] = path
    path = tmp_path / "dWs_T1s.csv"
    path.write_text("KiK-nets,Longitude,Latitude,Event_1,Event_2\nKNGH10,139.1,35.5,0.25, \nIBRH11,140.1,36.4,1,2\n")
    return paths | {"kanto/site_terms/dWs_T1s.csv": path}


def test_site_terms(tmp_path):
    paths = site_terms(tmp_path)
    frame = kanto_site_terms.read(paths)
    assert frame["station_id"].tolist() == ["KNGH10", "IBRH11"]
    assert frame.loc[0, ["site_term_0.01s", "site_term_0.1s", "site_term_1s"]].tolist() == [0.01, 0.1, 1]
    residuals = kanto_site_terms.residuals(paths, 1.0)
    assert residuals.to_numpy().tolist() == [["KNGH10", 0.25], ["IBRH11", 1.0], ["IBRH11", 2.0]]


@pytest.fixture
def given(tmp_path, monkeypatch):
    """``given(data_id, text)`` has the catalog find a file with this text."""

    def find(data_id, text):
        path = tmp_path / f"{data_id}.csv"
        path.write_text(text)
        monkeypatch.setattr(catalog, "find", lambda _: {path.name: path})

    return find


def test_sites_keep_the_epoch_with_the_most_records(given):
    given(
        "kanto_jshis_sites",
        "code,epoch,lon,lat,elev_m,vs20,vs30,avs30,d1400_m,d1700_m,dbase_m,n_rec\n"
        "CHB011,1,140.50,35.6,2,,,232,1,1,1882,234\nCHB011,2,140.49,35.5,2,,,223,1,1,1968,73\n"
        "IBRH11,1,140.10,36.3,,,,500,1,1,300,9\n",
    )
    frame = kanto_region._sites()
    assert frame["station_id"].tolist() == ["CHB011", "IBRH11"] and frame["network"].tolist() == ["K-NET", "KiK-net"]
    assert frame["bedrock_depth_m"].tolist() == [1882, 300] and set(frame["bedrock_model"]) == {"J-SHIS"}


def test_mesonet_depths_become_meters(given):
    given("kanto_mesonet_basin_depth", "station,lat,lon,jivsm_bedrock_depth_km\nE.AM1M,36.0,140.2,0.715\n")
    row = kanto_region.stations("MeSO-net").iloc[0]
    assert (row["station_id"], row["bedrock_depth_m"], row["bedrock_model"]) == ("E.AM1M", 715, "JIVSM")


def test_catalogue_is_day_first_and_without_explosions(given):
    head = "time,latitude,longitude,depth,mag,magType,id,type\n"
    rows = "7/05/2008,36.1,141.5,27,6.9,mwc,us1,earthquake\n9/10/2006,41,129,0,4.3,mb,us2,explosion\n"
    given("kanto_usgs_catalogue", head + rows)
    frame = kanto_region.earthquakes()
    assert len(frame) == 1 and frame["origin_time"][0] == pd.Timestamp(2008, 5, 7)
    given("kanto_usgs_catalogue", head + "2008-05-07,36.1,141.5,27,6.9,mwc,us1,earthquake\n")
    with pytest.raises(
        FormatError, match=r"not every time is a date .*2008-05-07.* Get it again from the data set kanto_usgs"
    ):
        kanto_region.earthquakes()
    given("kanto_usgs_catalogue", "when,latitude\n")
    with pytest.raises(ColumnMissing, match=r"lacks 7 columns: 'id'"):
        kanto_region.earthquakes()


LIST = "station,event,origin_time,magnitude,depth_km,event_longitude,event_latitude,station_longitude,station_latitude"


def test_list_of_mesonet_records(tmp_path):
    path = tmp_path / "list.csv"
    row = "E.AM1M,0001,2021-10-07T13:41:23,5.9,75,140.1,35.6,140.2,36.0,98.0665,19.6133\n"
    path.write_text(f"{LIST},pga_gal,psa_1s_gal\n{row}")
    frame = csv_table.read(path, catalog.manifest("meso_net").columns, "the list")
    assert frame.loc[0, ["event_id", "network", "sensor_depth_m"]].tolist() == ["0001", "MeSO-net", 20]
    assert frame.loc[0, ["pga_g", "psa_1s_g"]].tolist() == pytest.approx([0.1, 0.02])
    assert frame["rhyp_km"][0] == pytest.approx(np.hypot(frame["repi_km"][0], 75), abs=1)


@needs("kanto_site_terms")
def test_real_residuals_scatter_about_the_site_terms():
    paths = catalog.find("kanto_site_terms")
    frame = kanto_site_terms.read(paths).set_index("station_id")
    assert len(frame) == 60
    assert frame["site_term_0.01s"].std() == pytest.approx(0.541, abs=0.001)
    for period, phi_ss in ((0.01, 0.52), (1.0, 0.44)):
        groups = kanto_site_terms.residuals(paths, period).groupby("station_id")["residual"]
        assert np.sqrt(groups.var().mean()) == pytest.approx(phi_ss, abs=0.005)
        mean = groups.mean().reindex(frame.index)
        assert np.corrcoef(mean, frame[kanto_site_terms.column(period)])[0, 1] > 0.998


@needs("kanto_jshis_sites")
@needs("kanto_mesonet_basin_depth")
@needs("kanto_usgs_catalogue")
def test_real_stations_and_earthquakes():
    sites = kanto_region._sites()
    assert len(sites) == 267 and (sites["network"] == "KiK-net").sum() == 100
    meso = kanto_region.stations("MeSO-net")
    assert len(meso) == 286 and meso["bedrock_depth_m"].between(141, 4073).all()
    events = kanto_region.earthquakes()
    assert len(events) == 14_087 and events["magnitude"].min() == 4.5 and events["event_id"].is_unique
