"""How a run of lessons shows on the screen."""

import sys
import time
from typing import TextIO

LIFE_EVERY_S = 60


class Display:
    """A line when a lesson starts, one when it ends, and one for each minute that a cell takes."""

    def __init__(self, stream: TextIO | None = None):
        self.stream = stream or sys.stdout
        self.cells = {}
        self.began = {}  # lesson -> number and beginning of the cell that runs, and when that was last said

    def start(self, lesson: str, cells: int) -> None:
        """Say that a lesson has started."""
        self.cells[lesson] = cells
        self._say(f"{lesson}: started, {cells} code cells")

    def cell(self, lesson: str, number: int) -> None:
        """Keep when a cell began."""
        self.began[lesson] = number, time.monotonic(), time.monotonic()

    def end(self, lesson: str, result: str, seconds: float) -> None:
        """Say how a lesson ended."""
        self.began.pop(lesson, None)
        self._say(f"{lesson}: {result}" + (f" in {seconds:.1f} s" if seconds else ""))

    def tick(self) -> None:
        """Give a sign of life during a long cell."""
        now = time.monotonic()
        for lesson, (number, began, said) in tuple(self.began.items()):
            if now - said >= LIFE_EVERY_S:
                self.began[lesson] = number, began, now
                self._say(f"{lesson}: in code cell {number} of {self.cells[lesson]} for {now - began:.0f} s")

    def _say(self, line: str) -> None:
        print(line, file=self.stream, flush=True)
