import io
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest

from gmtools.data.readers import nied_ascii
from gmtools.errors import FormatError
from gmtools.response import response_spectrum

HEADER = """Origin Time       {time}
Lat.              36.000
Long.             140.000
Depth. (km)       50
Mag.              5.1
Station Code      {station}
Station Lat.      36.3000
Station Long.     140.4000
Station Height(m) 30
Record Time       2011/03/12 01:02:18
Sampling Freq(Hz) 100Hz
Duration Time(s)  60
Dir.              {direction}
Scale Factor      2000(gal)/8388608
Max. Acc. (gal)   10.000
Last Correction   2011/03/12 01:02:03
Memo.
"""
TIME = np.arange(6000) * 0.01
WAVE = np.exp(-(((TIME - 30) / 3) ** 2)) * np.sin(2 * np.pi * TIME)


def component(peak_gal, direction, station="IBRH11", time="2011/03/12 01:02:03"):
    counts = np.round(peak_gal * WAVE * 8388608 / 2000).astype(int) + 500  # an offset, as the files have it
    lines = "\n".join(" ".join(f"{value:8d}" for value in row) for row in counts.reshape(-1, 8))
    return (HEADER.format(time=time, station=station, direction=direction) + lines + "\n").encode()


def tar(files, mode="w:gz"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def kiknet():
    directions = {"NS1": (2, 1), "EW1": (2, 2), "UD1": (1, 3), "NS2": (40, 4), "EW2": (10, 5), "UD2": (5, 6)}
    return {f"IBRH111103120102.{name}": component(*values) for name, values in directions.items()}


def knet():
    return {f"CHB0011103120102.{name}": component(8, direction, "CHB001") for name, direction in
            (("EW", "E-W"), ("NS", "N-S"), ("UD", "U-D"))}  # fmt: skip


@pytest.fixture
def archive(tmp_path):
    """As NIED packs it: one event's archive holds one archive for each network."""
    path = tmp_path / "20110312010203.tar"
    path.write_bytes(tar({"kik.tar.gz": tar(kiknet()), "knt.tar.gz": tar(knet()), "readme.txt": b"text"}, "w"))
    return path


def test_records_of_an_archive(archive):
    frame = nied_ascii.read(archive, periods=(0.3, 1.0))
    assert frame[["station_id", "network"]].to_numpy().tolist() == [["CHB001", "K-NET"], *[["IBRH11", "KiK-net"]] * 2]
    assert frame["sensor_depth_m"].isna().tolist() == [False, True, False]
    # 40 and 10 gal have the geometric mean 20 gal; the filter at 0.1 Hz leaves a wave of 1 Hz alone.
    assert frame["pga_g"].to_numpy() == pytest.approx(np.array([8, 2, 20]) / 980.665 * WAVE.max(), rel=1e-3)
    expected = response_spectrum(20 / 980.665 * WAVE, 0.01, (0.3, 1.0))
    assert frame[["psa_0.3s_g", "psa_1s_g"]].to_numpy()[2] == pytest.approx(expected, rel=5e-3)
    row = frame.iloc[0]
    assert row["origin_time"] == pd.Timestamp("2011-03-11 16:02:03")  # nine hours before Japanese time
    assert row["event_id"] == "NIED-20110311160203" and row["magnitude"] == 5.1
    assert (row["event_latitude"], row["station_longitude"], row["hypocentral_depth_km"]) == (36.0, 140.4, 50)
    assert row["rhyp_km"] == pytest.approx(np.hypot(row["repi_km"], 50), abs=0.2)


def test_zip_of_archives(archive, tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as whole:
        whole.write(archive, "2011/20110312010203.tar")
        whole.writestr("TKY0011103120102.EW", component(3, "E-W", "TKY001"))
    with pytest.warns(UserWarning, match=r"2 files or records are left out: TKY001.*readme.txt"):
        frame = nied_ascii.read(path)
    assert len(frame) == 3 and "psa_1s_g" in frame


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>Please log in</html>", "is a web page, not a data file"),
        (tar(knet())[:3000], "is no whole zip or tar archive"),
        (tar({"readme.txt": b"text"}), "holds no record of K-NET .* 1 files or records are left out: readme.txt"),
        (tar({"a.EW": b"Origin Time       soon\nMemo.\n"}), "a.EW is no whole K-NET ASCII file"),
        (tar({"a.EW": component(1, "E-W")[:400]}), "a.EW is no whole K-NET ASCII file"),
        (tar({"a.EW": component(1, "E-W")[:30000]}), "samples at 100 Hz are not the 60 s of its header: it is cut off"),
        (tar({"CHB001.UD": component(1, "U-D", "CHB001")}), "one channel each for north, east and vertical"),
        (tar({"a.tar": tar({"b.tar": tar({"c.tar": tar({"d.tar": tar(knet())})})})}), "d.tar lies in 3 archives"),
    ],
)
def test_what_is_no_archive_of_records(tmp_path, content, message):
    path = tmp_path / "records.tar.gz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        nied_ascii.read(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Mag.              5.1", "Mag."),
        ("Depth. (km)       50", "Depth. (km)       "),
        ("Sampling Freq(Hz) 100Hz", "Sampling Freq(Hz) 1,00Hz"),
        ("Sampling Freq(Hz) 100Hz", "Sampling Freq(Hz) 0Hz"),
        ("Duration Time(s)  60", "Duration Time(s)  60 s,"),
        ("Scale Factor      2000(gal)/8388608", "Scale Factor      0(gal)/8388608"),
        ("2011/03/12 01:02:03\nLat", "9012/03/12 01:02:03\nLat"),
        ("Station Lat.      36.3000", "Station Lat.      363.000"),
        ("Lat.              36.000", "Lat.              36,000"),
        ("Origin Time       2011", "Origin Zeit       2011"),
    ],
)
def test_one_record_with_a_bad_header_is_named_and_the_rest_read(tmp_path, old, new):
    other = {f"X{name}": content.replace(b"CHB001", b"CHB002") for name, content in knet().items()}
    other = {name: content.decode().replace(old, new).encode() for name, content in other.items()}
    assert all(content.decode().count(new) for content in other.values())
    path = tmp_path / "records.tar.gz"
    path.write_bytes(tar(knet() | other))
    if new.endswith("60 s,"):  # ObsPy reads the number before the unit
        assert len(nied_ascii.read(path)) == 2
        return
    with pytest.warns(UserWarning, match="3 files or records are left out: XCHB001"):
        frame = nied_ascii.read(path)
    assert frame["station_id"].tolist() == ["CHB001"] and len(frame.attrs["left_out"]) == 3


def test_a_file_cut_within_a_number_is_no_record(tmp_path):
    """Its last sample would be another number."""
    files = knet()
    cut = next(iter(files))
    path = tmp_path / "records.tar.gz"
    path.write_bytes(tar(files | {cut: files[cut][:-13]}))
    with pytest.raises(FormatError, match=f"{cut}: 5998 samples at 100 Hz are not the 60 s of its header"):
        nied_ascii.read(path)


def test_members_that_cannot_be_unpacked(tmp_path, monkeypatch):
    path, stream = tmp_path / "records.zip", io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("CHB001.EW", component(1, "E-W"))
    whole = stream.getvalue()
    directory = whole.index(b"PK\x01\x02")
    for place, value, message in ((45, 0xFF, "Error -3"), (6, 1, "encrypted"), (8, 99, "compression method")):
        content = bytearray(whole)
        content[place] = value
        if place < 10:
            content[directory + place + 2] = value
        path.write_bytes(content)
        with pytest.raises(FormatError, match=rf"CHB001.EW cannot be unpacked \(.*{message}"):
            nied_ascii.read(path)
    monkeypatch.setattr("gmtools.data.readers.LARGEST_MEMBER", 1000)
    for content in (whole, tar(knet())):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"\.EW has [\d,]+ bytes when it is unpacked, 1,000 are the limit"):
            nied_ascii.read(path)


def test_an_import_reads_first_and_names_the_selection_that_it_leaves_empty(tmp_path, monkeypatch, capsys):
    """Records of another region, a file that is none, and a data set that no lesson reads."""
    from bookkit import cli

    monkeypatch.setattr("bookkit.lessons.discover", lambda: [])
    monkeypatch.setenv("GMTOOLS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GMTOOLS_DATA", str(tmp_path / "none"))
    near = {name: content.replace(b"140.4000", b"139.8000") for name, content in knet().items()}
    far = {name: content.replace(b"140.4000", b"130.4000") for name, content in knet().items()}
    for files, status, message in (
        (near, 0, "1 records, of these 1 for 'kanto'"),
        (far, 1, r"holds 1 records, and none is in the selection of 'kanto' (KiK-net records in Kanto"),
        ({"a.txt": b"words"}, 1, "holds no record of K-NET or KiK-net"),
    ):
        (tmp_path / "records.tar").write_bytes(tar(files, "w"))
        assert cli.main(["data", "import", "nied_kiknet_knet", str(tmp_path / "records.tar")]) == status
        printed = capsys.readouterr()
        assert message in printed.out + printed.err
    assert cli.main(["data", "import", "j_shis", str(tmp_path / "records.tar")]) == 1
    assert "No lesson reads j_shis: nothing is imported" in capsys.readouterr().err
