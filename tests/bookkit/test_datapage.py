"""The page on data, written from the manifests."""

from dataclasses import replace

from bookkit import datapage
from gmtools.data.manifests import manifests


def test_every_manifest_has_one_section_and_one_line_of_the_overview():
    text = datapage.page()
    for entry in manifests().values():
        anchor = f"data-{entry.id.replace('_', '-')}"
        line = f"| [{entry.title}](#{anchor}) | {entry.kind} | {entry.access} | {entry.licence} |"
        assert text.count(line) == 1
        assert text.count(f"({anchor})=\n### {entry.title}\n") == 1


def test_a_set_stands_under_the_first_of_its_studies():
    text = datapage.page()
    first, second = text.index("## Study 1: "), text.index("## Study 2: ")
    assert first < text.index("(data-nga-west2-extract)=") < second < text.index("(data-meso-net)=")


def test_the_overview_leads_to_the_lessons_of_a_set():
    line = next(line for line in datapage.page().split("\n") if line.startswith("| [NGA-West2 records"))
    assert "[12](../notebooks/10_ann_gmm/12_train_ann.ipynb)" in line and "2.8 MB" in line and "[32]" not in line


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
    line = next(line for line in datapage.data_page({entry.id: entry}).split("\n") if line.startswith("| [PEER"))
    assert line.replace("\\|", "").count("|") == 7


def test_without_manifests_the_page_still_explains_the_words():
    assert "**reconstructed**: at least one column is computed back" in datapage.data_page({})
