"""The process in which one lesson runs: ``python -m bookkit.worker``, started by :mod:`bookkit.runner`.

It reads a job (JSON) from its standard input and writes one JSON object a line to its standard output:
``{"cell": 3}`` after the third code cell, and at the end ``{"seconds": 12.3}`` or ``{"problem": {...}}``.
"""

import json
import os
import sys
import time
from typing import TextIO

from bookkit.lessons import is_injected


def main() -> None:
    """Run the lesson that the job names and report on it."""
    report = _claim_stdout()
    job = json.load(sys.stdin)
    progress = _Progress(report)
    started = time.perf_counter()
    try:
        _execute(job, progress)
    except Exception as error:  # whatever stopped the lesson is the report, papermill and Jupyter raise many kinds
        progress.send({"problem": _problem(error, progress.cells)})
    else:
        progress.send({"seconds": round(time.perf_counter() - started, 2)})


def _claim_stdout() -> TextIO:
    """Keep the pipe to the runner for reports; what the kernel prints on descriptor 1 goes to descriptor 2."""
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return report


class _Progress:
    """Counts the lesson's own code cells as they end, with or without an error."""

    def __init__(self, stream: TextIO):
        self.stream = stream
        self.cells = 0

    def __call__(self, cell, cell_index: int) -> None:
        if cell.cell_type == "code" and not is_injected(cell):
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
        on_cell_complete=progress,
    )


def _problem(error: Exception, cell: int) -> dict:
    from papermill.exceptions import PapermillExecutionError

    if not isinstance(error, PapermillExecutionError):
        return {"cell": None, "source": "", "traceback": f"{type(error).__name__}: {error}"}
    return {"cell": cell, "source": error.source, "traceback": str(error).strip()}


if __name__ == "__main__":
    main()
