"""How a run of lessons shows on the screen."""

import sys
import time
from typing import TextIO

from tqdm import tqdm

LIFE_EVERY_S = 60


class Display:
    """A line when a lesson starts, one when it ends, and one for each minute that a cell takes; in a terminal a bar of
    the cells of all lessons below them."""

    def __init__(self, cells: int, stream: TextIO | None = None):
        self.stream = stream or sys.stdout
        self.bar = tqdm(total=cells, unit="cell", file=self.stream, leave=False, disable=not self.stream.isatty())
        self.cells = {}
        self.began = {}  # lesson -> number and beginning of the cell that runs, and when that was last said

    def start(self, lesson: str, cells: int) -> None:
        """Say that a lesson has started."""
        self.cells[lesson] = cells
        self._say(f"{lesson}: started, {cells} code cells")

    def cell(self, lesson: str, number: int) -> None:
        """Keep when a cell began, and move the bar."""
        self.bar.update()
        self.began[lesson] = number, time.monotonic(), time.monotonic()

    def end(self, lesson: str, result: str, seconds: float) -> None:
        """Say how a lesson ended."""
        self.began.pop(lesson, None)
        self._say(f"{lesson}: {result}" + (f" in {seconds:.1f} s" if seconds else ""))

    def tick(self) -> None:
        """Give a sign of life during a long cell."""
        self.bar.refresh()
        now = time.monotonic()
        for lesson, (number, began, said) in tuple(self.began.items()):
            if now - said >= LIFE_EVERY_S:
                self.began[lesson] = number, began, now
                self._say(f"{lesson}: in code cell {number} of {self.cells[lesson]} for {now - began:.0f} s")

    def _say(self, line: str) -> None:
        self.bar.write(line, file=self.stream)
        self.stream.flush()
