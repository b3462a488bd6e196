"""How a run of lessons shows on the screen: bars in a terminal, plain lines elsewhere."""

import sys
import threading
from typing import TextIO

BAR = "{desc:<28} {bar:20} {n_fmt}/{total_fmt} cells  {elapsed}"


def display_for(stream: TextIO):
    """A live display for a terminal, plain lines for a file or a pipe."""
    return LiveDisplay(stream) if stream.isatty() else PlainDisplay(stream)


class PlainDisplay:
    """A line when a lesson starts and one when it ends."""

    def __init__(self, stream: TextIO = sys.stdout):
        self.stream = stream

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def start(self, lesson: str, cells: int) -> None:
        """Say that a lesson has started."""
        print(f"{lesson}: started, {cells} code cells", file=self.stream, flush=True)

    def cell(self, lesson: str, done: int | None) -> None:
        """Cells are not shown in plain lines."""

    def end(self, lesson: str, result: str, seconds: float) -> None:
        """Say how a lesson ended."""
        took = f" in {seconds:.1f} s" if seconds else ""
        print(f"{lesson}: {result}{took}", file=self.stream, flush=True)

    def tick(self) -> None:
        """Time is not shown in plain lines."""


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

    def cell(self, lesson: str, done: int | None) -> None:
        """Move a lesson's bar to ``done`` cells."""
        with self.lock:
            if done is not None:
                self.bars[lesson].update(done - self.bars[lesson].n)

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
