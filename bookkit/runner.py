"""Runs lessons with papermill: in parallel, each once, and only those whose outcome could have changed."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import nbformat

from bookkit import lessons
from bookkit.lessons import Lesson, Settings
from bookkit.progress import display_for
from gmtools.cache import PROJECT

SHOWN_SOURCE_LINES = 8


@dataclass(frozen=True)
class Outcome:
    """What became of one lesson: ``ran``, ``up to date``, ``new text`` (outputs kept), ``failed`` or ``stopped``."""

    lesson: Lesson
    result: str
    seconds: float
    problem: str = ""


@dataclass(frozen=True)
class Job:
    """A lesson, the settings it runs with and the places of what comes of it."""

    lesson: Lesson
    settings: Settings
    key: str
    fingerprint: str
    root: Path

    @property
    def executed(self) -> Path:
        """The executed copy, ``_build/executed/<profile>-<data>/…``."""
        return executed_path(self.lesson, self.settings, self.root)

    @property
    def failed(self) -> Path:
        """The partial copy of a run that stopped."""
        return self.executed.with_suffix(".failed.ipynb")

    @property
    def results(self) -> Path:
        """What the lesson recorded: values for the scoreboard, numbers and claims of its text."""
        return results_path(self.lesson, self.settings, self.root)


def executed_path(lesson: Lesson, settings: Settings, root: Path = PROJECT) -> Path:
    """Where the executed copy of a lesson lies."""
    return root / "_build" / "executed" / settings.folder / lesson.relative


def results_path(lesson: Lesson, settings: Settings, root: Path = PROJECT) -> Path:
    """Where the results lie that a lesson recorded."""
    return (root / "_build" / "results" / settings.folder / lesson.relative).with_suffix(".json")


def run(
    wanted: list[str] | None = None,
    profile: str = "fast",
    data: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    force: bool = False,
    root: Path = PROJECT,
) -> list[Outcome]:
    """Run lessons, print how it goes and a summary, and keep executed copies and results below ``_build/``.

    Parameters
    ----------
    wanted
        Words that name lessons, see :func:`bookkit.lessons.select`; nothing means all.
    profile, data, seed
        The lessons' parameters.
    workers
        Lessons at a time; by default two, or one on a single core. The cores are shared among them.
    force
        Run even what has not changed.
    root
        Project folder.

    Returns
    -------
    list of Outcome
        One for each lesson. A failed lesson is reported and the others go on: look at ``Outcome.result``.

    Raises
    ------
    LessonNotFound
        A word names no lesson.
    """
    settings = Settings(profile, data, seed)
    fingerprint = _fingerprint(data)
    jobs = [_job(lesson, settings, fingerprint, root) for lesson in lessons.select(wanted, root)]
    kept = {job: None if force else _keep(job) for job in jobs}
    to_do = [job for job, outcome in kept.items() if outcome is None]
    workers = max(1, min(workers or min(2, cores()), len(to_do) or 1))
    ran = dict(zip(to_do, _run_all(to_do, workers), strict=True))
    outcomes = [kept[job] or ran[job] for job in jobs]
    print(summary(outcomes))
    return outcomes


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def summary(outcomes: list[Outcome]) -> str:
    """A table of lessons, results and seconds, and below it each problem in full."""
    width = max((len(outcome.lesson.name) for outcome in outcomes), default=0)
    rows = [f"{o.lesson.name:<{width}}  {o.result:<10}  {o.seconds:7.1f} s" for o in outcomes]
    total = sum(outcome.seconds for outcome in outcomes)
    rows.append(f"{'all lessons':<{width}}  {'':<10}  {total:7.1f} s")
    return "\n".join([*rows, *(f"\n{o.lesson.name}: {o.problem}" for o in outcomes if o.problem)])


def _fingerprint(data: str) -> str:
    if data == "simulated":
        return "simulated"
    from gmtools.data import catalog

    return catalog.fingerprint()


def _job(lesson: Lesson, settings: Settings, fingerprint: str, root: Path) -> Job:
    key = lessons.content_key(lessons.read(lesson.path), settings, fingerprint, root)
    return Job(lesson, settings, key, fingerprint, root)


def _keep(job: Job) -> Outcome | None:
    """Keep an earlier run with the same key, with its text brought up to date; None when there is none."""
    try:
        executed = lessons.read(job.executed)
    except (OSError, nbformat.reader.NotJSONError):
        return None
    stamp = executed.metadata.get("gmtools", {})
    if stamp.get("key") != job.key:
        return None
    merged = lessons.merge(lessons.read(job.lesson.path), executed)
    changed = merged != executed
    if changed:
        write_atomically(job.executed, nbformat.writes(merged))
    if changed or not job.results.exists():
        _harvest(job)
    return Outcome(job.lesson, "new text" if changed else "up to date", stamp["seconds"])


def _run_all(jobs: list[Job], workers: int) -> list[Outcome]:
    """Run jobs in as many processes at a time as there are workers; stop them all when anything interrupts."""
    if not jobs:
        return []
    processes, stop = set(), threading.Event()
    with display_for(sys.stdout) as display, ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_run_one, job, workers, display, processes, stop) for job in jobs]
        try:
            while wait(futures, timeout=1).not_done:
                display.tick()
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            for process in tuple(processes):
                process.terminate()
            for process in tuple(processes):
                _end(process)
            raise
        return [future.result() for future in futures]


def _run_one(job: Job, workers: int, display, processes: set, stop: threading.Event) -> Outcome:
    job.executed.parent.mkdir(parents=True, exist_ok=True)
    total = len(lessons.code_cells(lessons.read(job.lesson.path)))
    display.start(job.lesson.name, total)
    # Only a whole run replaces an earlier one: papermill writes into a folder of its own, on the same disk.
    with tempfile.TemporaryDirectory(dir=job.executed.parent, prefix=".running-") as folder:
        partial = Path(folder) / job.lesson.path.name
        report = {} if stop.is_set() else _report(job, partial, workers, display, processes)
        stopped = stop.is_set() and "seconds" not in report
        outcome = Outcome(job.lesson, "stopped", 0.0) if stopped else _finish(job, partial, report, total)
    display.end(job.lesson.name, outcome.result, outcome.seconds)
    return outcome


def _report(job: Job, partial: Path, workers: int, display, processes: set) -> dict:
    """Run one lesson in a process of its own and return the last thing that the process reported."""
    task = {
        "source": str(job.lesson.path),
        "output": str(partial),
        "parameters": job.settings.parameters(),
        "folder": str(job.lesson.path.parent),
    }
    report = {}
    with tempfile.TemporaryFile() as errors, _worker(errors, workers) as process:
        processes.add(process)
        try:
            with contextlib.suppress(BrokenPipeError):  # it died before it read: reported below with what it said
                process.stdin.write(json.dumps(task))
                process.stdin.close()
            for line in process.stdout:
                report = json.loads(line)
                display.cell(job.lesson.name, report.get("cell"))
        finally:
            _end(process)
            processes.discard(process)
        if not {"seconds", "problem"} & set(report):
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()[-2000:]
            text = f"Its process ended with status {process.returncode} and no report.\n{said}"
            report = {"problem": {"cell": None, "source": "", "traceback": text}}
    return report


def _worker(errors, workers: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "bookkit.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        env=worker_environment(workers),
        start_new_session=True,  # Ctrl-C reaches the runner alone, which then ends its workers in order
    )


def _end(process: subprocess.Popen, patience_s: float = 10) -> None:
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()


def worker_environment(workers: int) -> dict[str, str]:
    """Environment of a worker: its share of the cores, this Python's kernel, and data folders as full paths."""
    threads = str(max(1, cores() // workers))
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = dict(os.environ)
    environment.update(dict.fromkeys((*names, "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), threads))
    environment.update(TF_CPP_MIN_LOG_LEVEL="3", JUPYTER_PREFER_ENV_PATH="1", PYDEVD_DISABLE_FILE_VALIDATION="1")
    # A lesson runs in its own folder, where a relative path would mean another place.
    for name in ("GMTOOLS_DATA", "GMTOOLS_CACHE"):
        if environment.get(name):
            folders = environment[name].split(os.pathsep)
            environment[name] = os.pathsep.join(str(Path(f).expanduser().resolve()) for f in folders if f)
    return environment


def _finish(job: Job, partial: Path, report: dict, total: int) -> Outcome:
    if "seconds" not in report:
        return Outcome(job.lesson, "failed", 0.0, _keep_failed(job, partial, report["problem"], total))
    notebook = lessons.read(partial)
    stamp = {"key": job.key, "data_fingerprint": job.fingerprint, "seconds": report["seconds"]}
    notebook.metadata["gmtools"] = stamp | job.settings.parameters()
    # Outputs in the text as it is written, and of papermill's notes, which hold times and paths, the parameters alone.
    notebook.metadata["papermill"] = {"parameters": job.settings.parameters()}
    merged = lessons.merge(lessons.read(job.lesson.path), notebook)
    write_atomically(job.executed, nbformat.writes(merged or notebook))
    job.failed.unlink(missing_ok=True)
    _harvest(job)
    return Outcome(job.lesson, "ran", report["seconds"])


def _keep_failed(job: Job, partial: Path, problem: dict, total: int) -> str:
    head = problem["source"].splitlines()[:SHOWN_SOURCE_LINES]
    where = f"stopped in code cell {problem['cell']} of {total}:" if problem["cell"] else "did not run to its end:"
    text = "\n".join([where, *(f"    {line}" for line in head), problem["traceback"]])
    if partial.exists():
        partial.replace(job.failed)
        text += f"\nWhat ran until then: {job.failed.relative_to(job.root)}"
    return text


def _harvest(job: Job) -> None:
    """Write what the lesson recorded next to its executed copy."""
    from gmtools import expected

    write_atomically(job.results, json.dumps(expected.collect(job.executed), indent=1) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Write a text file in one step, so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
