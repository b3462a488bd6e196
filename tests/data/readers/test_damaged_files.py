"""Files that users bring, damaged at random: a typed error, a listed exclusion or possible numbers, nothing else."""

import io
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import test_flatfile
import test_microtremor_files
import test_nied_ascii
import test_peer_flatfile
import test_strong_motion

from gmtools.data import catalog
from gmtools.data.accelerograms import Exclusion
from gmtools.data.readers import (
    csv_table,
    flatfile,
    microtremor,
    nied_ascii,
    peer_flatfile,
    possible,
    strong_motion,
)
from gmtools.errors import GmtoolsError

TOKENS = (b"", b"0", b"-1", b"nan", b"1e9", b"soon", b"3,5", b"3.0 s", b"9012", b"\xff\xfe", b"\x00", b"999999999999")
MESO = "station,event,origin_time,pga_gal,psa_1s_gal,magnitude,depth_km,"
MESO += "event_longitude,event_latitude,station_longitude,station_latitude\n"
MESO += "\n".join(
    f"S{k},E{k % 3},2021-03-0{1 + k % 3}T10:00:00,{5 + k},3,5.1,40,140,36,139.{k},35" for k in range(10, 50)
)
ESM = test_flatfile.WEB + test_flatfile.WEB.partition("\n")[2] * 12
OWN = test_flatfile.MINE + test_flatfile.MINE.partition("\n")[2] * 20


def mutated(content, seed):
    """One to four of: bytes changed, a part left out or doubled, a token in place of a number, a line gone."""
    random, data = np.random.default_rng(seed), bytearray(content)
    for _ in range(random.integers(1, 5)):
        place = int(random.integers(max(1, min(len(data), 3000 if random.random() < 0.7 else len(data)))))
        kind = random.integers(6)
        if kind == 0:
            data[place : place + 1] = bytes([random.integers(256)])
        elif kind == 1:
            del data[place : place + int(random.integers(1, 40))]
        elif kind == 2:
            data[place:place] = data[place : place + int(random.integers(1, 40))]
        elif kind == 3:
            data = data[:place] if random.random() < 0.3 else data
        else:
            start = next((k for k in range(place, len(data)) if data[k : k + 1].isdigit()), len(data))
            end = next((k for k in range(start, len(data)) if data[k] not in b"0123456789.eE-"), len(data))
            data[start:end] = TOKENS[random.integers(len(TOKENS))]
    return bytes(data)


def records(path):
    found = list(strong_motion.read(path))
    assert all(isinstance(one, Exclusion) or np.abs(one.acceleration).max() <= 9807 for one in found)
    return pd.DataFrame([one.row() for one in found if not isinstance(one, Exclusion)])


def recording(path):
    found = microtremor.read(path)
    assert 0 < found.sampling_rate_hz <= 1e5 and np.isfinite(found.components()).all()


def three_files(path):
    others = [path.with_name(f"{letter}.sac") for letter in "EZ"]
    for trace, other in zip(test_microtremor_files.stream()[1:], others, strict=True):
        trace.write(str(other), format="SAC")
    return recording([path, *others])


def saf():
    rows = "\n".join(" ".join(map(str, row)) for row in np.random.default_rng(0).integers(-99, 99, (200, 3)))
    return test_microtremor_files.SAF.format(ids=("V", "N", "E"), turned=0, ndat=200, rows=rows).encode()


def seed_file(form):
    traces, stream = test_microtremor_files.stream(), io.BytesIO()
    for trace in traces:
        trace.data = (1000 * trace.data[:800]).astype("int32")
    traces.write(stream, format=form) if form == "MSEED" else traces[0].write(stream, format=form)
    return stream.getvalue()


def samples(form):
    if form == "mseed":
        waveform, station = test_strong_motion.seed()
        return test_strong_motion.packed({"20230301000000_a.mseed": waveform, "a.xml": station})
    if form == "dyna":
        small = test_strong_motion.SAMPLES[:80]
        return {name: test_strong_motion.dyna(part, small[:, "NEZ".index(part)])
                for name, part in (("x_N.asc", "N"), ("x_E.asc", "E"), ("x_Z.asc", "Z"))}  # fmt: skip
    return {"a.txt": test_strong_motion.older(test_strong_motion.SAMPLES[:80])}


def peer(write, name):
    changes = [{"Record Sequence Number": k, "EQID": k % 5, "Station Sequence Number": k} for k in range(1, 31)]
    with tempfile.TemporaryDirectory() as folder:
        return write(Path(folder) / f"a.{name}", test_peer_flatfile.rows(*changes)).read_bytes()


READERS = {
    "saf": (saf, recording, "a.saf"),
    "tromino": (lambda: b"Tromino\nSampling rate: 128 Hz\n\n" + b"1 2 3\n4 5 7\n2 8 9\n" * 60, recording, "a.dat"),
    "miniseed": (lambda: seed_file("MSEED"), recording, "a.mseed"),
    "sac": (lambda: seed_file("SAC"), three_files, "a.sac"),
    "afad": (lambda: samples("afad")["a.txt"], records, "a.txt"),
    "dyna": (lambda: samples("dyna")["x_E.asc"], records, "x_E.asc"),
    "records.zip": (lambda: test_strong_motion.packed(samples("dyna") | samples("afad")), records, "a.zip"),
    "nied zip": (lambda: test_strong_motion.packed(test_nied_ascii.knet()), nied_ascii.read, "a.zip"),
    "nied tar": (lambda: test_nied_ascii.tar(test_nied_ascii.knet(), "w"), nied_ascii.read, "a.tar"),
    "mat": (lambda: test_strong_motion.matlab(test_strong_motion.SAMPLES[:300]), records, "2012_a.mat"),
    "meso-net": (MESO.encode, lambda path: csv_table.read(path, catalog.manifest("meso_net").columns, "x"), "a.csv"),
    "peer csv": (lambda: peer(test_peer_flatfile.write_csv, "csv"), peer_flatfile.read, "a.csv"),
    "peer xlsx": (lambda: peer(test_peer_flatfile.write_workbook, "xlsx"), peer_flatfile.read, "a.xlsx"),
    "esm": (ESM.encode, flatfile.read, "a.csv"),
    "own flatfile": (OWN.encode, lambda path: flatfile.read(path, test_flatfile.MAPPING), "a.csv"),
}


@pytest.mark.parametrize("name", READERS)
def test_two_hundred_mutations(tmp_path, name):
    make, read, file = READERS[name]
    content, path, whole = make(), tmp_path / file, 0
    path.write_bytes(content)
    read(path)
    for number in range(200):
        path.write_bytes(mutated(content, number))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = read(path)
            except GmtoolsError as error:
                assert str(error).strip()
                continue
        whole += 1
        if isinstance(found, pd.DataFrame):
            possible(found, path)
    assert whole < 200 or read is records  # which lists what it leaves out
