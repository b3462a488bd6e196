import io
import re
import zipfile
from itertools import chain
from pathlib import PurePosixPath

import numpy as np
import pytest
import scipy.io

from bookkit import cli
from gmtools import columns
from gmtools.data import catalog
from gmtools.data.accelerograms import Accelerogram, Exclusion, Rules, select
from gmtools.data.readers import afad_ascii, afad_mat, dyna_ascii, strong_motion
from gmtools.errors import (
    ColumnMissing,
    DataNotFound,
    FormatError,
    RecordingUnusable,
)

SAMPLES = np.random.default_rng(0).normal(0, 5, (6500, 3)).round(6)
# Number of samples, P, S, VS30 and hypocentral distance of the six published samples, as the study lists them.
LISTED = {
    "20120106001648_6501": (7523, 13.19, 18.54, 363, 33.3),
    "20120111034408_4306": (7988, 21.31, 24.89, 304, 32.9),
    "20120113141020_2507": (6250, 11.42, 15.04, 316, 26.8),
    "20120114055233_2404": (6143, 13.70, 18.61, 567, 43.4),
    "20170729022411_4801": (7108, 6.93, 19.91, 466, 28.3),
    "20170802040246_4806": (8338, 0.08, 6.40, 323, 21.6),
}
HEADER = {
    "EVENT_NAME": "202302060117",
    "EVENT_ID": "13194",
    "EVENT_DATE_YYYYMMDD": "2023/02/06",
    "EVENT_TIME_HHMMSS": "01:17:32.00000",
    "EVENT_LATITUDE_DEGREE": "37.0",
    "EVENT_LONGITUDE_DEGREE": "37.0",
    "EVENT_DEPTH_KM": "8.6",
    "MAGNITUDE_W": "",
    "MAGNITUDE_L": "5.1",
    "NETWORK": "TK",
    "STATION_CODE": "0119",
    "STATION_LATITUDE_DEGREE": "37.5",
    "STATION_LONGITUDE_DEGREE": "37.0",
    "VS30_M/S": "485",
    "SAMPLING_INTERVAL_S": "0.01",
    "UNITS": "cm/s^2",
    "DATA_TYPE": "Acceleration",
    "INSTRUMENT": "sensor = CMG-5T/GURALP | digitizer = ",
}


def dyna(component, samples=None, first_line="", **changes):
    samples = SAMPLES[:, "NEZ".index(component)] if samples is None else samples
    header = HEADER | {"STREAM": f"HN{component}", "NDATA": str(len(samples))} | changes
    lines = [first_line, *(f"{key}: {value}" for key, value in header.items() if value is not None), *map(str, samples)]
    return "\n".join(lines).lstrip().encode() + b"\n"


def tadas(name="20230206011732_0119_ap_Acc", **changes):
    """Names as TADAS gives them: U for the vertical, whose STREAM ends with Z."""
    return {f"{name}_{letter}.asc": dyna(part, **changes) for letter, part in (("N", "N"), ("E", "E"), ("U", "Z"))}


def test_moment_magnitude_comes_before_local_magnitude():
    known = {name: dyna_ascii.parse(tadas(**{"MAGNITUDE_W": name})).magnitude for name in ("5.4", "")}
    assert known == {"5.4": 5.4, "": 5.1}


def older(samples=SAMPLES, **changes):
    fields = {
        "PLACE": "KÜTAHYA GEDIZ",
        "EARTHQUAKE DATE": "2017/07/20 22:31:09 (GMT)",
        "EPICENTER COORDINATES": "36.91980N-27.44350E",
        "EARTHQUAKE DEPTH (km)": "19.44",
        "EARTHQUAKE MAGNITUDE": "6.5 Mw",
        "STATION ID": "4304",
        "STATION COORDINATES": "37.99478N-27.40040E",
        "RECORDER TYPE": "Guralp cmg5td",
        "NUMBER OF DATA": len(samples),
        "SAMPLING INTERVAL (sec)": "0.01",
        "RAW PGA VALUES (gal)": "(N-S) 1.218825 (E-W) 1.207812 (U-D) 0.645862",
    } | changes
    titles = fields.pop("titles", "N-S          E-W          U-D")
    head = [f"{key:<24}: {value}" for key, value in fields.items() if value is not None]
    rows = (" ".join(f"{value:12.6f}" for value in row) for row in samples)
    return "\n".join([afad_ascii.MARK, *head, "Copyright", f"   {titles}", *rows]).encode("latin-1")


def matlab(samples=SAMPLES, **changes):
    fields = {
        "epicenter": [[38.7, 43.5]],
        "depth": 8310,
        "magnitudeval": 4.2,
        "statID": 301,
        "statco": [[38.5, 43.4]],
        "numofData": len(samples),
        "Accel": samples,
        "sampling": 0.01,
        "Vs30": 363,
        "Rhyp": 33.3,
        "Ptime": 13.19,
        "Stime": 18.54,
    } | changes
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"EQ": {"anEQ": {key: value for key, value in fields.items() if value is not None}}})
    return stream.getvalue()


def packed(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def seed(unit="M/S**2", gap=False, channels="NEZ", rate=100.0):
    """Bytes of a miniSEED file in counts (1000 for each m/s²) and of its StationXML."""
    obspy = pytest.importorskip("obspy")
    from obspy.core.inventory import Channel, Inventory, Network, Response, Station
    from obspy.core.inventory.response import InstrumentSensitivity

    sensitivity = InstrumentSensitivity(1000.0, 1.0, unit, "COUNTS")
    place = {"latitude": 38.0, "longitude": 27.0, "elevation": 0.0}
    parts = [
        Channel(f"HN{letter}", "", **place, depth=0.0, response=Response(instrument_sensitivity=sensitivity))
        for letter in channels
    ]
    inventory = Inventory([Network("TK", [Station("0119", **place, channels=parts)])], source="test")
    stream = obspy.Stream()
    for number, letter in enumerate(channels):
        counts = (SAMPLES[:, number % 3] * 10).round().astype(np.int32)
        header = {"network": "TK", "station": "0119", "channel": f"HN{letter}", "sampling_rate": rate}
        for first in (0, 3000) if gap else (0,):
            part = counts[first : first + 2900] if gap else counts
            stream += obspy.Trace(part, {**header, "starttime": obspy.UTCDateTime(0) + first / rate})
    waveform, station = io.BytesIO(), io.BytesIO()
    stream.write(waveform, format="MSEED")
    inventory.write(station, format="STATIONXML")
    return waveform.getvalue(), station.getvalue()


@pytest.mark.skipif(not catalog.available("afad_cnnlstm"), reason="the six records are in no folder of GMTOOLS_DATA")
def test_the_six_published_records():
    paths = catalog.find("afad_cnnlstm")
    for name, (count, p, s, vs30, rhyp) in LISTED.items():
        record = afad_mat.parse(f"{name}.mat", paths[f"afad/records/{name}.mat"].read_bytes())
        assert record.acceleration.shape == (count, 3) and record.sampling_rate_hz == 100
        assert (record.p_time_s, record.s_time_s, record.vs30_m_s) == pytest.approx((p, s, vs30))
        assert record.rhyp_km == pytest.approx(rhyp, abs=0.05)
        assert np.hypot(record.repi_km, record.hypocentral_depth_km) == pytest.approx(rhyp, abs=0.2)
        assert record.station_id == f"TK.{name[-4:]}" and record.event_id == name[:14]
        assert Rules().judge(record) is None


def test_matlab_record():
    record = afad_mat.parse("20120106001648_0301.mat", matlab())
    np.testing.assert_allclose(record.acceleration, SAMPLES, rtol=1e-6)
    assert (record.station_id, record.hypocentral_depth_km, record.rhyp_km) == ("TK.0301", 8.31, 33.3)
    assert np.isnan(afad_mat.parse("a.mat", matlab(Vs30=np.empty((0, 0)))).vs30_m_s)


def test_matlab_faults():
    with pytest.raises(RecordingUnusable, match=r"samples of shape \(6500, 2\)"):
        afad_mat.parse("a.mat", matlab(SAMPLES[:, :2]))
    with pytest.raises(RecordingUnusable, match="6500 samples, the file says 7000"):
        afad_mat.parse("a.mat", matlab(numofData=7000))
    for content in (matlab(Accel=None), b"MATLAB 5.0 MAT-file", b"\x00" * 300, matlab()[:900]):
        with pytest.raises(FormatError, match=r"a\.mat is no record of AFAD-1218"):
            afad_mat.parse("a.mat", content)


def test_dyna_record_of_tadas():
    record = dyna_ascii.parse(tadas(first_line="AAD_Filtered_TADAS_FILE"))
    np.testing.assert_allclose(record.acceleration, SAMPLES, rtol=1e-6)
    assert (record.event_id, record.station_id) == ("20230206011732", "TK.0119")
    assert (record.vs30_m_s, record.magnitude, record.hypocentral_depth_km) == (485, 5.1, 8.6)
    assert record.repi_km == pytest.approx(55.5, abs=0.1) and record.rhyp_km > record.repi_km
    assert np.isnan(record.p_time_s)


def test_dyna_record_of_esm_keeps_its_event_id_and_other_units_are_converted():
    names = {"N": "IT.AMT..HGN.D.X.ACC.MP.ASC", "E": "IT.AMT..HGE.D.X.ACC.MP.ASC", "Z": "IT.AMT..HGZ.D.X.ACC.MP.ASC"}
    for unit, factor in (("cm/s^2", 1), ("m/s^2", 100), ("g", 980.665)):
        samples = SAMPLES / factor
        record = dyna_ascii.parse({
            name: dyna(part, samples[:, "NEZ".index(part)], EVENT_ID="IT-2009-0009", UNITS=unit)
            for part, name in names.items()
        })  # fmt: skip
        np.testing.assert_allclose(record.acceleration, SAMPLES, rtol=1e-6)
        assert record.record_id == "IT-2009-0009_TK.0119"


def test_a_peak_beyond_ten_times_gravity_is_a_wrong_unit():
    with pytest.raises(RecordingUnusable, match=r"a peak of 1\.\d+e\+04 cm/s² .* The unit is another"):
        dyna_ascii.parse(tadas(UNITS="g"))


def test_dyna_vs30_none_is_unknown():
    assert np.isnan(dyna_ascii.parse(tadas(**{"VS30_M/S": "None"})).vs30_m_s)


@pytest.mark.parametrize(
    ("contents", "error", "message"),
    [
        (tadas(UNITS=None), RecordingUnusable, "a unit that is not stated"),
        (tadas(UNITS="counts"), RecordingUnusable, "acceleration in counts"),
        (tadas(DATA_TYPE="Velocity", UNITS="cm/s"), RecordingUnusable, "velocity in cm/s; acceleration in one of"),
        (dict(list(tadas().items())[:2]), RecordingUnusable, r"_E\.asc \(HNE\).*_N\.asc \(HNN\)"),
        ({"1": dyna("N"), "2": dyna("N"), "3": dyna("Z")}, RecordingUnusable, "One file each for north, east"),
        (tadas(NDATA="7000"), RecordingUnusable, "6500 samples, its header says 7000: cut off"),
        (
            tadas() | {"20230206011732_0119_ap_Acc_U.asc": dyna("Z", SAMPLES[:6000, 2])},
            RecordingUnusable,
            "6500, 6500, 6000",
        ),
        (tadas(STATION_CODE=None), FormatError, "its header lacks STATION_CODE"),
        ({"a.asc": b"a table\nof something\n"}, FormatError, "is no DYNA file"),
    ],
)
def test_dyna_faults(contents, error, message):
    with pytest.raises(error, match=message):
        dyna_ascii.parse(contents)


def test_dyna_intervals_and_words_among_the_samples():
    files = tadas()
    with pytest.raises(RecordingUnusable, match=r"0\.005.*0\.01.*differ"):
        dyna_ascii.parse(files | {"20230206011732_0119_ap_Acc_U.asc": dyna("Z", SAMPLING_INTERVAL_S="0.005")})
    samples = [*SAMPLES[:100, 2], "missing", *SAMPLES[101:, 2]]
    with pytest.raises(RecordingUnusable, match=r"no number .*missing"):
        dyna_ascii.parse(files | {"20230206011732_0119_ap_Acc_U.asc": dyna("Z", samples)})


def test_dyna_component_with_a_sample_more_is_cut():
    files = tadas() | {"20230206011732_0119_ap_Acc_U.asc": dyna("Z", SAMPLES[:-1, 2])}
    assert dyna_ascii.parse(files).acceleration.shape == (6499, 3)


def test_older_afad_format():
    record = afad_ascii.parse("20170720223109_4304.txt", older())
    np.testing.assert_allclose(record.acceleration, SAMPLES, atol=1e-6)
    assert (record.event_id, record.station_id, record.magnitude) == ("20170720223109", "TK.4304", 6.5)
    assert record.repi_km == pytest.approx(119.3, abs=0.5) and np.isnan(record.vs30_m_s)
    day_first = afad_ascii.parse("a.txt", older(**{"EARTHQUAKE DATE": "17/08/1999 00:01:39.07 (GMT)"}))
    assert day_first.event_id == "19990817000139"


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (older(**{"RAW PGA VALUES (gal)": None}), RecordingUnusable, "no line 'PGA VALUES"),
        (older(titles="N-S          E-W"), RecordingUnusable, r"columns are \['N-S', 'E-W'\]"),
        (older(**{"NUMBER OF DATA": 7000}), RecordingUnusable, "6500 samples, its header says 7000"),
        (older() + b"\n 1.0 2.0", RecordingUnusable, "cannot reshape"),
        (older(**{"STATION ID": None}), FormatError, "the header lacks STATION ID"),
        (b"something else", FormatError, "does not begin with"),
    ],
)
def test_older_afad_faults(content, error, message):
    with pytest.raises(error, match=message):
        afad_ascii.parse("a.txt", content)


def folder_of(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(content)
    return folder


def test_miniseed_with_station_xml(tmp_path):
    waveform, station = seed()
    (record,) = strong_motion.read(folder_of(tmp_path, {"20230206011732_0119.mseed": waveform, "s.xml": station}))
    np.testing.assert_allclose(record.acceleration, (SAMPLES * 10).round() / 10, atol=1e-5)
    assert (record.station_id, record.event_id) == ("TK.0119", "20230206011732")
    assert (record.station_latitude, record.station_longitude) == (38.0, 27.0)


@pytest.mark.parametrize(
    ("changes", "reason", "message"),
    [
        ({"unit": "M/S"}, "unit not stated", r"TK\.0119\.\.HN. measures M/S with a sensitivity"),
        ({"gap": True}, "gap", r"TK.0119..HN. from .*:28.9.* is missing"),
        ({"channels": "NE"}, "component missing", r"found: TK\.0119\.\.HNE, TK\.0119\.\.HNN"),
        ({"channels": "12Z"}, "orientation unknown", "give the StationXML with azimuth and dip"),
    ],
)
def test_miniseed_faults(tmp_path, changes, reason, message):
    waveform, station = seed(**changes)
    (left_out,) = strong_motion.read(folder_of(tmp_path, {"a.mseed": waveform, "s.xml": station}))
    assert left_out.reason == reason and re.search(message, left_out.detail)


def test_miniseed_without_its_station_xml_has_no_unit(tmp_path):
    (left_out,) = strong_motion.read(folder_of(tmp_path, {"a.mseed": seed()[0]}))
    assert left_out.reason == "unit not stated" and "no StationXML says what the counts" in left_out.detail


NAMES = {
    "sds": "TK.0119..{}.D.1970.001",
    "mass downloader": "TK.0119..{}__19700101T000000Z__19700101T000110Z.mseed",
    "web service": "fdsnws-dataselect_{}.mseed",
    "no ending": "{}",
    "number": "{}.2023.seed.1",
}


@pytest.mark.parametrize("pattern", NAMES.values(), ids=NAMES)
def test_what_a_trace_is_stands_in_its_header(tmp_path, pattern):
    obspy = pytest.importorskip("obspy")
    waveform, station = seed()
    files = {"metadata/inventory.txt": station, "notes.csv": b"a,b"}
    for trace in obspy.read(io.BytesIO(waveform)):
        stream = io.BytesIO()
        trace.write(stream, format="MSEED")
        files[pattern.format(trace.stats.channel)] = stream.getvalue()
    (record,) = strong_motion.read(folder_of(tmp_path, files))
    assert record.record_id == "19700101000000_TK.0119..HN" and len(record.acceleration) == 6500


def test_two_records_of_one_sensor_are_two(tmp_path):
    obspy = pytest.importorskip("obspy")
    waveform, station = seed()
    later = obspy.read(io.BytesIO(waveform))
    for trace in later:
        trace.stats.starttime += 3600
    stream = io.BytesIO()
    (obspy.read(io.BytesIO(waveform)) + later).write(stream, format="MSEED")
    found = list(strong_motion.read(folder_of(tmp_path, {"day.mseed": stream.getvalue(), "s.xml": station})))
    assert [record.event_id for record in found] == ["19700101000000", "19700101010000"]


def knet(station, direction, change=()):
    from test_nied_ascii import component

    text = component(8, direction, station).decode()
    for old, new in change:
        text = text.replace(old, new)
    return text.encode()


def knet_files(station, change=()):
    pairs = (("EW", "E-W"), ("NS", "N-S"), ("UD", "U-D"))
    return {f"{station}1103120102.{ending}": knet(station, direction, change) for ending, direction in pairs}


def test_knet_as_a_mac_packs_it(tmp_path):
    files = knet_files("AAA001") | knet_files("AAA002")
    files |= {f"__MACOSX/._{name}": b"\0\5\x16\7 Mac OS X" for name in files} | {".DS_Store": b"Bud1"}
    (tmp_path / "mac.zip").write_bytes(packed(files))
    found = list(strong_motion.read(tmp_path / "mac.zip"))
    records = [record for record in found if isinstance(record, Accelerogram)]
    assert [record.station_id for record in records] == ["NIED.AAA001", "NIED.AAA002"]
    assert records[0].magnitude == 5.1 and records[0].hypocentral_depth_km == 50
    assert [record.reason for record in found if isinstance(record, Exclusion)] == ["no record"] * 7


HEADERS = {"blank": "", "text": "soon", "zero": "0", "unit": "0.01 s", "comma": "0,01", "nan": "nan"}


@pytest.mark.parametrize("value", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("key", ["SAMPLING INTERVAL (sec)", "NUMBER OF DATA", "EARTHQUAKE DATE", "EARTHQUAKE MAGNITUDE",
                                 "EARTHQUAKE DEPTH (km)", "EPICENTER COORDINATES", "STATION COORDINATES"])  # fmt: skip
def test_one_bad_header_of_afad_ends_no_folder(tmp_path, key, value):
    files = {f"{number}.txt": older(**{"STATION ID": f"000{number}"}) for number in (1, 2, 3)}
    files["2.txt"] = older(**{"STATION ID": "0002", key: value})
    found = list(strong_motion.read(folder_of(tmp_path, files)))
    good = [record for record in found if isinstance(record, Accelerogram)]
    named = {record.station_id: record for record in good}
    assert {"TK.0001", "TK.0003"} <= set(named) and len(found) == 3
    if len(good) == 3:  # what need not be known is not known, or is the number that stands there
        assert (value, key) in {("", name) for name in (
            "EARTHQUAKE MAGNITUDE", "EARTHQUAKE DEPTH (km)", "STATION COORDINATES")} | {
            ("0", "EARTHQUAKE MAGNITUDE"), ("0", "EARTHQUAKE DEPTH (km)"), ("nan", "EARTHQUAKE MAGNITUDE"),
            ("nan", "EARTHQUAKE DEPTH (km)"), ("0.01 s", "EARTHQUAKE MAGNITUDE")}  # fmt: skip


@pytest.mark.parametrize("value", [*HEADERS.values(), "3.0"])
@pytest.mark.parametrize("key", ["SAMPLING_INTERVAL_S", "NDATA", "EVENT_DATE_YYYYMMDD", "EVENT_LATITUDE_DEGREE",
                                 "VS30_M/S", "MAGNITUDE_L", "EVENT_DEPTH_KM"])  # fmt: skip
def test_one_bad_header_of_dyna_ends_no_folder(tmp_path, key, value):
    files = tadas("1_a", STATION_CODE="0001") | tadas("2_b", STATION_CODE="0002", **{key: value})
    found = list(strong_motion.read(folder_of(tmp_path, files)))
    assert any(isinstance(record, Accelerogram) and record.station_id == "TK.0001" for record in found)
    for record in found:
        if isinstance(record, Accelerogram) and record.station_id == "TK.0002":
            read_as = {"VS30_M/S": record.vs30_m_s, "MAGNITUDE_L": record.magnitude,
                       "EVENT_DEPTH_KM": record.hypocentral_depth_km,
                       "EVENT_LATITUDE_DEGREE": record.event_latitude}[key]  # fmt: skip
            assert np.isnan(read_as) if value in ("", "nan") else read_as == float(value)


def test_spectra_of_esm_are_named_as_such(tmp_path):
    lines = "\n".join(f"{period:.3f} {period * 3:.4f}" for period in np.arange(0.01, 1, 0.01))
    header = HEADER | {"STREAM": "HGE", "NDATA": "99", "DATA_TYPE": "ACCELERATION RESPONSE SPECTRUM"}
    text = "\n".join(f"{key}: {value}" for key, value in header.items()) + "\n" + lines + "\n"
    files = tadas() | {"IT.AMT..HGE.D.IT-2009-0009.SA.ASC": text.encode()}
    record, spectrum = sorted(strong_motion.read(folder_of(tmp_path, files)), key=lambda one: type(one).__name__)
    assert isinstance(record, Accelerogram) and spectrum.reason == "response spectrum"
    assert "acceleration response spectrum in cm/s^2, not a record. Get the accelerogram" in spectrum.detail


def test_components_of_different_records_are_not_put_together():
    files = tadas() | {"20230206011732_0119_ap_Acc_U.asc": dyna("Z", STATION_CODE="0120")}
    with pytest.raises(RecordingUnusable, match="not of one record: their headers differ"):
        dyna_ascii.parse(files)
    start = {"DATE_TIME_FIRST_SAMPLE_YYYYMMDD_HHMMSS": "20230206_011700"}
    files = tadas(**start) | {"20230206011732_0119_ap_Acc_U.asc": dyna("Z", **{next(iter(start)): "20230206_011707"})}
    with pytest.raises(RecordingUnusable, match="begin at different times, 20230206_011700 and 20230206_011707"):
        dyna_ascii.parse(files)


def test_horizontals_called_one_and_two_point_nobody_knows_where():
    files = {name: dyna("N", STREAM=f"HN{letter}") for name, letter in (("a", "1"), ("b", "2"), ("c", "Z"))}
    with pytest.raises(RecordingUnusable, match=r"STREAM ends with N, E, Z.*a \(HN1\)"):
        dyna_ascii.parse(files)


@pytest.mark.parametrize("table, message", [
    ("station_id,vs30_m_s\nTK.0119,\"300,5\"\n", "vs30_m_s is '300,5', no number"),
    ("station_id,vs30_m_s\nTK.0119,C\n", "vs30_m_s is 'C', no number"),
    ("station_id,vs30_m_s\nTK.0119,300\nTK.0119,400\n", "says two things of station_id 'TK.0119'"),
    ("station_id,vs30_m_s\nTK.0119,1000000\n", "vs30_m_s is 1000000.* impossible"),
    ("station_id,vs30_m_s\n\"a,b\n", "is no csv table"),
    ("", "is no csv table"),
])  # fmt: skip
def test_a_table_beside_the_records_that_is_none(tmp_path, table, message):
    with pytest.raises(FormatError, match=message):
        list(strong_motion.read(folder_of(tmp_path, tadas() | {"stations.csv": table.encode()})))


def test_a_table_of_an_old_spreadsheet(tmp_path):
    table = "station_id,place,vs30_m_s\nTK.0119,GÖKSUN,345\n".encode("cp1254")
    (record,) = strong_motion.read(folder_of(tmp_path, tadas(**{"VS30_M/S": None}) | {"stations.csv": table}))
    assert record.vs30_m_s == 345


def test_a_matlab_file_that_ends_the_interpreter(tmp_path, monkeypatch):
    monkeypatch.setattr(afad_mat, "_SERVER", "import os; os.abort()")
    monkeypatch.setattr(afad_mat, "_process", [])
    with pytest.raises(FormatError, match=r"SciPy's reader crashed on it"):
        afad_mat.parse("a.mat", matlab())
    monkeypatch.undo()
    assert len(afad_mat.parse("a.mat", matlab()).acceleration) == 6500


def test_an_archive_that_becomes_a_thousand_times_as_large(tmp_path, monkeypatch):
    from gmtools.data.readers import archives

    monkeypatch.setattr(archives, "LARGEST_RATIO", 2)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(8):
            archive.writestr(f"{number}.mseed", bytes(2**24))
    (tmp_path / "bomb.zip").write_bytes(stream.getvalue())
    found = list(strong_motion.read(tmp_path / "bomb.zip"))
    assert len(found) == 8 and "more than 2 times as large" in found[-1].detail


def everything():
    """Five good records in four formats, one of them in an archive within the archive, and seven bad ones."""
    waveform, station = seed()
    return {
        "a/20120106001648_6501.mat": matlab(),
        **{f"event/{name}": content for name, content in tadas().items()},
        "older/20170720223109_4304.txt": older(),
        "seed/20230301000000_0119.mseed": waveform,
        "seed/0119.xml": station,
        "event.zip": packed(tadas("20230206102447_0119_ap_Acc", EVENT_TIME_HHMMSS="10:24:47")),
        "stations.csv": b"station_id,vs30_m_s\nTK.4304,343\nTK.0119,999\n",
        "events.csv": b"event_id,event_longitude,event_latitude,hypocentral_depth_km\n20230301000000,27.0,38.4,9\n",
        "bad/20120106001649_6501.mat": matlab(SAMPLES[:, :2]),
        **{f"bad/{name}": content for name, content in tadas("1_0119_ap_Acc", NDATA="9999").items()},
        **{f"bad/{name}": content for name, content in tadas("2_0119_ap_Acc", UNITS="").items()},
        "bad/3_0119_ap_Acc_E.asc": dyna("E"),
        "bad/short.mat": matlab(SAMPLES[:300]),
        "bad/no_vs30.mat": matlab(Vs30=np.empty((0, 0)), statID=77),
        "bad/notes.doc": b"words",
    }


def check(records):
    kept, excluded = select(records)
    assert sorted(record.record_id for record in kept) == [
        "20120106001648_6501",
        "20170720223109_TK.4304",
        "20230206011732_TK.0119",
        "20230206102447_TK.0119",
        "20230301000000_TK.0119..HN",
    ]
    assert excluded["reason"].value_counts().to_dict() == {
        "component missing": 2,
        "gap": 1,
        "unit not stated": 1,
        "too short": 1,
        "no VS30": 1,
        "unreadable": 1,
    }
    return {record.record_id: record for record in kept}


def test_archive_of_everything(tmp_path):
    (tmp_path / "records.zip").write_bytes(packed(everything()))
    kept = check(strong_motion.read(tmp_path / "records.zip"))
    assert kept["20170720223109_TK.4304"].vs30_m_s == 343  # from the table
    assert kept["20230206011732_TK.0119"].vs30_m_s == 485  # a record's own value counts
    seed_record = kept["20230301000000_TK.0119..HN"]
    assert seed_record.vs30_m_s == 999 and seed_record.repi_km == pytest.approx(44.4, abs=0.1)


def test_folder_of_everything(tmp_path):
    check(strong_motion.read(folder_of(tmp_path, everything())))


def test_a_broken_archive_within_is_listed_and_the_rest_read(tmp_path):
    (tmp_path / "records.zip").write_bytes(packed({"broken.zip": b"PK no zip", "x.mat": matlab()}))
    good, broken = list(strong_motion.read(tmp_path / "records.zip"))
    assert isinstance(broken, Exclusion) and broken.reason == "unreadable" and "broken.zip" in broken.record_id
    assert isinstance(good, Accelerogram)


def hurt(kind):
    """Archive of x.mat and then good.mat, whose first member is damaged, encrypted or packed in an unknown way."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.mat", matlab())
        archive.writestr("good.mat", matlab())
    content = bytearray(stream.getvalue())
    directory = content.index(b"PK\x01\x02")
    if kind == "damaged":
        content[35:60] = b"\xff" * 25
    elif kind == "encrypted":
        content[6] |= 1
        content[directory + 8] |= 1
    elif kind == "unknown":
        content[8] = content[directory + 10] = 99
    else:
        content[directory + 24 : directory + 28] = (2**31).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("damaged", r"a.mat cannot be unpacked \(Error -3 .*Download its archive again"),
        ("encrypted", r"a.mat cannot be unpacked \(.*encrypted.*password by hand"),
        ("unknown", r"a.mat cannot be unpacked \(.*compression method"),
        ("huge", r"a.mat has 2,147,483,648 bytes when it is unpacked, 1,073,741,824 are the limit"),
    ],
)
@pytest.mark.parametrize("inner", [False, True])
def test_members_that_cannot_be_unpacked_are_listed_and_the_rest_read(tmp_path, kind, message, inner):
    content = hurt(kind)
    (tmp_path / "records.zip").write_bytes(packed({"event.zip": content}) if inner else content)
    broken, good = list(strong_motion.read(tmp_path / "records.zip"))
    assert isinstance(broken, Exclusion) and (broken.record_id, broken.reason) == ("a.mat", "unreadable")
    assert re.search(message, broken.detail)
    assert isinstance(good, Accelerogram)


def test_what_is_no_collection(tmp_path):
    with pytest.raises(DataNotFound, match="neither a folder nor a file"):
        list(strong_motion.read(tmp_path / "none"))
    (tmp_path / "page.zip").write_text("<!doctype html><html>")
    with pytest.raises(FormatError, match="is a web page"):
        list(strong_motion.read(tmp_path / "page.zip"))
    (tmp_path / "text.zip").write_text("words")
    with pytest.raises(FormatError, match="is no whole zip or tar archive"):
        list(strong_motion.read(tmp_path / "text.zip"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "stations.csv").write_text("code,vs30\n1,2\n")
    with pytest.raises(ColumnMissing, match=columns.STATION):
        list(strong_motion.read(tmp_path / "folder"))


def clipped(samples):
    return samples.clip(-8, 8)


def held(samples):
    samples = samples.copy()
    samples[3000:3250, 1] = 0.5
    return samples


FAULTY = {  # every fault, each in a file of its own
    "gap": [("gap.mat", matlab(held(SAMPLES))), ("cut_off.mat", matlab(numofData=7000))],
    "unit not stated": [(name, content) for name, content in tadas("1_0119_ap_Acc", UNITS=None).items()],
    "component missing": [("two.mat", matlab(SAMPLES[:, :2])), ("4_0119_ap_Acc_E.asc", dyna("E"))],
    "too short": [("three_seconds.mat", matlab(SAMPLES[:300]))],
    "clipped": [("clipped.mat", matlab(clipped(SAMPLES)))],
    "no VS30": [("no_vs30.mat", matlab(Vs30=np.empty((0, 0)))), ("zero.mat", matlab(Vs30=0))],
}


@pytest.fixture
def no_lessons(monkeypatch):
    """What lessons use takes seconds to find."""
    monkeypatch.setattr("bookkit.lessons.discover", lambda: [])


@pytest.mark.parametrize("as_archive", [False, True])
def test_faulty_records_are_counted_from_the_import_to_the_lesson(
    tmp_path, monkeypatch, capsys, no_lessons, as_archive
):
    """``gmtools data import`` and what a lesson then loads: each faulty record is listed once, with its reason."""
    monkeypatch.setenv("GMTOOLS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GMTOOLS_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("GMTOOLS_OFFLINE", "1")
    files = {"20120106001648_6501.mat": matlab()} | dict(chain.from_iterable(FAULTY.values()))
    given = tmp_path / "records.zip" if as_archive else tmp_path / "records"
    if as_archive:
        given.write_bytes(packed(files))
    else:
        given.mkdir()
        for name, content in files.items():
            (given / name).write_bytes(content)
    assert cli.main(["data", "import", "afad", str(given)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"6 records, left out: .*1 unit not stated.*; no lesson takes it by itself", printed)
    (path,) = catalog.find("afad").values()
    records, exclusions = select(strong_motion.read(path))
    assert [record.record_id for record in records] == ["20120106001648_6501"]
    expected = {
        reason: len({PurePosixPath(name).stem.rstrip("NEU") for name, _ in found}) for reason, found in FAULTY.items()
    }
    assert exclusions["reason"].value_counts().to_dict() == expected


@pytest.mark.parametrize("reason", FAULTY)
def test_an_import_of_nothing_but_one_fault_is_a_typed_error_with_its_count(
    tmp_path, monkeypatch, capsys, no_lessons, reason
):
    monkeypatch.setenv("GMTOOLS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GMTOOLS_DATA", str(tmp_path / "none"))
    (tmp_path / "records.zip").write_bytes(packed(dict(FAULTY[reason])))
    readable = reason in ("clipped", "gap", "no VS30", "too short")
    assert cli.main(["data", "import", "afad", str(tmp_path / "records.zip")]) == (0 if readable else 1)
    if not readable:
        assert re.search(rf"no record that can be read; left out: \d {reason}", capsys.readouterr().err)
        assert not (tmp_path / "cache").exists()
