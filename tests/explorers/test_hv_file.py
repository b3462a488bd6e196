"""A reader's own recording in the H/V explorer: Python's samples, Python's curve, or refused in words."""

import re

import numpy as np
import pytest
from explorer_pages import copied

from explorers.horizontal_to_vertical import FREQUENCIES_HZ, HorizontalToVertical
from gmtools import hvsr
from gmtools.data.readers import microtremor
from gmtools.errors import DataNotFound

RATE_HZ, N = 50, 10_000
READ = """
import { curve, spectra } from "SOURCE/hv_curve.js";
import { readRecording } from "SOURCE/hv_file.js";
try {
  const record = readRecording(text, "a.txt", typed ?? undefined);
  const { components, rate, transformLength } = record;
  const windows = spectra(record, { windowLength: 25, b: 40, rejection: 2 }, { frequencies, transformLength });
  const { mean, sigma } = curve(windows, frequencies, 25);
  answer({ mean, sigma, rate, length: transformLength, components });
} catch (error) {
  answer({ refused: error.message });
}
"""


def noise():
    """Horizontals that swing at 2 Hz over white noise, (n, 3), whole numbers with an offset."""
    random, t = np.random.default_rng(4), np.arange(N) / RATE_HZ
    swing = np.sin(2 * np.pi * 2 * t + np.cumsum(random.normal(0, 0.1, N)))
    return np.rint(random.normal(0, 300, (N, 3)) + 900 * np.outer(swing, [1, 0.8, 0.1]) + [5000, -70, 0]).astype(int)


def rows(separator, form=str):
    return "\n".join(separator.join(map(form, row)) for row in noise())


SAF = (
    "SESAME ASCII data format (saf) v. 1\nSTA_CODE = A\n# remark = 3\nSAMP_FREQ = 50\nNDAT = 10000\nCH0_ID = N\n"
    "CH1_ID = E\nCH2_ID = S Z\nNORTH_ROT = 30\n####----\n"
)
FILES = {
    "saf": (SAF + rows(" "), None),
    "semicolons": ("Sampling rate: 50 Hz\nUD;NS [m/s];EW\n" + rows(";"), None),
    "tromino": ("Tromino\nSampling rate: 50 Hz\n\n" + rows("\t").replace("\n", "\r\n"), None),
    "four columns": (
        "Sampling frequency = 50\nx N E Z\n" + "\n".join(f"7 {row}" for row in rows(" ").split("\n")),
        None,
    ),
    "typed rate": ("north,east,vertical\n" + rows(", ", lambda value: f"{value}.0"), 50),
}


def expected(path, length):
    settings = hvsr.Settings(
        25, "konno_ohmachi", 40, FREQUENCIES_HZ, transform_length=length, rejection_sd=2, minimum_duration_s=0
    )
    return hvsr.curve(hvsr.spectra(microtremor.read(path), settings))


@pytest.mark.parametrize("name", FILES)
def test_a_file_gives_pythons_curve(node, tmp_path, name):
    text, typed = FILES[name]
    found = node(READ, text=text, typed=typed, frequencies=FREQUENCIES_HZ.tolist())
    assert found.get("refused") is None and found["rate"] == RATE_HZ and found["length"] == 4096
    path = tmp_path / "a.txt"
    path.write_text(text if typed is None else f"Sampling rate: {typed} Hz\n{text}", newline="")
    np.testing.assert_allclose(found["components"], microtremor.read(path).components(), rtol=1e-12)
    curve = expected(path, 4096)
    np.testing.assert_allclose(found["mean"], curve.mean, rtol=1e-8)
    np.testing.assert_allclose(found["sigma"], curve.sigma_ln, rtol=1e-7)


WHOLE = SAF + rows(" ")


def changed(old, new, text=WHOLE):
    assert old in text
    return text.replace(old, new, 1)


CSV = "N,E,Z\n" + rows(",")
LINES = CSV.split("\n")
REFUSED = {
    "two columns": ("N,E\n1,2\n3,4\n", 50, "line 2 has 2 columns; three are needed"),
    "a row cut off": ("\n".join([*LINES[:-1], "5,"]), 50, r"line 10001 has 1 columns, line 2 3.* cut off"),
    "decimal commas": ("N E Z\n1,5 2,5 3,5\n" * 2, 50, r"which of its 6 columns is north"),
    "no names": (rows(","), 50, r"which of its 3 columns is north.* such as N E Z"),
    "twice north": (changed("N,E,Z", "N,NS,Z", CSV), 50, "needed, not N, NS, Z"),
    "no rate": (CSV, None, "does not state its sampling rate. Type the samples"),
    "rate in words": ("Sampling rate: soon\n" + CSV, 50, r'sampling rate is "soon", no number'),
    "rate below zero": (changed("SAMP_FREQ = 50", "SAMP_FREQ = -50"), None, r'sampling rate is "-50"'),
    "two rates": ("Sampling rate: 50 Hz\nSampling frequency: 99\n" + CSV, 50, "rates of 50 Hz and 99 are stated"),
    "slow": (CSV, 10, "10 samples a second; 25 or more"),
    "short": ("\n".join(LINES[:7001]), 50, "lasts 140 s at 50 samples a second; 160 s are needed"),
    "nan": ("\n".join([*LINES[:500], "1,nan,3", *LINES[501:]]), 50, r'line 501 has "nan" for east, no number'),
    "nan first": ("\n".join(["N,E,Z", "NaN,2,3", *LINES[2:]]), 50, r'line 2 has "NaN" for north'),
    "word": ("\n".join([*LINES[:9], "1,2,x3", *LINES[10:]]), 50, r'line 10 has "x3" for vertical'),
    "dead": ("N,E,Z\n" + "\n".join(f"{k % 7},4,{k % 5}" for k in range(N)), 50, "east stays at 4 from sample 1 on"),
    "cut saf": (changed("NDAT = 10000", "NDAT = 12000"), None, "10000 samples, its header promises NDAT = 12000"),
    "saf without rate": (changed("SAMP_FREQ", "FREQ"), None, "SAF header lacks SAMP_FREQ"),
    "saf without end": (changed("####----", "-"), None, "lacks its last line"),
    "saf channels": (changed("CH1_ID = E", "CH1_ID = 2"), None, "needed, not N, 2, S Z"),
    "saf turned": (changed("NORTH_ROT = 30", "NORTH_ROT = east"), None, r'NORTH_ROT is "east", no angle'),
    "empty": ("", 50, "no line holds numbers alone"),
    "binary": ("\x00\x01MSEED\x00", 50, "no line holds numbers alone. Open a SAF file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_named_with_the_next_step(node, name):
    text, typed, words = REFUSED[name]
    refused = node(READ, text=text, typed=typed, frequencies=FREQUENCIES_HZ.tolist()).get("refused")
    assert refused and re.search(words, refused), refused


@pytest.fixture
def page(explore, standalone):
    return explore(standalone("horizontal_to_vertical"), ".gmx-hv-verdict strong")


def test_the_page_opens_a_file_and_nothing_leaves_it(page, tmp_path):
    """The fixture closes the network and notes each request; the curve of the page is Python's."""
    path, bare = tmp_path / "field <b>1.txt", tmp_path / "bare.csv"
    path.write_text(FILES["semicolons"][0])
    bare.write_text(CSV)
    chooser, refused = page.get_by_label("Your own file"), page.locator(".gmx-hv-refused")
    assert "it never leaves this browser" in page.locator(".gmx-controls").inner_text()
    page.get_by_label("Recording", exact=True).select_option("own")
    page.get_by_text("No file of yours is open here").wait_for()
    chooser.set_input_files(path)
    page.get_by_text("Your own recording, field <b>1.txt. It was read").wait_for(state="attached")
    page.get_by_label("Window length (s), number").fill("25")
    page.get_by_text("of 8 kept").wait_for()
    text = copied(page, "Copy as CSV")
    found = np.array([line.split(",") for line in text.splitlines() if re.match(r"[\d.]", line)], float).T
    curve = expected(path, 4096)
    np.testing.assert_allclose(found[1], curve.mean, rtol=1e-5)
    np.testing.assert_allclose(found[2], curve.sigma_ln, rtol=1e-5, atol=1e-6)
    assert "Measured noise. 3.33 minutes, 50 samples a second" in page.locator(".gmx").inner_text()
    chooser.set_input_files(bare)
    page.get_by_text("bare.csv: it does not state its sampling rate").wait_for()
    page.get_by_label("Samples a second").fill("50")
    page.get_by_label("Samples a second").blur()
    page.get_by_text("Your own recording, bare.csv. It was read").wait_for(state="attached")
    assert refused.inner_text() == "" and "Your file bare.csv" in copied(page, "Copy as CSV")
    page.get_by_label("Recording", exact=True).select_option("valley")
    page.get_by_text("Simulated noise.").first.wait_for()


def test_in_python_the_file_is_not_there():
    with pytest.raises(
        DataNotFound, match=r"is in the browser, not here. Read it with gmtools.data.readers.microtremor"
    ):
        HorizontalToVertical("simulated", recording="own").curve()
