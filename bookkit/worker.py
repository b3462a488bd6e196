"""The process in which one lesson runs: ``python -m bookkit.worker``, started by :mod:`bookkit.runner`.

It reads a job (a line of JSON) from its standard input and writes one JSON object a line to its standard output:
``{"cell": 3}`` before the third code cell, and at the end ``{"seconds": 12.3}`` or ``{"problem": "..."}``.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TextIO

from bookkit.lessons import is_appended, is_injected


def main() -> None:
    """Run the lesson that the job names and report on it."""
    report = _claim_stdout()
    job = json.loads(sys.stdin.readline())
    tempfile.tempdir = str(Path(job["output"]).parent)  # of the kernel's connection file, which goes away with it
    threading.Thread(target=_end_with_the_runner, args=[tempfile.tempdir], daemon=True).start()
    progress = _Progress(report)
    started = time.perf_counter()
    try:
        _execute(job, progress)
    except Exception as error:  # whatever stopped the lesson is the report, papermill and Jupyter raise many kinds
        progress.send({"problem": _problem(error, job["cell_timeout_s"])})
    else:
        progress.send({"seconds": round((progress.ended or time.perf_counter()) - started, 2)})


def _claim_stdout() -> TextIO:
    """Keep the pipe to the runner for reports; what the kernel prints on descriptor 1 goes to descriptor 2."""
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return report


def _end_with_the_runner(folder: str) -> None:
    """Wait for the end of standard input, which the runner holds open as long as it lives; then leave nothing."""
    import psutil

    while os.read(0, 1024):
        pass
    for process in psutil.Process().children(recursive=True):
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


class _Progress:
    """Counts the lesson's own code cells as they begin, and keeps when they ended."""

    def __init__(self, stream: TextIO):
        self.stream = stream
        self.cells = 0
        self.ended = None

    def __call__(self, cell, cell_index: int) -> None:
        if is_appended(cell):
            self.ended = self.ended or time.perf_counter()
        elif cell.cell_type == "code" and not is_injected(cell):
            self.cells += 1
            self.send({"cell": self.cells})

    def send(self, message: dict) -> None:
        """One message to the runner: a line of JSON."""
        print(json.dumps(message), file=self.stream, flush=True)


def _execute(job: dict, progress: _Progress) -> None:
    import papermill

    papermill.execute_notebook(
        job["source"],
        job["output"],
        parameters=job["parameters"],
        kernel_name="python3",
        language="python",
        progress_bar=False,
        cwd=job["folder"],
        start_timeout=600,  # a kernel on a busy machine may need more than the usual minute
        execution_timeout=job["cell_timeout_s"],
        on_cell_start=progress,
    )


def _problem(error: Exception, cell_timeout_s: float) -> str:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        return str(error).strip()
    if isinstance(error, DeadKernelError):
        return "DeadKernelError: the kernel was killed or crashed in this cell. Out of memory?"
    if isinstance(error, CellTimeoutError):
        return (
            f"CellTimeoutError: this cell ran for {cell_timeout_s:g} s and was ended. "
            "Next step: give cells more time with --cell-timeout SECONDS."
        )
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
