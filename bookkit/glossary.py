"""The book's glossary: what a word means, for a hover text and for the list at the end of a notebook."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

FENCED = re.compile(r"^(`{3,}|:{3,})\{glossary\}[^\n]*\n(?P<body>.*?)^\1", re.MULTILINE | re.DOTALL)
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@dataclass(frozen=True)
class Word:
    """A term and its definition in MyST Markdown."""

    term: str
    definition: str

    @property
    def sentence(self) -> str:
        """First sentence of the definition, in one line."""
        return SENTENCE.split(" ".join(self.definition.split()), maxsplit=1)[0]


def read(path: Path) -> dict[str, Word]:
    """Words of a glossary page by their lower-case term; terms that share a definition have an entry each."""
    found = FENCED.search(path.read_text(encoding="utf-8")) if path.exists() else None
    words = {}
    for entry in re.split(r"\n\s*\n(?=\S)", found["body"].strip()) if found else []:
        lines = entry.splitlines()
        terms = [line for line in lines if line[:1].strip() and not line.startswith(":")]
        definition = textwrap.dedent("\n".join(line for line in lines if not line[:1].strip())).strip()
        words |= {term.strip().lower(): Word(term.strip(), definition) for term in terms}
    return words
