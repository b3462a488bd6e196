"""What ``gmtools check`` calls red, and what it writes."""

import json

import pytest

from bookkit import check, cli, lessons, spread
from bookkit.check import Expected
from bookkit.lessons import Settings
from gmtools.cache import PROJECT
from gmtools.data import manifests
from gmtools.errors import GmtoolsError, ManifestError

LESSON = "13_transfer_to_iran"
SETTINGS = Settings("fast", "auto")
WITHIN = {"relative": 1e-3}


def run_of(values=None, claims=None, results=(), seed=0, found=("iran_kuehn",)):
    """What a run recorded: numbers by name, claims by text as (value, holds, draw)."""
    at = {"lesson": LESSON, "cell": 1}
    return {
        **{"profile": "fast", "data": "auto", "seed": seed, "found": list(found)},
        "results": [at | {"id": name, "value": value, "inputs": "same", "note": ""} for name, value in results],
        "numbers": [at | {"name": name, "value": value} for name, value in (values or {}).items()],
        "claims": [
            at | {"name": text, "value": value, "holds": holds, "draw": draw}
            for text, (value, holds, draw) in (claims or {}).items()
        ],
    }


def wanted(values=None, within=WITHIN, claims=None, **others):
    group = {"within": within, "reason": "measured", "values": values or {}}
    return Expected(**{"found": ["iran_kuehn"], "values": [group], "claims": claims or {}} | others)


def moved(run, expected):
    return [(drift.name, drift.expected, drift.got, drift.tolerance) for drift in check.compare(LESSON, run, expected)]


@pytest.fixture
def project(tmp_path):
    """A project with one lesson that ran; gives a function that writes what it recorded."""
    (tmp_path / "notebooks" / "10_ann_gmm").mkdir(parents=True)
    lesson = tmp_path / "notebooks" / "10_ann_gmm" / f"{LESSON}.ipynb"
    lesson.write_text("{}")

    def ran(run, folder="fast-auto"):
        path = tmp_path / "_build" / "results" / folder / "10_ann_gmm" / f"{LESSON}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(run))
        return tmp_path

    return ran


SEEDS = [
    run_of({"count": 12, "sum": 0.5, "trained": value}, {"helps": (value, True, False)}) for value in (1.0, 1.2, 0.9)
]


class TestCompare:
    def test_a_run_as_expected(self):
        run = run_of({"rms": 0.5004, "events": 12, "word": "U-Net"}, {"helps": (-0.1, True, False)})
        claims = {"helps": {"holds": True, "value": -0.1, "within": 0.0}}
        assert moved(run, wanted({"rms": 0.5, "events": 12, "word": "U-Net"}, claims=claims)) == []

    def test_a_value_that_drifted(self):
        assert moved(run_of({"rms": 0.5006}), wanted({"rms": 0.5})) == [("rms", "0.5", "0.5006", "0.001 relative")]

    @pytest.mark.parametrize(
        ("expected", "got"), [(12, 13), (0.1, 0.1 + 1e-9), ("U-Net", "ANN"), (1.0, None), (None, 1.0)]
    )
    def test_what_is_exact(self, expected, got):
        assert len(moved(run_of({"x": got}), wanted({"x": expected}, "exact"))) == 1
        assert moved(run_of({"x": expected}), wanted({"x": expected}, "exact")) == []

    def test_what_is_left_of_a_zero_difference_may_differ(self):
        assert moved(run_of({"x": 3e-17}), wanted({"x": -2e-17}, "exact")) == []

    def test_a_row_that_left_the_targets_is_a_value_that_nobody_expects(self):
        assert [name for name, *_ in moved(run_of(results=[("X-F9.gone", 1.0)]), wanted())] == ["X-F9.gone"]

    def test_an_absolute_tolerance(self):
        expected = wanted({"errors": 12}, {"absolute": 3})
        assert moved(run_of({"errors": 15}), expected) == []
        assert moved(run_of({"errors": 16}), expected) == [("errors", "12", "16", "3 absolute")]

    def test_what_is_missing_and_what_nobody_expects(self):
        assert moved(run_of({"new": 2.0}), wanted({"old": 1.0})) == [
            ("old", "1", "missing", ""),
            ("new", "nothing", "2", ""),
        ]
        claims = {"old claim": {"holds": True, "value": 1, "within": 0.0}}
        assert moved(run_of(claims={"new claim": (1, True, False)}), wanted(claims=claims)) == [
            ("old claim", "a claim", "not made", ""),
            ("new claim", "nothing", "a claim", ""),
        ]

    @pytest.mark.parametrize("holds", [True, False])
    def test_a_claim_that_flips_is_red_whatever_its_value(self, holds):
        claims = {"helps": {"holds": holds, "value": -0.1, "within": 10.0}}
        words = ["does not hold", "holds"]
        row = ("helps", words[holds], f"{words[not holds]} (-0.1)", "")
        assert moved(run_of(claims={"helps": (-0.1, not holds, False)}), wanted(claims=claims)) == [row]

    def test_the_number_behind_a_claim_has_a_tolerance_too(self):
        claims = {"helps": {"holds": True, "value": -0.1, "within": 0.01}}
        assert moved(run_of(claims={"helps": (-0.105, True, False)}), wanted(claims=claims)) == []
        assert len(moved(run_of(claims={"helps": (-0.111, True, False)}), wanted(claims=claims))) == 1

    def test_a_verdict_that_was_reproduced_is_red_whatever_the_tolerance(self):
        row = "V-S3.output.p_wave"  # 520.94 m/s
        expected = wanted({row: 520.94}, {"relative": 1.0}, reproduced=[row])
        assert moved(run_of(results=[(row, 520.941)]), expected) == []
        assert moved(run_of(results=[(row, 522.0)]), expected) == [(row, "reproduced", "differs", "")]

    def test_another_seed_compares_claims_that_hold_for_every_draw(self):
        claims = {text: {"holds": True, "value": 1.0, "within": 0.0} for text in ("always", "this draw")}
        claims["this draw"]["draw"] = True
        expected = wanted({"rms": 0.5}, claims=claims)
        flipped = {"always": (2.0, True, False), "this draw": (2.0, False, True)}
        assert moved(run_of({"rms": 0.9}, flipped, seed=1), expected) == []
        flipped["always"] = (2.0, False, False)
        assert [name for name, *_ in moved(run_of({"rms": 0.9}, flipped, seed=1), expected)] == ["always"]

    def test_other_data_are_one_line(self):
        run = run_of({"rms": 9.0}, found=["nga_west2_extract"])
        assert moved(run, wanted({"rms": 0.5})) == [("data sets", "iran_kuehn", "nga_west2_extract", "")]


class TestCheck:
    def test_a_lesson_that_never_ran_and_one_that_nobody_expects(self, project):
        root = project(run_of({"rms": 0.5}), "smoke-auto")
        drifts, *_ = check.check([], SETTINGS, root)
        assert [(drift.expected, drift.got) for drift in drifts] == [("a run", "none")]
        project(run_of({"rms": 0.5}))
        nothing = [("nothing, no fast-real", "1 results")]
        drifts, _, notes = check.check([], SETTINGS, root)
        assert (drifts, notes) == ([], [f"{LESSON} gave 1 results; nothing is expected of fast-real yet"])
        drifts, *_ = check.check([], SETTINGS, root, strict=True)
        assert [(drift.expected, drift.got) for drift in drifts] == nothing

    def test_where_most_lessons_have_a_file_one_without_is_red(self, project):
        root = project(run_of({"rms": 0.5}))
        check.write(root / "expected" / "fast-real" / "12_train_ann.yml", wanted({"rms": 0.5}))
        drifts, _, notes = check.check([LESSON], SETTINGS, root)
        assert [(drift.expected, drift.got) for drift in drifts] == [("nothing, no fast-real", "1 results")]
        assert notes == []

    def test_a_lesson_that_records_nothing_needs_no_file(self, project):
        assert check.check([], SETTINGS, project(run_of())) == ([], 0, [])

    def test_auto_is_what_the_lesson_took(self, project):
        root = project(run_of({"rms": 0.5}))
        check.write(root / "expected" / "fast-real" / f"{LESSON}.yml", wanted({"rms": 0.5}))
        check.write(root / "expected" / "fast-simulated" / f"{LESSON}.yml", wanted({"rms": 0.9}, found=[]))
        assert check.check([], SETTINGS, root) == ([], 1, [])
        project(run_of({"rms": 0.9}, found=[]))
        assert check.check([], SETTINGS, root) == ([], 1, [])

    def test_other_data_than_expected_are_a_note_but_in_ci(self, project):
        root = project(run_of({"rms": 0.9}, found=["nga_west2_extract"]))
        check.write(root / "expected" / "fast-real" / f"{LESSON}.yml", wanted({"rms": 0.5}))
        drifts, compared, notes = check.check([], SETTINGS, root)
        assert (drifts, compared) == ([], 0)
        assert notes == [f"{LESSON} found nga_west2_extract, not iran_kuehn: not compared"]
        drifts, *_ = check.check([], SETTINGS, root, strict=True)
        assert [(drift.name, drift.got) for drift in drifts] == [("data sets", "nga_west2_extract")]

    def test_a_file_of_no_lesson(self, project):
        root = project(run_of())
        check.write(root / "expected" / "full-real" / "12_gone.yml", wanted({"rms": 0.5}))
        assert [drift.lesson for drift in check.check([], SETTINGS, root)[0]] == ["12_gone"]

    def test_the_report_has_a_line_for_each(self):
        drifts = check.compare(LESSON, run_of({"rms": 0.6, "new": 1}), wanted({"rms": 0.5}))
        lines = check.report(drifts, 40).splitlines()
        assert [line.split() for line in lines[1:3]] == [
            [LESSON, "rms", "0.5", "0.6", "0.001", "relative"],
            [LESSON, "new", "nothing", "1"],
        ]
        assert lines[-1] == "check: 2 not as expected, 40 results compared"

    def test_the_command_is_red_when_something_moved(self, monkeypatch, capsys):
        monkeypatch.setattr(
            check, "check", lambda *_, **options: (check.compare(LESSON, run_of({"a": 1}), wanted()), 1, [])
        )
        assert cli.main(["check"]) == 1
        monkeypatch.setattr(check, "check", lambda *_, **options: ([], 7, []))
        assert cli.main(["check"]) == 0
        assert capsys.readouterr().out.endswith("check: 7 results, all as expected\n")


class TestFiles:
    VALUES = {f"I-F1.pga.m4.5.r{r}": r / 7 for r in (1, 3, 10)} | {"winner": "the U-Net", "n": 12, "none": None}

    def test_a_file_keeps_what_was_written(self, tmp_path):
        claims = {"it helps: by 3 %": {"holds": True, "value": 3.25, "within": 0.01, "draw": True}}
        history = [{"because": "a new table", "date": "2026-11-30", "was": {"rms": 0.4}}]
        expected = wanted(self.VALUES, claims=claims, reproduced=["I-F1"], history=history, measured="so")
        check.write(tmp_path / "a.yml", expected)
        got = check.read(tmp_path / "a.yml")
        assert moved(run_of(self.VALUES, {text: (3.25, True, True) for text in claims}), got) == []
        assert (got.claims, got.reproduced, got.history, got.measured) == (claims, ["I-F1"], history, "so")
        assert list(got.by_name()) == list(self.VALUES)

    def test_a_family_stands_in_one_line_with_the_digits_that_count(self, tmp_path):
        check.write(tmp_path / "a.yml", wanted(self.VALUES))
        lines = (tmp_path / "a.yml").read_text(encoding="utf-8").splitlines()
        assert "    I-F1.pga.m4.5: {r1: 0.14286, r3: 0.42857, r10: 1.4286}" in lines

    @pytest.mark.parametrize("tolerance", ["exact", {"relative": 1e-6}, {"relative": 0.3}, {"absolute": 0.01}])
    def test_rounding_stays_far_inside_the_tolerance(self, tolerance):
        for value in (1 / 3, 12345.678, 1e-12 / 7, 0.099999999999):
            again = check.rounded(value, tolerance)
            limits = {"relative": 1e-9} if tolerance == "exact" else tolerance
            tenth = {kind: slack / 10 for kind, slack in limits.items()}
            assert check.within(again, value, tenth)

    @pytest.mark.parametrize("text", ["values: [", "values: [{within: exact}]", "unknown: 1", "- 1"])
    def test_a_damaged_file_is_named(self, tmp_path, text):
        (tmp_path / "a.yml").write_text(text)
        with pytest.raises(ManifestError, match=r"a\.yml does not say what a lesson should give"):
            check.read(tmp_path / "a.yml")


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "expected").glob("*/*.yml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_file_of_the_project_is_as_it_is_written_and_each_tolerance_has_a_reason(path, tmp_path):
    expected = check.read(path)
    check.write(tmp_path / "again.yml", expected)
    assert (tmp_path / "again.yml").read_text(encoding="utf-8") == path.read_text(encoding="utf-8")
    assert path.stem in {lesson.name for lesson in lessons.discover()}
    assert set(expected.found) <= set(manifests.manifests())
    assert all(group["reason"] for group in expected.values)


class TestAccept:
    def test_new_values_old_tolerances_and_why(self):
        claims = {"helps": {"holds": True, "value": -0.1, "within": 0.02}}
        old = wanted({"rms": 0.5, "gone": 1.0, "same": 2.0}, claims=claims)
        run = run_of({"rms": 0.6, "same": 2.0, "new": 3.5, "count": 4}, {"helps": (0.1, False, False)})
        new = check.accept(LESSON, run, old, "the table was read with the fixed unit")
        assert moved(run, new) == []
        assert new.by_name()["rms"] == (0.6, WITHIN)
        assert new.by_name()["new"] == (3.5, check.UNMEASURED["within"])
        assert new.by_name()["count"] == (4, "exact")
        assert len(new.values) == 3
        assert new.claims["helps"] == {"holds": False, "value": 0.1, "within": 0.02}
        assert new.history[-1]["because"] == "the table was read with the fixed unit"
        assert new.history[-1]["was"] == {"rms": 0.5, "gone": 1.0, "helps": True}

    def test_what_is_new_gets_the_tolerance_of_what_it_is(self):
        run = run_of(
            {"rms": 0.5}, {"new claim": (0.25, True, False), "counted": (3, True, False)}, [("I-F2.pga.m6.5.r30", 0.07)]
        )
        run["results"].append(run["results"][0] | {"id": "I-G1.sigma", "value": 0.5396, "inputs": "arithmetic"})
        new = check.accept(LESSON, run, None, "first run")
        tolerances = {name: tolerance for name, (_, tolerance) in new.by_name().items()}
        measured = check.UNMEASURED["within"]
        assert tolerances == {"I-F2.pga.m6.5.r30": measured, "I-G1.sigma": "exact", "rms": measured}
        assert (new.claims["new claim"]["within"], new.claims["counted"]["within"]) == (0.0003, 0.0)
        assert moved(run, new) == []

    def test_the_command_writes_what_moved_and_nothing_else(self, project, monkeypatch, capsys):
        root = project(run_of({"rms": 0.6}))
        lesson = lessons.select([], root)
        monkeypatch.setattr(lessons, "select", lambda words: lesson)
        recorded, place = check.recorded, check.expected_path
        monkeypatch.setattr(check, "recorded", lambda lesson, settings: recorded(lesson, settings, root))
        monkeypatch.setattr(check, "expected_path", lambda *words: place(*words, root))
        assert cli.main(["check", "--accept"]) == 1
        assert "Say why the results moved" in capsys.readouterr().err
        assert cli.main(["check", "--accept", "--because", "first run"]) == 0
        path = root / "expected" / "fast-real" / f"{LESSON}.yml"
        assert check.read(path).by_name() == {"rms": (0.6, check.UNMEASURED["within"])}
        written = path.stat().st_mtime_ns
        assert cli.main(["check", "--accept", "ALL", "--because", "again"]) == 0
        assert path.stat().st_mtime_ns == written

    def test_the_history_is_short(self):
        expected = wanted({"rms": 0.0})
        for step in range(1, 6):
            expected = check.accept(LESSON, run_of({"rms": step}), expected, f"step {step}")
        assert [change["because"] for change in expected.history] == ["step 3", "step 4", "step 5"]

    def test_no_reason_and_another_seed_are_refused(self):
        with pytest.raises(GmtoolsError, match=r"Say why the results moved"):
            check.accept(LESSON, run_of(), None, "  ")
        with pytest.raises(GmtoolsError, match=r"ran with seed 2; what is expected is a run with seed 0"):
            check.accept(LESSON, run_of(seed=2), None, "better")


class TestFigures:
    SHOWN = ("rms 0.71 by model", "rms of the residual (ln) 0.62, 0.71, 0.80; ANN; BSSA14")

    def drifts(self, *shown, within=0.01):
        run = run_of() | {"figures": [list(shown)]}
        return moved(run, wanted(figures={"within": within, "reason": "", "shown": [list(self.SHOWN)]}))

    @pytest.mark.parametrize(
        ("was", "becomes"), [("(ln)", "(log10)"), ("0.71", "7.1"), ("0.62", "0.71"), ("ANN; BSSA14", "BSSA14; ANN")]
    )
    def test_another_unit_number_edge_or_order_is_red(self, was, becomes):
        words, axes = self.SHOWN
        assert [name for name, *_ in self.drifts(words, axes.replace(was, becomes))] == ["figure 1"]

    def test_the_last_digit_may_differ_and_more_where_a_lesson_trains(self):
        words, axes = self.SHOWN
        assert self.drifts(words.replace("0.71", "0.72"), axes.replace("0.71", "0.72")) == []
        assert len(self.drifts(words, axes.replace("0.71", "0.73"))) == 1
        assert self.drifts(words, axes.replace("0.71", "0.73"), within=0.03) == []

    def test_figures_and_axes_are_counted(self):
        assert [name for name, *_ in self.drifts(self.SHOWN[0])] == ["figure 1"]
        run = run_of() | {"figures": []}
        expected = wanted(figures=check.figures_of(run | {"figures": [list(self.SHOWN)]}, check.DRAWN))
        assert moved(run, expected) == [("figures", "1", "0", "")]

    def test_they_are_written_read_and_accepted(self, tmp_path):
        new = check.accept(LESSON, run_of({"rms": 0.5}) | {"figures": [list(self.SHOWN)]}, None, "first run")
        path = tmp_path / f"{LESSON}.yml"
        check.write(path, new)
        assert check.read(path).figures == check.DRAWN | {"shown": [list(self.SHOWN)]}
        run = run_of({"rms": 0.5}) | {"figures": [list(self.SHOWN)]}
        trained = check.accept(LESSON, run, wanted({"rms": 0.5}, {"relative": 0.05}), "figures too")
        assert trained.figures["within"] == 0.05  # a lesson that trains moves its figures with its values
        kept = check.accept(LESSON, run, wanted(figures={"within": 0.1}), "moved")
        assert kept.figures == {"within": 0.1, "shown": [list(self.SHOWN)]}

    def test_another_seed_draws_another_figure(self):
        run = run_of(seed=1) | {"figures": [["rms 9", "9, 9, 9"]]}
        assert moved(run, wanted(figures={"within": 0.01, "reason": "", "shown": [list(self.SHOWN)]})) == []


class TestSpread:
    def others(self, total, trained):
        return [
            run_of({"count": 12, "sum": 0.5, "trained": 1.0}),
            run_of({"count": 12, "sum": total, "trained": trained}),
        ]

    def test_tolerances_come_from_what_was_measured(self):
        got = spread.expectation(SEEDS, self.others(0.5 + 1e-7, 1.002)).by_name()
        assert got["count"] == (12, "exact")
        assert got["sum"] == (0.5, {"relative": 1e-4})  # three times 2e-7, and at least what machines may differ
        assert got["trained"] == (1.0, {"relative": 0.03})  # a tenth of the seeds' 0.2, and the next step

    def test_what_spreads_stands_in_the_file(self):
        groups = spread.expectation(SEEDS, self.others(0.5, 1.02)).values
        assert [group["within"] for group in groups] == ["exact", {"relative": 1e-4}, {"relative": 0.1}]
        assert (groups[2]["differ"], groups[2]["seeds"]) == (0.02, 0.2)

    def test_what_another_machine_gave_counts(self):
        old = Expected(values=[check.UNMEASURED | {"values": {"sum": 0.50001}}])
        assert spread.expectation(SEEDS, self.others(0.5, 1.002), old).by_name()["sum"] == (0.5, {"relative": 1e-3})
        same = Expected(values=[check.UNMEASURED | {"values": {"sum": 0.5}}])
        assert spread.expectation(SEEDS, self.others(0.5, 1.002), same).by_name()["sum"] == (0.5, {"relative": 1e-4})

    def test_a_value_around_zero_has_an_absolute_tolerance(self):
        seeds = [run_of({"bias": value}) for value in (0.0, 0.1, -0.2)]
        got = spread.expectation(seeds, [run_of({"bias": 0.001})]).by_name()
        assert got["bias"] == (0.0, {"absolute": 0.03})

    def test_what_a_person_set_stays_where_it_is_wider(self):
        group = {"within": {"relative": 0.3}, "reason": "another machine moved it by a tenth", "values": {"sum": 0.5}}
        narrow = {"within": {"relative": 1e-9}, "reason": "a guess", "values": {"trained": 1.0}}
        claims = {"helps": {"holds": True, "value": 1.0, "within": 0.5}}
        others = self.others(0.5 + 1e-7, 1.002)
        for other in others:
            other["claims"] = SEEDS[0]["claims"]
        expected = spread.expectation(SEEDS, others, Expected(values=[group, narrow], claims=claims))
        assert expected.by_name()["sum"] == (0.5, {"relative": 0.3})
        assert expected.by_name()["trained"] == (1.0, {"relative": 0.03})
        assert "another machine moved it by a tenth" in [group["reason"] for group in expected.values]
        assert expected.claims["helps"]["within"] == 0.5
        claims["helps"]["within"] = 1e-3  # as check.accept writes it
        assert spread.expectation(SEEDS, others, Expected(claims=claims)).claims["helps"]["within"] < 1e-3

    def test_figures_get_the_least_tolerance_that_holds(self):
        runs = [
            run_of({"sum": 0.5}) | {"figures": [["rms (ln)", f"rms (ln) 0.00, 0.{mean}, 1.00"]]} for mean in (50, 51)
        ]
        assert spread.expectation(runs[:1], runs[:1]).figures["within"] == 0.01
        assert spread.expectation(runs[:1], runs).figures["within"] == 0.03

    def test_claims_and_words_that_hang_on_the_draw_or_on_rounding_are_named(self):
        def one(holds, word="a", draw=False):
            return run_of({"word": word}, {"helps": (1.0, holds, draw)})

        assert spread.unsure([one(True)] * 3, [one(True)]) == []
        assert "depends on the draw" in spread.unsure([one(True), one(False)], [one(True)])[0]
        assert spread.unsure([one(True, draw=True), one(False, draw=True)], [one(True)]) == []
        assert "claim depends on rounding" in spread.unsure([one(True)], [one(False)])[0]
        assert "word depends on rounding" in spread.unsure([one(True)], [one(True, "b")])[0]

    def test_what_is_measured_passes_on_all_that_was_measured(self):
        others = self.others(0.5 + 1e-7, 1.002)
        for other in others:
            other["claims"] = SEEDS[0]["claims"]
        expected = spread.expectation(SEEDS, others)
        assert [moved(run, expected) for run in [SEEDS[0], *others]] == [[], [], []]
