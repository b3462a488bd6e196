"""Recordings in each format that is understood, and the files that are none."""

import numpy as np
import pytest
from scipy.io import savemat

from gmtools import columns
from gmtools.data import catalog
from gmtools.data.readers import arra, geopsy_curve, microtremor, site_class
from gmtools.errors import (
    DataNotFound,
    FormatError,
    RecordingUnusable,
)

obspy = pytest.importorskip("obspy")


def needs(data_id):
    return pytest.mark.skipif(not catalog.available(data_id), reason=f"GMTOOLS_DATA names no folder with {data_id}")


NOISE = np.random.default_rng(1).normal(size=(3, 4000)).astype("float32")


def stream(channels="NEZ", rates=(100.0, 100.0, 100.0)):
    return obspy.Stream(
        obspy.Trace(data.copy(), {"network": "XX", "station": "A", "channel": f"HH{code}", "sampling_rate": rate})
        for data, code, rate in zip(NOISE, channels, rates, strict=False)
    )


def written(path, content, form="MSEED"):
    content.write(str(path), form)
    return path


def test_miniseed_in_any_order_of_components(tmp_path):
    recording = microtremor.read(written(tmp_path / "a.mseed", obspy.Stream(reversed(stream()))))
    np.testing.assert_array_equal(recording.components(), NOISE)
    assert recording.sampling_rate_hz == 100 and recording.duration_s == 40 and recording.name == "a.mseed"
    path = written(tmp_path / "b.mseed", stream("12Z"))
    with pytest.raises(RecordingUnusable, match=r"which channel points north, .* XX.A..HH1 \(azimuth, dip: None\)"):
        microtremor.read(path)


def inventory(path, channels, begin="2018-01-01", end=None, sensitivity=1e5, longitude=-122.0):
    """StationXML of XX.A: channel code -> (azimuth, dip)."""
    from obspy.core.inventory import Channel, Inventory, Network, Response, Station
    from obspy.core.inventory.response import InstrumentSensitivity

    response = Response(instrument_sensitivity=InstrumentSensitivity(sensitivity, 1.0, "M/S", "COUNTS"))
    dates = {"start_date": obspy.UTCDateTime(begin), "end_date": end and obspy.UTCDateTime(end)}
    parts = [
        Channel(code, "", 37, longitude, 0, 0, azimuth=azimuth, dip=dip, sample_rate=100, response=response, **dates)
        for code, (azimuth, dip) in channels.items()
    ]
    station = Station("A", 37, longitude, 0, channels=parts)
    Inventory([Network("XX", [station])], source="test").write(str(path), "STATIONXML")
    return path


def at(traces, time="2020-01-01"):
    for trace in traces:
        trace.stats.starttime = obspy.UTCDateTime(time)
    return traces


TURNED = {"HH1": (0, -90), "HH2": (336, 0), "HH3": (246, 0)}


def test_channels_are_turned_by_the_station_xml(tmp_path):
    path = written(tmp_path / "a.mseed", at(stream("123")))
    recording = microtremor.read(path, inventory(tmp_path / "a.xml", TURNED))
    up, first, second = NOISE / 1e5
    north = first * np.cos(np.radians(336)) + second * np.cos(np.radians(246))
    east = first * np.sin(np.radians(336)) + second * np.sin(np.radians(246))
    np.testing.assert_allclose(recording.components(), [north, east, up], atol=1e-10)
    flat = inventory(tmp_path / "flat.xml", TURNED | {"HH1": (0, 0)})
    with pytest.raises(RecordingUnusable, match="these are not three directions"):
        microtremor.read(path, flat)


def test_descriptions_that_disagree_are_both_named(tmp_path):
    path = written(tmp_path / "a.mseed", at(stream()))
    axes = {"HHN": (0, 0), "HHE": (90, 0), "HHZ": (0, -90)}
    one = inventory(tmp_path / "one.xml", axes)
    other = inventory(tmp_path / "other.xml", axes, begin="2019-06-01", sensitivity=6250.0)
    with pytest.raises(RecordingUnusable, match=r"two ways at 2020.*one.xml \(from 2018.*other.xml \(from 2019-06"):
        microtremor.read(path, [one, other])
    ended = inventory(tmp_path / "ended.xml", axes, begin="2010-01-01", end="2018-01-01", sensitivity=6250.0)
    np.testing.assert_allclose(microtremor.read(path, [one, ended]).vt, NOISE[2] / 1e5)


def test_pieces_that_overlap_and_disagree_are_refused(tmp_path):
    """A masked sample that is dropped becomes -2147483648."""
    traces = stream()
    for trace in traces:
        trace.data = (1000 * trace.data).astype("int32")
    other = traces[0].copy().trim(traces[0].stats.starttime + 30)
    other.data = other.data + 7
    with pytest.raises(RecordingUnusable, match=r"XX.A..HHN from 1970-01-01T00:00:30.*:39.99.* exists twice"):
        microtremor.read(written(tmp_path / "a.mseed", traces + other))


def test_sac_has_one_file_a_component_and_is_cut_to_the_common_span(tmp_path):
    traces = stream()
    traces[1].stats.starttime += 2
    paths = [written(tmp_path / f"{trace.stats.channel}.sac", trace, "SAC") for trace in traces]
    recording = microtremor.read(paths)
    np.testing.assert_array_equal(recording.components(), [NOISE[0, 200:], NOISE[1, :-200], NOISE[2, 200:]])
    with pytest.raises(RecordingUnusable, match=r"HHN.sac: one channel each .* is needed, found: XX.A..HHE, XX.A..HHN"):
        microtremor.read(paths[:2])


def test_a_component_twice_is_refused(tmp_path):
    with pytest.raises(RecordingUnusable, match=r"found: XX.A..HHN, XX.A..HHZ, XX.B..HHN"):
        double = stream("NNZ")
        double[1].stats.station = "B"
        microtremor.read(written(tmp_path / "a.mseed", double))


def test_gap(tmp_path):
    traces = stream()
    after = traces[2].copy()
    traces[2].trim(endtime=traces[2].stats.starttime + 10)
    after.trim(after.stats.starttime + 12.5)
    with pytest.raises(RecordingUnusable, match=r"XX.A..HHZ from 1970-01-01T00:00:10.* to .*00:12.5.* is missing"):
        microtremor.read(written(tmp_path / "a.mseed", traces + after))


def test_overlapping_pieces_are_merged(tmp_path):
    traces = stream()
    after = traces[2].copy().trim(traces[2].stats.starttime + 9)
    traces[2].trim(endtime=traces[2].stats.starttime + 10)
    np.testing.assert_array_equal(microtremor.read(written(tmp_path / "a.mseed", traces + after)).vt, NOISE[2])


def test_mixed_sampling_rates(tmp_path):
    with pytest.raises(RecordingUnusable, match=r"sampling rates differ \(Hz\): .*'XX.A..HHE': 200.0"):
        microtremor.read(written(tmp_path / "a.mseed", stream(rates=(100, 200, 100))))


SAF = """SESAME ASCII data format (saf) v. 1   (this line must not  be modified)
# made up
STA_CODE = TST
START_TIME = 2024 1 5 21 15 4.0
samp_freq = 125
NDAT = {ndat}
CH0_ID = {ids[0]}
CH1_ID = {ids[1]}
CH2_ID = {ids[2]}
UNITS = count
NORTH_ROT = {turned}
####-------------------------------------------
{rows}
"""


def saf(path, ids=("S Z", "S N", "S E"), turned=0, ndat=4, rows="1 2 3\n4 5 7\n-7 8 9\n10 11 12"):
    path.write_text(SAF.format(ids=ids, turned=turned, ndat=ndat, rows=rows))
    return path


def test_saf(tmp_path):
    recording = microtremor.read(saf(tmp_path / "a.saf"))
    np.testing.assert_allclose(recording.components(), [[2, 5, 8, 11], [3, 7, 9, 12], [1, 4, -7, 10]])
    assert recording.sampling_rate_hz == 125 and recording.name == "TST"
    swapped = microtremor.read(saf(tmp_path / "a.saf", ids=("E", "V", "N")))
    np.testing.assert_allclose(swapped.ew, [1, 4, -7, 10])


def test_saf_turned_to_north(tmp_path):
    """The first horizontal channel points east: it is the east component, the second one points south."""
    recording = microtremor.read(saf(tmp_path / "a.saf", turned=90))
    np.testing.assert_allclose(recording.ew, [2, 5, 8, 11])
    np.testing.assert_allclose(recording.ns, [-3, -7, -9, -12])


def test_saf_that_is_none(tmp_path):
    with pytest.raises(FormatError, match="4 samples, its header promises 9"):
        microtremor.read(saf(tmp_path / "a.saf", ndat=9))
    with pytest.raises(RecordingUnusable, match="found: V, N, P"):
        microtremor.read(saf(tmp_path / "a.saf", ids=("V", "N", "P")))
    with pytest.raises(FormatError, match="three columns of numbers are expected"):
        microtremor.read(saf(tmp_path / "a.saf", rows="1 2\n3 4"))
    path = saf(tmp_path / "a.saf")
    path.write_text(path.read_text().replace("samp_freq = 125\n", ""))
    with pytest.raises(FormatError, match="SAF header lacks SAMP_FREQ"):
        microtremor.read(path)


def test_text_of_a_tromino(tmp_path):
    path = tmp_path / "EqualizedFile.dat"
    path.write_text(
        "Tromino made up\n\nSampling rate:  128 Hz\nRecording length 20 min\n\n0.1\t-0.2\t3e-3\t0\n1.5 2 3 0\n2 2 4 0\n"
    )
    recording = microtremor.read(path)
    np.testing.assert_allclose(recording.components(), [[0.1, 1.5, 2], [-0.2, 2, 2], [3e-3, 3, 4]])
    assert recording.sampling_rate_hz == 128


@pytest.mark.parametrize(
    ("titles", "rows"),
    [
        ("East North Up", "1 2 3\n4 5 7\n2 8 9"),
        ("# Z [mm/s]; N [mm/s]; E [mm/s]", "3; 2; 1\n7; 5; 4\n9; 8; 2"),
        ("time_s,ew,ud,ns", "0.0,1.0,3.0,2.0\n0.1,4.0,7.0,5.0\n0.2,2.0,9.0,8.0"),
        ("Channel labels: EAST WEST; NORTH SOUTH; UP DOWN", "1 2 3\n4 5 7\n2 8 9"),
    ],
)
def test_a_text_says_which_column_is_which(tmp_path, titles, rows):
    path = tmp_path / "export.txt"
    path.write_text(f"Sampling rate (Hz): 50\n{titles}\n{rows}\n")
    np.testing.assert_allclose(microtremor.read(path).components(), [[2, 5, 8], [1, 4, 2], [3, 7, 9]])


def test_a_text_that_does_not_say_it_is_refused(tmp_path):
    path = tmp_path / "export.txt"
    path.write_text("Sampling rate: 50\nSampling frequency (Hz): 99\nN E Z\n1 2 3\n4 5 7\n")
    with pytest.raises(FormatError, match="sampling rates of 50 and 99 are stated"):
        microtremor.read(path)
    path.write_text("Sampling rate: 50\na b c\n1 2 3\n4 5 7\n")
    with pytest.raises(RecordingUnusable, match=r"which column is north, .*'a b c'.*such as N E Z"):
        microtremor.read(path)
    path.write_text("Sampling rate: 50\nN E Z\n0,1 0,2 0,3\n0,4 0,5 0,6\n")
    with pytest.raises(FormatError, match="three columns of numbers"):
        microtremor.read(path)


HEADERS = {"blank": "", "text": "soon", "zero": "0", "unit": "250 Hz", "comma": "12,5", "negative": "-3", "nan": "nan"}


@pytest.mark.parametrize("value", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("key", ["samp_freq = 125", "NDAT = 4"])
def test_a_header_of_saf_holds_numbers(tmp_path, key, value):
    path = saf(tmp_path / "a.saf")
    name = key.split(" = ")[0]
    path.write_text(path.read_text().replace(key, f"{name} = {value}"))
    with pytest.raises(FormatError, match=rf"{name.upper()} is '{value}'; a .*number from"):
        microtremor.read(path)


def test_a_line_of_crosses_in_a_comment_does_not_end_the_header(tmp_path):
    path = saf(tmp_path / "a.saf")
    path.write_text(path.read_text().replace("# made up", "# made up #### by hand ####"))
    assert microtremor.read(path).ns.size == 4


def test_files_that_are_no_recordings(tmp_path):
    path = tmp_path / "a.mseed"
    path.write_bytes(b"\x00\x01not a waveform" * 50)
    with pytest.raises(FormatError, match=r"a.mseed: ObsPy reads it as no waveform format .* are understood"):
        microtremor.read(path)
    path.write_text("<!DOCTYPE html><title>Log in</title>")
    with pytest.raises(FormatError, match="is a web page"):
        microtremor.read(path)
    with pytest.raises(DataNotFound, match=r"b.mseed is not a file"):
        microtremor.read(tmp_path / "b.mseed")


@needs("hvsr_recordings")
def test_the_published_recordings():
    recording = microtremor.read(catalog.find("hvsr_recordings")["hvsr/recordings/UT.STN11.A2_C50.miniseed"])
    assert recording.ns.size == 180_001 and recording.sampling_rate_hz == 100


@needs("hvsr_recordings")
def test_geopsy_curves():
    files = catalog.find("hvsr_recordings")
    curve = geopsy_curve.read(files["hvsr/geopsy/UT_STN11_c050.hv"], 60.0)
    assert curve.frequency_hz.size == 2048 and curve.n_windows == 30 and curve.mean.max() == pytest.approx(4.33949)
    assert curve.f0_sd_hz == pytest.approx(0.119955)
    assert np.exp(curve.sigma_ln[0]) == pytest.approx(2.00152 / 1.44719, rel=1e-4)
    assert geopsy_curve.read(files["hvsr/geopsy/ex4.hv"], 60.0).f0_sd_hz is None


@needs("hvsr_arra")
def test_arra_peaks():
    (path,) = catalog.find("hvsr_arra").values()
    frame = arra.read(path)
    assert len(frame) == 613 and frame.groupby([columns.NETWORK, columns.STATION]).ngroups == 190
    assert frame[columns.F0].notna().sum() == 547 and frame["f0_hz_2"].notna().sum() == 52
    three = frame[frame["f0_hz_3"].notna()].iloc[0]
    assert three[columns.F0] < three["f0_hz_2"] < three["f0_hz_3"]
    assert frame["comment"].str.startswith("Flat").sum() == 84


def site_files(folder):
    pictures = {"HVSR_Curve_images": np.arange(2 * 4096.0).reshape(2, 4096), "NEHRP_site_class": np.array([[1], [2]])}
    curves = {f"{name}HV_raw": np.full((count, 94), count) for count, name in enumerate(("I", "II", "III"), 1)}
    names = {
        "Trainingdata-Japan-1649sites-Zhu2021.mat": pictures,
        "Testdata-EU-217sites.mat": pictures,
        "HVresult-KiKnet.mat": curves,
    }
    for name, content in names.items():
        savemat(folder / name, content)
    return {f"hvsr/site_class/{name}": folder / name for name in names}


def test_site_class_pictures_are_upright(tmp_path):
    data = site_class.read(site_files(tmp_path))
    assert data.japan.site_class.tolist() == ["E", "D"]
    # MATLAB's second stored pixel is the second row of the first column.
    assert data.japan.picture[0, 1, 0] == 1 and data.japan.picture[0, 0, 1] == 64
    assert data.kiknet[columns.SITE_CLASS].tolist() == ["I", "II", "II", "III", "III", "III"]
    assert (data.kiknet[1.0] == [1, 2, 2, 3, 3, 3]).all()


@needs("hvsr_site_class")
def test_published_site_classes():
    data = site_class.read(catalog.find("hvsr_site_class"))
    assert data.japan.picture.shape == (1649, 64, 64) and data.europe.picture.shape == (217, 64, 64)
    assert {name: int((data.japan.site_class == name).sum()) for name in site_class.NEHRP} == {
        "E": 108,
        "D": 612,
        "C": 808,
        "A+B": 121,
    }
    assert (data.japan.picture[:, 7, 4] > 0.9).all(), "every picture has the bar"
    assert data.kiknet.shape == (539, 95) and np.isfinite(data.kiknet.iloc[:, 1:].to_numpy(float)).all()
