"""The page on data, written from the manifests."""

from dataclasses import replace

from gmtools import datapage
from gmtools.manifests import manifests


def test_every_manifest_has_a_line_and_a_section():
    text = datapage.page()
    for entry in manifests().values():
        anchor = f"data-{entry.id.replace('_', '-')}"
        assert f"| [{entry.id}](#{anchor}) | {entry.kind} | {entry.access} |" in text
        assert f"({anchor})=\n## {entry.title}\n" in text


def test_licence_faults_and_steps_are_in_plain_sight():
    text = datapage.data_page({"peer_nga_west2": manifests()["peer_nga_west2"]})
    assert "- **License**: free to download, not redistributable (PEER's terms of use)" in text
    assert "**Known faults**\n\n- Missing values are written as -999." in text
    assert "**How to get it**\n\n1. Open https://ngawest2.berkeley.edu" in text
    assert "[doi:10.1193/070913EQS197M](https://doi.org/10.1193/070913EQS197M)" in text


def test_what_is_not_known_is_left_out():
    entry = replace(manifests()["peer_nga_west2"], doi=None, rows=None, faults=(), steps=())
    text = datapage.data_page({entry.id: entry})
    assert not any(word in text for word in ("None", "**Rows**", "**Known faults**", "**How to get it**", "doi:"))


def test_a_licence_with_a_bar_does_not_break_the_table():
    entry = replace(manifests()["peer_nga_west2"], licence="A | B")
    line = next(line for line in datapage.data_page({entry.id: entry}).split("\n") if line.startswith("| [peer"))
    assert line.replace("\\|", "").count("|") == 6


def test_without_manifests_the_page_still_explains_the_words():
    assert "**reconstructed**: at least one column is computed back" in datapage.data_page({})
