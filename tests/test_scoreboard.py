"""The scoreboard: targets, recording, verdicts; and what it refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from gmtools import scoreboard
from gmtools.errors import ManifestError, ResultError
from gmtools.targets import read_study, studies

ROW = {
    "id": "X-F1.a",
    "what": "a number",
    "unit": "g",
    "kind": "value",
    "value": 2.0,
    "tolerance": {"relative": 0.01, "reason": "rounding"},
    "source": {"document": "a paper", "tag": "S"},
    "inputs": "the paper's data",
    "lesson": "11_nga_west2_data",
}
FAMILY = {
    **{key: entry for key, entry in ROW.items() if key != "value"},
    "id": "X-F2.{period_s}.m{magnitude}",
    "each": "{period_s} at M {magnitude}",
    "axes": {"period_s": [0.0, 1.0], "magnitude": [5.5, 6.5, 7.5]},
    "values": [[1, 2, 3], [4, 5, 6]],
}


def study_file(folder, *rows, name="study_x"):
    path = folder / f"{name}.yml"
    content = {"study": name, "title": "X", "citation": "x2026", "folder": "notebooks/10_x", "rows": list(rows)}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def row_of(target_id):
    return next(row for row in scoreboard.targets() if row.id == target_id)


class TestTargets:
    def test_the_published_families_are_complete(self):
        rows = scoreboard.targets()
        assert len([row for row in rows if row.group == "I-F1"]) == 96
        assert len([row for row in rows if row.group == "I-F2"]) == 104

    @pytest.mark.parametrize(
        ("target_id", "value"),
        [
            ("I-F1.pga.m4.5.r1", 0.1244),
            ("I-F1.psa_0.2s.m7.5.r10", 0.6690),
            ("I-F1.psa_2s.m7.5.r300", 0.0151),
            ("I-F2.pga.m4.5.r30", 0.01037),
            ("I-F2.psa_0.075s.m6.5.r100", 0.02347),
            ("I-F2.psa_3s.m4.5.r100", 0.0000964),
        ],
    )
    def test_values_stand_under_their_own_id(self, target_id, value):
        assert row_of(target_id).value == value

    def test_table_gives_the_axes_that_a_lesson_predicts_for(self):
        frame = scoreboard.table("I-F2")
        line = frame.loc["I-F2.psa_0.05s.m6.5.r30"]
        assert (line["period_s"], line["magnitude"], line["rjb_km"], line["vs30_m_s"]) == (0.05, 6.5, 30, 760)

    def test_every_row_with_a_number_has_a_tolerance_with_a_reason(self):
        rows = [row for study in studies().values() for row in study.targets if row.value is not None]
        assert rows
        assert all(row.tolerance["reason"] for row in rows)

    def test_every_lesson_that_a_row_links_to_is_there(self):
        root = Path(scoreboard.__file__).parents[1]
        for study in studies().values():
            there = {path.stem for path in (root / study.folder).glob("*.ipynb")}
            assert {row.lesson for row in study.targets} <= there

    def test_expansion_follows_the_order_of_the_axes(self, tmp_path):
        study = read_study(study_file(tmp_path, FAMILY))
        assert {row.id: row.value for row in study.targets} == {
            "X-F2.pga.m5.5": 1,
            "X-F2.pga.m6.5": 2,
            "X-F2.pga.m7.5": 3,
            "X-F2.psa_1s.m5.5": 4,
            "X-F2.psa_1s.m6.5": 5,
            "X-F2.psa_1s.m7.5": 6,
        }
        assert study.targets[3].what == "PSA(1 s) at M 5.5"


class TestFaultyTargets:
    def test_key_that_stands_twice(self, tmp_path):
        path = study_file(tmp_path, ROW)
        path.write_text(path.read_text() + "\ntitle: another\n")
        with pytest.raises(ManifestError, match=r"(?s)study_x.yml is not YAML: the key 'title' stands twice.*line \d+"):
            read_study(path)

    def test_target_without_tolerance(self, tmp_path):
        row = {key: entry for key, entry in ROW.items() if key != "tolerance"}
        with pytest.raises(ManifestError, match=r"study_x.yml, row X-F1.a: 'tolerance' is a required property"):
            read_study(study_file(tmp_path, row))

    def test_tolerance_without_reason(self, tmp_path):
        with pytest.raises(ManifestError, match=r"row X-F1.a, tolerance: 'reason' is a required property"):
            read_study(study_file(tmp_path, {**ROW, "tolerance": {"relative": 0.01, "absolute": 1}}))

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ([[1, 2, 3]], "1 values where the axis has 2"),
            ([[1, 2, 3], [4, 5]], "2 values where the axis has 3"),
            ([1, 2], "not nested as deep as the axes"),
            ([[[1], [2], [3]], [[4], [5], [6]]], "not nested as deep as the axes"),
        ],
    )
    def test_values_of_the_wrong_shape(self, tmp_path, values, message):
        with pytest.raises(ManifestError, match=f"row X-F2.*: .*{message}"):
            read_study(study_file(tmp_path, {**FAMILY, "values": values}))

    def test_id_twice_in_a_file(self, tmp_path):
        with pytest.raises(ManifestError, match=r"the id X-F1.a stands there twice"):
            study_file(tmp_path, ROW, ROW)
            studies(tmp_path)

    def test_id_twice_in_two_files(self, tmp_path):
        study_file(tmp_path, ROW, name="one")
        study_file(tmp_path, ROW, name="two")
        with pytest.raises(ManifestError, match=r"the id X-F1.a stands there twice"):
            studies(tmp_path)

    def test_an_axis_that_the_id_does_not_name_gives_doubles(self, tmp_path):
        with pytest.raises(ManifestError, match=r"the id X-F2.pga stands there twice"):
            study_file(tmp_path, {**FAMILY, "id": "X-F2.{period_s}"})
            studies(tmp_path)

    def test_misspelt_key(self, tmp_path):
        with pytest.raises(ManifestError, match="'tollerance' was unexpected"):
            read_study(study_file(tmp_path, {**ROW, "tollerance": 1}))

    def test_not_yaml(self, tmp_path):
        path = tmp_path / "study_x.yml"
        path.write_text("rows: [", encoding="utf-8")
        with pytest.raises(ManifestError, match=r"study_x.yml is not YAML"):
            read_study(path)

    def test_empty_folder(self, tmp_path):
        with pytest.raises(ManifestError, match=r"no \*.yml in .*pip install -e"):
            studies(tmp_path)

    def test_unknown_study_and_group_name_the_known_ones(self):
        with pytest.raises(ManifestError, match=r"no study 'ann'.*ann_gmm_iran"):
            scoreboard.targets("ann")
        with pytest.raises(ManifestError, match=r"no group 'I-F9'.*I-F1, I-F2"):
            scoreboard.table("I-F9")


class TestRecord:
    def test_unknown_id_names_the_nearest(self):
        with pytest.raises(ResultError, match=r"no row 'I-F2.pga.m6.5.r31'.*nearest id is I-F2.pga.m6.5.r30$"):
            scoreboard.record("I-F2.pga.m6.5.r31", 0.07, inputs="same")

    def test_unknown_inputs(self):
        with pytest.raises(
            ResultError, match="inputs is 'real'; say one of 'same', 'other', 'simulated', 'arithmetic'"
        ):
            scoreboard.record("I-F2.pga.m6.5.r30", 0.07, inputs="real")

    @pytest.mark.parametrize("value", [[0.07, 0.08], np.array([0.07, 0.08])])
    def test_value_of_wrong_length(self, value):
        with pytest.raises(ResultError, match=r"I-F2.pga.m6.5.r30 takes one value, not 2"):
            scoreboard.record("I-F2.pga.m6.5.r30", value, inputs="same")

    @pytest.mark.parametrize(
        ("target_id", "value", "wanted"),
        [
            ("I-F2.pga.m6.5.r30", "0.07", "a number"),
            ("I-F2.pga.m6.5.r30", True, "a number"),
            ("I-M3.keras", 3.11, "a word"),
        ],
    )
    def test_value_of_wrong_type(self, target_id, value, wanted):
        with pytest.raises(ResultError, match=f"{target_id} takes {wanted}, not"):
            scoreboard.record(target_id, value, inputs="same")

    def test_one_bad_id_among_many_records_none(self, capsys):
        with pytest.raises(ResultError, match=r"no row 'I-F2.nonsense'"):
            scoreboard.record_many({"I-F2.pga.m6.5.r30": 0.07, "I-F2.nonsense": 0.07}, inputs="same")
        assert capsys.readouterr().out == ""


class TestVerdict:
    @pytest.mark.parametrize(
        ("target_id", "value", "inputs", "expected"),
        [
            ("I-F2.pga.m6.5.r30", 0.06956 * 1.0099, "same", "re-read"),
            ("I-F2.pga.m6.5.r30", 0.06956 * 1.0101, "same", "differs"),
            ("I-F2.pga.m6.5.r30", None, "same", "differs"),
            ("I-F2.pga.m6.5.r30", 0.06956, "other", "compared"),
            ("I-F2.pga.m6.5.r30", 0.06956, "simulated", "simulated"),
            ("I-D1.records", 14518.0, "same", "reproduced"),
            ("I-D1.records", 14517.0, "same", "differs"),
            ("I-M3.keras", "3.11.3", "same", "reproduced"),
            ("I-F6.pga", 0.01, "same", "re-read"),
            ("I-F6.psa_0.1s", -0.015, "same", "differs"),
            ("I-F5.claim.m_gt_6", -0.1, "other", "compared"),
            ("I-P2.rms", 0.851, "same", "compared"),
            ("I-T1.nga_only.pga.tau", 0.3, "same", "compared"),
            ("I-T1.nga_only.pga.tau", None, "other", "open"),
            ("I-G1.sigma", 0.53961, "arithmetic", "arithmetic"),
            ("I-G1.sigma", 0.6, "same", "arithmetic"),
        ],
    )
    def test_verdict(self, target_id, value, inputs, expected):
        assert scoreboard.verdict(row_of(target_id), {"value": value, "inputs": inputs}) == expected

    def test_no_result_is_open(self):
        assert scoreboard.verdict(row_of("I-F2.pga.m6.5.r30"), None) == "open"

    def test_a_value_on_the_limit_is_within(self):
        limit = replace(row_of("I-F5.claim.all"), value=0.1 + 0.2)
        assert scoreboard.within(limit, 0.3)
        assert not scoreboard.within(limit, 0.3001)
