"""Runs lessons with papermill: in parallel, each once, and only those whose outcome could have changed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
import psutil

from bookkit import lessons, solutions
from bookkit.lessons import Lesson, Settings
from bookkit.progress import Display
from gmtools.cache import PROJECT, replacing
from gmtools.errors import GmtoolsError

SHOWN_SOURCE_LINES = 8
CELL_TIMEOUT_S = {"smoke": 600, "fast": 1800, "full": 86400}  # a hang ends; what is slow on an old machine does not


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
    root: Path
    cell_timeout_s: float
    solve: bool = False

    @cached_property
    def source(self) -> nbformat.NotebookNode:
        """The lesson as it was written when the run began."""
        return lessons.read(self.lesson.path)

    @cached_property
    def key(self) -> str:
        """Hash of everything that the lesson's outputs depend on."""
        return lessons.content_key(self.lesson, self.source, self.settings, self.fingerprint, self.root)

    @cached_property
    def fingerprint(self) -> str:
        """What is here now of the data that the lesson names; a word where it does not look."""
        if self.settings.data == "simulated":
            return "simulated"
        from gmtools.data import catalog

        return catalog.fingerprint(lessons.used(self.source).data)

    def place(self, kind: str) -> Path:
        """As :func:`place`."""
        return place(kind, self.lesson, self.settings, self.root)

    @property
    def failed(self) -> Path:
        """The partial copy of a run that stopped."""
        return self.place("executed").with_suffix(".failed.ipynb")


def place(kind: str, lesson: Lesson, settings: Settings, root: Path = PROJECT) -> Path:
    """Where the ``executed`` copy of a lesson lies, its ``results`` (values for the scoreboard, numbers and claims of
    its text), or what its ``solutions`` printed."""
    path = root / "_build" / kind / settings.folder / lesson.relative
    return path if kind == "executed" else path.with_suffix(".json")


def recorded(lesson: Lesson, settings: Settings, root: Path = PROJECT, kind: str = "results") -> dict | None:
    """What a lesson recorded when it last ran with these settings, or ``key`` and ``printed`` of its ``solutions``;
    None where there is nothing, or nothing whole."""
    try:
        return json.loads(place(kind, lesson, settings, root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def run(
    wanted: list[str] | None = None,
    profile: str = "fast",
    data: str = "auto",
    seed: int = 0,
    workers: int | None = None,
    force: bool = False,
    cell_timeout_s: float | None = None,
    root: Path = PROJECT,
    solve: bool = False,
) -> list[Outcome]:
    """Run lessons, print how it goes and a summary, and keep executed copies and results below ``_build/``. Two at a
    time unless ``workers`` says otherwise, each on one thread; a failed one is reported and the others go on: look at
    ``Outcome.result``. ``solve``: the solutions of the exercises run after it, in its kernel."""
    settings = Settings(profile, data, seed)
    timeout = cell_timeout_s or CELL_TIMEOUT_S[profile]
    jobs = [Job(lesson, settings, root, timeout, solve) for lesson in lessons.select(wanted, root)]
    kept = {job: _attempt(job, _keep, force) for job in jobs}
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


def _attempt(job: Job, step: Callable[..., Outcome | None], *arguments) -> Outcome | None:
    """What a step makes of a lesson; whatever stops the step is this lesson's failure, and the others go on."""
    try:
        return step(job, *arguments)
    except GmtoolsError as error:
        return Outcome(job.lesson, "failed", 0.0, str(error))
    except Exception:  # a full disk, a file that went away: nothing that one lesson meets may end the others
        return Outcome(job.lesson, "failed", 0.0, traceback.format_exc())


def _keep(job: Job, force: bool) -> Outcome | None:
    """Keep an earlier run with the same key, with its text brought up to date; None when the lesson is to run."""
    earlier = _earlier(job)
    if force or earlier is None or (job.solve and not _is_solved(job)):
        job.place("executed").parent.mkdir(parents=True, exist_ok=True)
        return None
    executed, merged = earlier
    changed = merged != executed
    if changed:
        write_atomically(job.place("executed"), nbformat.writes(merged))
    if changed or recorded(job.lesson, job.settings, job.root) is None:
        _harvest(job, job.place("executed"))
    return Outcome(job.lesson, "new text" if changed else "up to date", merged.metadata.gmtools.seconds)


def _is_solved(job: Job) -> bool:
    ran = recorded(job.lesson, job.settings, job.root, "solutions")
    return not solutions.of(job.source) or (ran is not None and ran["key"] == solutions.key(job.key, job.source))


def _earlier(job: Job) -> tuple[nbformat.NotebookNode, nbformat.NotebookNode] | None:
    """The executed copy of the same key, as it is and with the lesson's text of now."""
    key = job.key
    try:
        executed = lessons.read(job.place("executed"))
        if executed.metadata.gmtools.key != key:
            return None
        float(executed.metadata.gmtools.seconds)
        merged = lessons.merge(job.source, executed)
    except Exception:  # there is none yet, or it is damaged in one of many ways: the lesson runs again
        return None
    return merged and (executed, merged)


def _run_all(jobs: list[Job], workers: int) -> list[Outcome]:
    """Run jobs in as many processes at a time as there are workers; stop them all when anything interrupts."""
    if not jobs:
        return []
    processes, stop = set(), threading.Event()
    display = Display(sum(len(lessons.code_cells(job.source)) for job in jobs))
    with _ended_by_signals(), display.bar, ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(_attempt, job, _run_one, display, processes, stop) for job in jobs]
        try:
            while wait(futures, timeout=1).not_done:
                display.tick()
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            for process in tuple(processes):
                _end(process)
            raise
        return [future.result() for future in futures]


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP (the terminal was closed) end a run as Ctrl-C does."""

    def interrupt(number, frame):
        """The signal's number travels with the interrupt, for the exit status."""
        raise KeyboardInterrupt(number)

    numbers = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    earlier = {number: signal.getsignal(number) for number in numbers}
    earlier = {number: handler for number, handler in earlier.items() if handler != signal.SIG_IGN}  # nohup
    for number in earlier:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _run_one(job: Job, display: Display, processes: set, stop: threading.Event) -> Outcome:
    total = len(lessons.code_cells(job.source))
    display.start(job.lesson.name, total)
    # Only a whole run replaces an earlier one: papermill writes into a folder of its own.
    with tempfile.TemporaryDirectory(prefix="gmtools-", ignore_cleanup_errors=True) as folder:
        partial = Path(folder) / job.lesson.path.name
        report = _report(job, partial, display, processes, stop)
        stopped = stop.is_set() and "seconds" not in report
        outcome = Outcome(job.lesson, "stopped", 0.0) if stopped else _attempt(job, _finish, partial, report, total)
    display.end(job.lesson.name, outcome.result, outcome.seconds)
    return outcome


def _report(job: Job, partial: Path, display: Display, processes: set, stop: threading.Event) -> dict:
    """Run one lesson in a process of its own and return what it reported: the last ``cell``, and ``seconds`` or a
    ``problem``."""
    source = job.lesson.path
    if job.solve:
        source = partial.with_name("solved.ipynb")
        nbformat.write(solutions.appended(job.source), source)
    task = {
        "source": str(source),
        "output": str(partial),
        "parameters": job.settings.parameters(),
        "folder": str(job.lesson.path.parent),
        "cell_timeout_s": job.cell_timeout_s,
    }
    report = {}
    with tempfile.TemporaryFile() as errors, _worker(errors) as process:
        processes.add(process)
        try:
            if stop.is_set():  # an interrupt came while it started
                _end(process)
            with contextlib.suppress(BrokenPipeError):  # it died before it read: reported below with what it said
                process.stdin.write(json.dumps(task) + "\n")
                process.stdin.flush()  # and left open: its end tells the worker that the runner is gone
            for line in process.stdout:
                message = json.loads(line)
                report |= message
                if "cell" in message:
                    display.cell(job.lesson.name, message["cell"])
        finally:
            _end(process, patience_s=10)
            processes.discard(process)
        if not {"seconds", "problem"} & set(report):
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()[-2000:]
            killed = " (killed: out of memory?)" if process.returncode == -9 else ""
            report["problem"] = f"Its process ended with status {process.returncode}{killed} and no report.\n{said}"
    return report


def _worker(errors) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "bookkit.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        env=worker_environment(),
        start_new_session=True,  # Ctrl-C reaches the runner alone, which then ends its workers in order
    )


def _end(process: subprocess.Popen, patience_s: float = 0) -> None:
    """End a worker with its kernel and whatever that has started."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience_s)
    with contextlib.suppress(psutil.NoSuchProcess):
        worker = psutil.Process(process.pid)
        for running in (*worker.children(recursive=True), worker):
            with contextlib.suppress(psutil.NoSuchProcess):
                running.kill()
    with contextlib.suppress(OSError):  # what was not sent to it yet
        process.stdin.close()
    process.wait()


def worker_environment() -> dict[str, str]:
    """Environment of a worker: one thread, so that results do not hang on how many run, and data folders in full."""
    threads = os.environ.get("GMTOOLS_THREADS", "1")
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = dict(os.environ)
    environment.update(dict.fromkeys((*names, "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), threads))
    environment.update(TF_CPP_MIN_LOG_LEVEL="3", JUPYTER_PREFER_ENV_PATH="1", PYDEVD_DISABLE_FILE_VALIDATION="1")
    return with_full_paths(environment)


def with_full_paths(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment whose data folders have their full names: a notebook runs in its own folder, not in this one."""
    changed = dict(environment)
    for name in ("GMTOOLS_DATA", "GMTOOLS_CACHE"):
        if changed.get(name):
            folders = changed[name].split(os.pathsep)
            changed[name] = os.pathsep.join(str(Path(f).expanduser().resolve()) for f in folders if f)
    return changed


def _finish(job: Job, partial: Path, report: dict, total: int) -> Outcome:
    if "seconds" not in report:
        return Outcome(job.lesson, "failed", 0.0, _keep_failed(job, partial, report, total))
    notebook = lessons.read(partial)
    if job.solve:
        ran = {"key": solutions.key(job.key, job.source), "printed": solutions.taken_off(notebook)}
        write_atomically(job.place("solutions"), json.dumps(ran, indent=1) + "\n")
        nbformat.write(notebook, partial)
    stamp = {"key": job.key, "data_fingerprint": job.fingerprint, "seconds": report["seconds"]}
    notebook.metadata["gmtools"] = stamp | job.settings.parameters()
    # Outputs in the text as it is written, and of papermill's notes, which hold times and paths, the parameters alone.
    notebook.metadata["papermill"] = {"parameters": job.settings.parameters()}
    lessons.shorten(notebook)
    merged = lessons.merge(lessons.read(job.lesson.path), notebook)
    _harvest(job, partial)
    write_atomically(job.place("executed"), nbformat.writes(merged or notebook))
    job.failed.unlink(missing_ok=True)
    return Outcome(job.lesson, "ran", report["seconds"])


def _keep_failed(job: Job, partial: Path, report: dict, total: int) -> str:
    lines = ["did not run to its end:"]
    if number := report.get("cell"):
        head = lessons.code_cells(job.source)[number - 1].source.splitlines()[:SHOWN_SOURCE_LINES]
        lines = [f"stopped in code cell {number} of {total}:", *(f"    {line}" for line in head)]
    text = "\n".join([*lines, report["problem"]])
    if partial.exists():
        write_atomically(job.failed, partial.read_text(encoding="utf-8"))
        text += f"\nWhat ran until then: {job.failed.relative_to(job.root)}"
    return text


def _harvest(job: Job, executed: Path) -> None:
    """Write what the lesson recorded to its results file."""
    from gmtools import expected

    write_atomically(job.place("results"), json.dumps(expected.collect(executed), indent=1) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Write a text file in one step, so that no reader ever sees half of it."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
