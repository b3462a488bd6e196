"""What the book asks of Sphinx itself: the search finds words of the glossary, and no code."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.domains.std import StandardDomain


def setup(app: Sphinx) -> dict:
    """Change the search; the builder calls ``index_page`` once for each page."""
    StandardDomain.object_types["term"].attrs["searchprio"] = 0
    original = StandaloneHTMLBuilder.index_page

    def index_page(builder, page: str, doctree: nodes.document, title: str) -> None:
        """Index a page without its code and its outputs of plain text."""
        prose = doctree.deepcopy()
        for block in list(prose.findall(nodes.literal_block)):
            block.parent.remove(block)
        original(builder, page, prose, title)

    if original.__module__ != __name__:
        StandaloneHTMLBuilder.index_page = index_page
    return {"parallel_read_safe": True, "parallel_write_safe": True}
