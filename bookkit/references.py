"""The bibliography in the two forms that plain Markdown takes: a short label with a link, and a full entry."""

import re
from functools import cached_property
from pathlib import Path

from pybtex.backends.html import Backend
from pybtex.database import BibliographyData, Person, parse_file
from pybtex.plugin import find_plugin

PROTECTED = re.compile(r'<span class="bibtex-protected">(.*?)</span>')
WITHIN = "#works-cited"


class References:
    """The entries of a BibTeX file such as ``references.bib``."""

    def __init__(self, path: Path):
        self.path = path

    @cached_property
    def _data(self) -> BibliographyData:
        return parse_file(str(self.path), bib_format="bibtex")

    @cached_property
    def _style(self):
        return find_plugin("pybtex.style.formatting", "unsrt")()

    @cached_property
    def _backend(self) -> Backend:
        return Backend("utf-8")

    def __contains__(self, key: str) -> bool:
        return key in self._data.entries

    def authors(self, key: str) -> str:
        """Authors as the text names them: *Boore et al.*"""
        named = [_last_name(person) for person in self._data.entries[key].persons["author"]]
        if len(named) > 2 or "others" in named:
            return f"{named[0]} et al."
        return " & ".join(named)

    def year(self, key: str) -> str:
        """Year of a work."""
        return self._data.entries[key].fields["year"]

    def link(self, key: str) -> str:
        """Address of a work: its DOI, its URL, or the list of works at the end of the notebook."""
        fields = self._data.entries[key].fields
        if "doi" in fields:
            return f"https://doi.org/{fields['doi'].replace('(', '%28').replace(')', '%29')}"
        return fields.get("url", WITHIN)

    def entry(self, key: str) -> str:
        """A work in full, with links, as HTML in one line."""
        formatted = next(iter(self._style.format_entries([self._data.entries[key]])), None)
        rendered = formatted.text.render(self._backend) if formatted else key
        return " ".join(PROTECTED.sub(r"\1", rendered).replace("&nbsp;", " ").split())

    def in_order(self, keys: set[str]) -> list[str]:
        """Keys by authors and year, as a list of works has them."""
        return sorted(keys, key=lambda key: (self.authors(key).lower(), self.year(key), key))


def _last_name(person: Person) -> str:
    parts = [*person.rich_prelast_names, *person.rich_last_names] or [*person.rich_first_names]
    return " ".join(_plain(part) for part in parts)


def _plain(text) -> str:
    return str(text).replace("\N{NO-BREAK SPACE}", " ")
