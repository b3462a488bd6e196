"""How a run of lessons shows on the screen: bars in a terminal, plain lines elsewhere."""

import sys
import threading
import time
from typing import TextIO

LIFE_EVERY_S = 60
BAR = "{desc:<28} {bar:20} {n_fmt}/{total_fmt} cells  {elapsed}"


def display_for(stream: TextIO):
    """A live display for a terminal, plain lines for a file or a pipe."""
    return LiveDisplay(stream) if stream.isatty() else PlainDisplay(stream)


class PlainDisplay:
    """A line when a lesson starts, one when it ends, and one for each minute that a cell takes."""

    def __init__(self, stream: TextIO = sys.stdout):
        self.stream = stream
        self.cells = {}
        self.began = {}  # lesson -> number and beginning of the cell that runs, and when that was last said

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def start(self, lesson: str, cells: int) -> None:
        """Say that a lesson has started."""
        self.cells[lesson] = cells
        print(f"{lesson}: started, {cells} code cells", file=self.stream, flush=True)

    def cell(self, lesson: str, number: int | None) -> None:
        """Keep when a cell began."""
        if number is not None:
            self.began[lesson] = number, time.monotonic(), time.monotonic()

    def end(self, lesson: str, result: str, seconds: float) -> None:
        """Say how a lesson ended."""
        self.began.pop(lesson, None)
        took = f" in {seconds:.1f} s" if seconds else ""
        print(f"{lesson}: {result}{took}", file=self.stream, flush=True)

    def tick(self) -> None:
        """Give a sign of life during a long cell."""
        now = time.monotonic()
        for lesson, (number, began, said) in tuple(self.began.items()):
            if now - said >= LIFE_EVERY_S:
                self.began[lesson] = number, began, now
                where = f"in code cell {number} of {self.cells[lesson]} for {now - began:.0f} s"
                print(f"{lesson}: {where}", file=self.stream, flush=True)


class LiveDisplay(PlainDisplay):
    """One bar for each lesson that is running: its name, cells done and elapsed time."""

    def __init__(self, stream: TextIO = sys.stdout):
        super().__init__(stream)
        self.bars = {}
        self.lock = threading.Lock()

    def __exit__(self, *exception):
        for bar in self.bars.values():
            bar.close()

    def start(self, lesson: str, cells: int) -> None:
        """Open a bar in the first free line."""
        from tqdm import tqdm

        with self.lock:
            taken = {abs(bar.pos) for bar in self.bars.values()}
            line = next(i for i in range(len(taken) + 1) if i not in taken)
            self.bars[lesson] = tqdm(
                total=cells, desc=lesson, position=line, leave=False, file=self.stream, bar_format=BAR
            )

    def cell(self, lesson: str, number: int | None) -> None:
        """Move a lesson's bar to the cells before the one that begins."""
        with self.lock:
            if number is not None:
                self.bars[lesson].update(number - 1 - self.bars[lesson].n)

    def end(self, lesson: str, result: str, seconds: float) -> None:
        """Close a lesson's bar and leave a line that says how it ended."""
        from tqdm import tqdm

        with self.lock:
            self.bars.pop(lesson).close()
            tqdm.write(f"{lesson}: {result} in {seconds:.1f} s", file=self.stream)

    def tick(self) -> None:
        """Redraw, so that the elapsed time moves during a long cell."""
        with self.lock:
            for bar in self.bars.values():
                bar.refresh()
