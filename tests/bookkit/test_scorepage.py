"""The scoreboard page: headlines, every number of the papers, and what it refuses."""

import re

import pytest

from bookkit import scorepage
from gmtools import scoreboard
from gmtools.errors import ResultError
from gmtools.targets import studies


def row_of(target_id):
    return next(row for row in scoreboard.targets() if row.id == target_id)


def result(target_id, value, inputs="same", note="", cell=3, lesson="13_transfer_to_iran"):
    return {"id": target_id, "value": value, "inputs": inputs, "note": note, "cell": cell, "lesson": lesson}


def line_of(page, target_id):
    """Cells of the last row with an id: in the list of all numbers."""
    return [row for row in re.findall(r"<tr.*?</tr>", page) if f"<small>{target_id}</small>" in row][-1]


def test_headlines_are_rows_of_their_study_and_at_most_ten():
    chosen = scorepage.headlines()
    assert set(chosen) == set(studies())
    for name, ids in chosen.items():
        assert 5 <= len(ids) <= 10
        assert set(ids) <= {row.id for row in scorepage.papers_own(studies()[name])}


def test_without_results_everything_is_open():
    text = scorepage.page([])
    number = sum(len(scorepage.papers_own(study)) for study in studies().values())
    assert f"for {number:,} numbers and claims" in text and f"{number:,} values are open" in text
    assert "#result-" not in text and 'data-verdict="reproduced"' not in text


def test_rows_of_the_projects_own_are_not_on_the_page():
    text = scorepage.page([])
    own = {row.id for study in studies().values() for row in study.targets if row.tag == "P"}
    assert own and not [target_id for target_id in own if f"<small>{target_id}</small>" in text]
    assert "[P]" not in text


def test_re_read_is_counted_apart_from_reproduced():
    frame = scoreboard.table("I-F1")
    text = scorepage.page([result(i, 1.004 * value) for i, value in frame["value"].items()])
    counts = next(line for line in text.split("\n") if line.startswith("| Study 1 "))
    head = next(line for line in text.split("\n") if line.startswith("| study "))
    at = [cell.strip() for cell in head.split("|")].index("re-read")
    assert ">96</a>" in counts.split("|")[at] and counts.split("|")[at - 2].strip() == "0"


def test_a_row_shows_its_data_and_links_to_its_cell():
    text = scorepage.page([result("I-F5.claim.all", 0.01, "other", "20,134 records & more", lesson="14_bias")])
    line = line_of(text, "I-F5.claim.all")
    assert 'href="../notebooks/10_ann_gmm/14_bias.html#result-I-F5">0.01</a>' in line
    assert "other data than the paper&#x27;s; 20,134 records &amp; more" in line
    assert 'data-verdict="compared"' in line and "limit missed by 0.01" in line and "at most 0 ln unit" in line


def test_open_rows_say_why():
    assert "not public" in line_of(scorepage.page([]), "I-M4.source_training")
    text = scorepage.page([result("I-T1.nga_only.pga.tau", None, "other")])
    assert "the run gave no finite value" in line_of(text, "I-T1.nga_only.pga.tau")


def test_counts_are_those_of_the_rows():
    text = scorepage.page([])
    listed = len(re.findall(r'<tr data-verdict="open">', text.split("## All numbers")[1]))
    assert f'data-verdict="open">{len(scorepage.papers_own(studies()["unet_italy"]))}</a>' in text
    assert listed == sum(len(scorepage.papers_own(study)) for study in studies().values())


def test_stale_and_double_results_are_refused():
    with pytest.raises(ResultError, match=r"no row 'I-F1.gone'"):
        scorepage.page([result("I-F1.gone", 1)])
    with pytest.raises(ResultError, match=r"I-G1.tau is recorded twice: 13_transfer_to_iran, cell 3"):
        scorepage.page([result("I-G1.tau", 1), result("I-G1.tau", 1, cell=7)])


@pytest.mark.parametrize(
    ("target_id", "value", "expected"),
    [
        ("I-F2.pga.m6.5.r30", 0.06956 * 1.01, "+1 %"),
        ("I-P2.rms", 0.861, "+0.01"),
        ("I-F5.claim.all", -0.01, "limit met by 0.01"),
        ("I-F5.claim.all", 2.0, "limit missed by 2"),
        ("I-M3.keras", "3.0", "not equal"),
        ("I-T1.nga_only.pga.tau", 0.3, "–"),
    ],
)
def test_difference(target_id, value, expected):
    assert scorepage.difference(row_of(target_id), value) == expected
