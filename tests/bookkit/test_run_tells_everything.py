"""One bad lesson is that lesson's failure; whatever ends a run ends its kernels; nothing is lost on the way."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from bookkit import lessons, progress, runner
from gmtools.data import download
from gmtools.errors import DownloadFailed, FormatError

COMMAND = """
import functools, pathlib, sys
from bookkit import cli, runner
runner.run = functools.partial(runner.run, root=pathlib.Path(sys.argv[1]))
sys.exit(cli.main(["run", "--profile", "smoke", "--data", "simulated", *sys.argv[2:]]))
"""
RECORD = "from gmtools import scoreboard\nscoreboard.record('I-P2.rms', 1.0, inputs='other')"


def write_lesson(root: Path, name: str, *code: str) -> Path:
    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    parameters = new_code_cell('profile = "fast"\nseed = 0\ndata = "auto"', metadata={"tags": ["parameters"]})
    cells = [parameters, *map(new_code_cell, code)]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "P"}}), path)
    return path


def command(root: Path, *words: str, **environment: str) -> subprocess.Popen:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", COMMAND, str(root), *words], env=os.environ | environment, **pipes)


def run(root: Path, *wanted: str, **options) -> dict[str, runner.Outcome]:
    return {o.lesson.name: o for o in runner.run(list(wanted), "smoke", "simulated", root=root, **options)}


def until(condition, patience_s=180):  # on a busy machine a kernel needs a minute to start
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """A project of five lessons, four of them bad, and what their run said on a terminal that knows ASCII only."""
    root = tmp_path_factory.mktemp("bad")
    write_lesson(root, "12_recorded_twice", RECORD, f"# once more \u2013 by mistake\n{RECORD}")
    (root / "notebooks" / "11_no_json.ipynb").write_text('{"cells": [')
    write_lesson(root, "13_deleted", "import os\nos.remove('13_deleted.ipynb')")
    write_lesson(root, "14_killed", "x = 1", "import os\nos.kill(os.getpid(), 9)")
    write_lesson(root, "15_prints", "for i in range(100):\n    print('x' * 10_000, flush=True)")
    process = command(root, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LANG="C", LC_ALL="C")
    process.printed, process.said = process.communicate(timeout=180)
    return root, process


class TestBadLessons:
    @pytest.fixture
    def problems(self, bad):
        """Lesson -> what the summary says of it."""
        summary = bad[1].printed.split("all lessons")[1]
        return {part.partition(":")[0]: part for part in re.split(r"\n\n(?=\d\d_)", summary)[1:]}

    def test_the_others_run_and_each_failure_is_reported(self, bad, problems):
        process = bad[1]
        assert process.returncode == 1
        assert "4 of 5 lessons failed" in process.said
        assert list(problems) == ["11_no_json", "12_recorded_twice", "13_deleted", "14_killed"]
        assert re.search(r"15_prints +ran ", process.printed)

    def test_what_is_no_notebook_is_named(self, problems):
        assert re.search(r"11_no_json.ipynb is no whole notebook \(NotJSONError", problems["11_no_json"])

    def test_the_cell_that_records_a_row_again_is_refused(self, problems):
        assert "stopped in code cell 3 of 3" in problems["12_recorded_twice"]
        assert "ResultError: I-P2.rms is recorded twice: this notebook's execution [" in problems["12_recorded_twice"]

    def test_a_lesson_that_went_away_is_told_with_its_traceback(self, problems):
        assert "Traceback" in problems["13_deleted"] and "FileNotFoundError" in problems["13_deleted"]

    def test_a_killed_kernel_is_told_with_its_cell(self, problems):
        assert "stopped in code cell 3 of 3:\n    import os\n    os.kill" in problems["14_killed"]
        assert "Out of memory?" in problems["14_killed"]

    def test_a_terminal_without_a_character_shows_its_number(self, problems):
        assert r"once more \u2013 by mistake" in problems["12_recorded_twice"]

    def test_printed_text_has_a_limit(self, bad):
        path = bad[0] / "_build/executed/smoke-simulated/15_prints.ipynb"
        assert path.stat().st_size < 30_000
        assert "980,100 of 1,000,100 printed characters are cut here" in path.read_text(encoding="utf-8")

    def test_others_may_read_what_comes_of_a_run(self, bad):
        umask = os.umask(0)
        os.umask(umask)
        for kind, ending in (("executed", "ipynb"), ("results", "json")):
            mode = (bad[0] / f"_build/{kind}/smoke-simulated/15_prints.{ending}").stat().st_mode
            assert mode & 0o777 == 0o666 & ~umask


ENDLESS = """
import os, subprocess
child = subprocess.Popen(["sleep", "600"])
open("pids.new", "w").write(f"{os.getpid()} {child.pid}")
os.rename("pids.new", "pids")
while True:
    pass
"""
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL")


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """For each signal a project whose lesson never ends, and the process that runs it."""
    started = {}
    for name in SIGNALS:
        root = tmp_path_factory.mktemp(name)
        write_lesson(root, "10_endless", ENDLESS)
        (root / "tmp").mkdir()
        started[name] = root, command(root, TMPDIR=str(root / "tmp"))
    yield started
    for _, process in started.values():
        process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_ends_runner_kernel_and_what_it_started_and_leaves_nothing(endless, name):
    root, process = endless[name]
    pids = root / "notebooks" / "pids"
    until(pids.exists, patience_s=60)
    [worker] = psutil.Process(process.pid).children()
    computing = [worker.pid, *map(int, pids.read_text().split())]
    number = getattr(signal, name)
    process.send_signal(number)
    until(lambda: not any(map(psutil.pid_exists, computing)), patience_s=5)
    said = process.communicate(timeout=5)[1]
    assert process.returncode == (-number if name == "SIGKILL" else 128 + number)
    assert name == "SIGKILL" or "the same command goes on from there" in said
    until(lambda: not list((root / "tmp").iterdir()), patience_s=5)
    assert [path for path in (root / "_build").rglob("*") if path.is_file()] == []


def test_a_cell_has_a_time_limit(tmp_path):
    write_lesson(tmp_path, "10_endless", "x = 1", "while True:\n    pass")
    problem = run(tmp_path, cell_timeout_s=2)["10_endless"].problem
    assert "stopped in code cell 3 of 3:\n    while True:" in problem
    assert "this cell ran for 2 s and was ended" in problem and "--cell-timeout" in problem


@pytest.fixture
def no_kernel(monkeypatch):
    """A lesson that is to run says so, without running."""
    monkeypatch.setattr(runner, "_run_one", lambda job, *arguments: runner.Outcome(job.lesson, "to run", 0.0))


@pytest.fixture
def executed(tmp_path):
    """An executed copy, as a run leaves it."""
    source = lessons.read(write_lesson(tmp_path, "10_good", "x = 1"))
    lesson, settings = lessons.select(["10"], tmp_path)[0], lessons.Settings("smoke", "simulated")
    key = lessons.content_key(lesson, source, settings, "simulated", tmp_path)
    source.metadata["gmtools"] = {"key": key, "seconds": 1.5}
    path = tmp_path / "_build/executed/smoke-simulated/10_good.ipynb"
    runner.write_atomically(path, nbformat.writes(source))
    return path


def damage(path: Path, kind: str) -> None:
    whole = json.loads(path.read_text())
    stamp = whole["metadata"]["gmtools"]
    texts = {"empty": "", "dict": "{}", "list": "[]", "half": path.read_text()[:300]}
    notebooks = {
        "stamp_without_seconds": whole | {"metadata": {"gmtools": {"key": stamp["key"]}}},
        "seconds_are_text": whole | {"metadata": {"gmtools": stamp | {"seconds": "long"}}},
        "stamp_is_text": whole | {"metadata": {"gmtools": "stamp"}},
        "no_cells": {key: entry for key, entry in whole.items() if key != "cells"},
        "outputs_are_text": whole | {"cells": [cell | {"outputs": "text"} for cell in whole["cells"]]},
    }
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "bytes":
        path.write_bytes(b"\xff\xfe\x00{")
    else:
        path.write_text(texts[kind] if kind in texts else json.dumps(notebooks[kind]))


KINDS = """
empty dict list half bytes folder no_cells outputs_are_text stamp_without_seconds seconds_are_text stamp_is_text
"""


@pytest.mark.parametrize("kind", KINDS.split())
def test_a_damaged_executed_copy_is_made_again(executed, tmp_path, no_kernel, kind):
    assert run(tmp_path)["10_good"].result == "up to date"
    damage(executed, kind)
    assert run(tmp_path)["10_good"].result == "to run"


def test_results_without_content_are_made_again(executed, tmp_path, no_kernel):
    run(tmp_path)
    results = tmp_path / "_build/results/smoke-simulated/10_good.json"
    results.write_bytes(b"")
    assert run(tmp_path)["10_good"].result == "up to date"
    assert json.loads(results.read_text())["results"] == []


def test_an_earlier_run_that_recorded_a_row_twice_blocks_no_other_lesson(executed, tmp_path, no_kernel):
    copy = lessons.read(executed)
    result = {"id": "I-P2.rms", "value": 1.0, "inputs": "other", "note": ""}
    data = {"application/vnd.gmtools.result+json": {"results": [result, result]}}
    copy.cells[-1].outputs = [nbformat.v4.new_output("display_data", data=data)]
    executed.write_text(nbformat.writes(copy))
    write_lesson(tmp_path, "11_other", "x = 1")
    outcomes = run(tmp_path)
    assert (outcomes["10_good"].result, outcomes["11_other"].result) == ("failed", "to run")
    assert "I-P2.rms is recorded twice" in outcomes["10_good"].problem


def test_a_full_and_a_read_only_disk_are_failures_of_the_lessons_that_meet_them(small_disk):
    write_lesson(small_disk, "10_large", "from IPython.display import HTML\nHTML('x' * 2_000_000)")
    write_lesson(small_disk, "11_small", "x = 1")
    outcomes = run(small_disk)
    assert outcomes["11_small"].result == "ran"
    assert outcomes["10_large"].result == "failed" and "No space left on device" in outcomes["10_large"].problem
    assert not list(small_disk.rglob("*.part"))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    outcomes = run(small_disk)
    assert outcomes["11_small"].result == "up to date"
    assert outcomes["10_large"].result == "failed" and "Read-only file system" in outcomes["10_large"].problem


def test_reading_what_is_no_notebook_names_the_file(tmp_path):
    path = tmp_path / "10_x.ipynb"
    path.write_text("{}")
    with pytest.raises(FormatError, match=r"10_x.ipynb is no whole notebook"):
        lessons.read(path)


def test_lines_give_a_sign_of_life_in_a_long_cell(monkeypatch):
    stream, now = io.StringIO(), [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    display = progress.Display(7, stream)
    display.start("10_long", 7)
    display.cell("10_long", 3)
    for now[0] in (59, 61, 90, 122):
        display.tick()
    display.end("10_long", "ran", 123.0)
    now[0] = 500
    display.tick()
    lines = [f"10_long: in code cell 3 of 7 for {seconds} s" for seconds in (61, 122)]
    assert stream.getvalue().splitlines()[1:] == [*lines, "10_long: ran in 123.0 s"]


def test_a_terminal_has_a_bar_of_all_cells():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    with (display := progress.Display(7, stream)).bar:
        display.start("10_long", 7)
        display.cell("10_long", 1)
        display.tick()
    assert "1/7" in stream.getvalue() and "10_long: started, 7 code cells" in stream.getvalue()


def test_a_proxy_that_never_answers_is_asked_once(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_S", (0.2, 0.2))
    monkeypatch.setattr(download, "_silent", set())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(DownloadFailed, match="Timeout"):
            download.download(["http://a.example/file"], tmp_path / "file", "0" * 64, 1)
        began = time.monotonic()
        with pytest.raises(DownloadFailed, match=f"{proxy} did not answer earlier"):
            download.download(["http://b.example/file"], tmp_path / "file", "0" * 64, 1)
        assert time.monotonic() - began < 0.2
