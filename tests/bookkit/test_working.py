"""Working copies: no markup of MyST is left in any, and what it said is said in plain Markdown."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from markdown_it import MarkdownIt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookkit import glossary, lessons, plain, working
from bookkit.lessons import Lesson, Settings
from bookkit.references import References
from bookkit.working import Workshop
from gmtools.cache import PROJECT
from gmtools.errors import BookFailed

WORKSHOP = Workshop(book="../_build/html")
RAW = {
    "fence": re.compile(r"^[ >]*(?::{3,}|`{3,} *\{)", re.MULTILINE),
    "role": re.compile(r"\{[a-z]+(?::[a-z]+)?\}`"),
    "option": re.compile(r"^[ >]*:(?:class|label|name|alt|width):", re.MULTILINE),
    "target": re.compile(r"^\([\w-]+\)=", re.MULTILINE),
}
GLOSSARY = """# Glossary

```{glossary}
RJB
  Distance to the *surface* projection {cite}`boore2014`, in km "of" $R_{JB}$. Zero above the fault.

Residual
  Observed minus predicted.
```
"""
BIBLIOGRAPHY = r"""
@article{boore2014, author = {Boore, David M. and Stewart, Jonathan P. and Seyhan, Emel},
  title = {{NGA-West2} Equations}, journal = {Earthquake Spectra}, year = {2014}, doi = {10.1193/070113EQS184M}}
@book{joyner1981, author = {Joyner, William B. and M{\"u}ller, Anna}, title = {Peaks}, publisher = {P}, year = {1981}}
@misc{project2004, author = {{SESAME European Research Project}}, title = {Guidelines}, year = {2004},
  url = {https://example.org/a}}
"""


def outside_code(text: str) -> str:
    """Markdown without its fenced code and code spans, which may show anything."""
    text = re.sub(r"^(`{3,})[^`{\n]*\n.*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<![`}])(`+)[^`]+\1(?!`)", "", text)


@pytest.fixture(params=lessons.discover(), ids=lambda lesson: lesson.name)
def lesson(request) -> Lesson:
    return request.param


@pytest.fixture
def made(lesson) -> nbformat.NotebookNode:
    return WORKSHOP.copy(lesson)


def test_no_markup_of_myst_is_left(made):
    nbformat.validate(made)
    texts = {cell.id: outside_code(cell.source) for cell in made.cells if cell.cell_type == "markdown"}
    left = [
        (name, kind, found[0])
        for name, text in texts.items()
        for kind, raw in RAW.items()
        if (found := raw.search(text))
    ]
    left += [(cell.id, "box", cell.source) for cell in made.cells if cell.cell_type == "code" and ":::{" in cell.source]
    assert left == []


def test_a_lesson_has_no_directive_role_or_picture_that_a_copy_cannot_show(lesson):
    texts = [cell.source for cell in lessons.read(lesson.path).cells if cell.cell_type == "markdown"]
    text = re.sub(r"^```\w+\n.*?^```$", "", "\n".join(texts), flags=re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"^[ >]*(?:`{3,}|:{3,}) *\{([^}]+)\}", text, re.MULTILINE)) <= plain.DIRECTIVES
    assert set(re.findall(r"\{([a-z][\w:.-]*)\}`", text)) <= plain.ROLES
    assert not re.search(r"!\[|^\$\$.*\$\$ *\(|^(?:% |\+\+\+)", text, re.MULTILINE)


def test_what_stands_between_tags_is_markdown_to_any_reader(made):
    """GitHub, VS Code and Colab follow CommonMark: text in a block of HTML, before an empty line, is shown as it is."""
    reader = MarkdownIt("commonmark").enable("table")
    for cell in (cell for cell in made.cells if cell.cell_type == "markdown"):
        for block in (token.content for token in reader.parse(cell.source) if token.type == "html_block"):
            assert re.fullmatch(r"</?details>\s*(?:<summary><b>[^*`$\n]+</b></summary>\s*)?", block), block


def test_what_is_folded_in_the_book_is_folded_in_the_copy(lesson, made):
    source = lessons.read(lesson.path)
    text = "\n".join(cell.source for cell in source.cells)
    written = len(re.findall(r"^:class:.*dropdown", text, re.MULTILINE))
    copied = "\n".join(cell.source for cell in made.cells if cell.id != "words-used")
    assert copied.count("<details>") == copied.count("</details>") >= written
    folded = {"answer", "solution"}
    for cell in made.cells:
        if cell.cell_type == "code" and folded & set(cell.metadata.get("tags", [])):
            assert cell.metadata.jupyter.source_hidden


def test_each_exercise_has_an_empty_cell_below(lesson, made):
    ids = [cell.id for cell in made.cells]
    assert len(set(ids)) == len(ids)
    for cell in lessons.read(lesson.path).cells:
        if "exercise" in cell.metadata.get("tags", []):
            below = made.cells[ids.index(cell.id) + 1]
            assert below.cell_type == "code" and below.source == ""


def test_links_lead_somewhere(lesson, made):
    texts = [cell.source for cell in made.cells if cell.cell_type == "markdown"]
    anchors = {name for text in texts for name in re.findall(r'<a id="([^"]+)"', text)}
    pages = {path.stem for path in (PROJECT / "book").rglob("*.md")} | {"scoreboard", "data", "reference"}
    for to in (to for text in texts for to in re.findall(r"\]\(([^()\s]+)\)", outside_code(text))):
        path, _, anchor = to.partition("#")
        if re.match(r"https?:|attachment:|mailto:", to):
            continue
        if not path:
            assert anchor in anchors, to
        elif path.endswith(".ipynb"):
            assert (lesson.path.parent / path).exists(), to
        else:
            assert Path(path).stem in pages, to


def test_the_same_lesson_gives_the_same_copy(lesson, made):
    again = Workshop(book="../_build/html").copy(lesson)
    assert again == made
    assert working.is_untouched(nbformat.from_dict(made)) and working.lesson_digest(made)


def test_code_is_the_lessons(lesson, made):
    source = [cell.source for cell in lessons.code_cells(lessons.read(lesson.path)) if ":::{" not in cell.source]
    copied = "\n".join(cell.source for cell in made.cells)
    assert [text[:80] for text in source if text not in copied] == []
    parameters = [cell for cell in made.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(parameters) == 1 and not parameters[0].metadata.get("jupyter")


# One piece of MyST at a time.


@pytest.fixture
def context(tmp_path) -> plain.Context:
    (tmp_path / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    (tmp_path / "references.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
    words = glossary.read(tmp_path / "glossary.md")
    numbers = {"rmse": "0.71", "verdict": "better", "text": "0.70"}

    def link(to):
        return (None, "a page") if to.endswith("nowhere.md") else (f"at/{to}", f"title of {to}")

    return plain.Context(References(tmp_path / "references.bib"), words, numbers, link)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":::{note}\nText\n:::\nafter", "> **Note**\n>\n> Text\nafter"),
        (
            "::::{admonition} A *box*\n:class: tip\n:::{note}\nin\n:::\n::::",
            "> **A *box***\n>\n> > **Note**\n> >\n> > in",
        ),
        (
            ":::{admonition} Answer\n:class: dropdown\nYes\n:::",
            "<details>\n<summary><b>Answer</b></summary>\n\nYes\n\n</details>",
        ),
        (
            "````{exercise} Count\n:label: ex-12-3\n\nHow many?\n````",
            '### <a id="ex-12-3"></a>Exercise 12.3: Count\n\nHow many?',
        ),
        (
            "````{solution} ex-12-3\n:class: dropdown\n```python\nprint(':::{x}')\n```\nTwo\n````",
            "<details>\n<summary><b>Solution to exercise 12.3</b></summary>\n\n"
            "```python\nprint(':::{x}')\n```\nTwo\n\n</details>",
        ),
        ("```{unknown} Title\n:option: 1\nKept\n```", "> **Title**\n>\n> Kept"),
        ("(here)=\n## Heading", '\n## <a id="here"></a>Heading'),
        ("{math}`x^2` and `{term}`", "$x^2$ and `{term}`"),
        ("by {glue:text}`rmse`, {glue:text}`verdict`, {glue:text}`text`", "by 0.71, better, 0.70"),
        ("{cite}`boore2014`", "([Boore et al., 2014](https://doi.org/10.1193/070113EQS184M))"),
        ("{cite:t}`joyner1981`", "[Joyner & Müller (1981)](#works-cited)"),
        (
            "{cite}`project2004,joyner1981`",
            "([SESAME European Research Project, 2004](https://example.org/a); [Joyner & Müller, 1981](#works-cited))",
        ),
        ("{ref}`ex-12-3` and {ref}`that\none <there>`", "[title of ex-12-3](at/ex-12-3) and [that one](at/there)"),
        ("[](other.ipynb), [a {term}`Residual`](x.md)", "[title of other.ipynb](at/other.ipynb), [a {R}](at/x.md)"),
        ("[the page](nowhere.md)", "the page"),
        ("{strange}`left`", "left"),
    ],
)
def test_piece(text, expected, context):
    expected = expected.replace("{R}", '<abbr title="Observed minus predicted.">Residual</abbr>')
    assert plain.convert(text, context) == expected


def test_a_words_hover_text_is_its_sentence_without_markup(context):
    told = "Distance to the surface projection (Boore et al., 2014), in km &quot;of&quot; R_JB."
    assert plain.convert("{term}`the\ndistance <RJB>`", context) == f'<abbr title="{told}">the distance</abbr>'
    assert set(context.used) == {"RJB"}
    assert plain.convert("{term}`magnet`", context) == "magnet"


def test_a_number_without_a_run_is_named(context):
    assert "<i" in plain.convert("{glue:text}`unheard`", context) and context.missing == ["unheard"]


def project(root: Path, cells: list) -> Lesson:
    (root / "book").mkdir()
    (root / "book" / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    (root / "references.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = root / "notebooks" / "10_study" / "12_lesson.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return lessons.discover(root)[0]


def cells_of_a_lesson() -> list:
    return [
        new_markdown_cell("# Title\n\nThe answer is {glue:text}`rmse`.", id="title"),
        new_code_cell("x = 1", id="first"),
        new_code_cell('expected.number("rmse", x)', id="computes", metadata={"tags": ["remove-cell"]}),
        new_markdown_cell("Free text", id="said", metadata={"tags": ["answer"]}),
        new_markdown_cell("```{solution} ex-12-1\n:class: dropdown\nFirst\n```\n\nAfter", id="s1"),
    ]


def test_a_number_without_a_run_is_named_until_its_cell_shows_it(tmp_path):
    made = Workshop(tmp_path).copy(project(tmp_path, cells_of_a_lesson()))
    assert "A name in italics" in made.cells[1].source and "<i title=" in made.cells[0].source


def test_numbers_of_the_last_run_stand_in_the_text_until_the_code_changes(tmp_path):
    lesson = project(tmp_path, cells_of_a_lesson())
    ran = lessons.read(lesson.path)
    data = {"application/papermill.record/text/plain": "'0.71'"}
    glued = new_output("display_data", data=data, metadata={"scrapbook": {"name": "rmse"}})
    ran.cells[2].outputs = [glued]
    path = tmp_path / "_build" / "executed" / "fast-auto" / lesson.relative
    path.parent.mkdir(parents=True)
    nbformat.write(ran, path)
    made = Workshop(tmp_path, Settings("fast", "auto")).copy(lesson)
    assert "The answer is 0.71." in made.cells[0].source
    changed = lessons.read(lesson.path)
    changed.cells[1].source = "x = 2"
    nbformat.write(changed, lesson.path)
    assert "0.71" not in Workshop(tmp_path).copy(lesson).cells[0].source


def test_what_is_folded_ends_a_cell_and_an_answer_is_folded_whole(tmp_path):
    made = Workshop(tmp_path).copy(project(tmp_path, cells_of_a_lesson()))
    texts = {cell.id: cell.source for cell in made.cells}
    assert "First" in texts["s1"] and texts["s1"].endswith("</details>") and texts["s1-2"] == "After"
    assert texts["said"].startswith("<details>")


def test_as_the_configuration_says_links_lead_to_the_published_book_and_a_first_cell_brings_the_project(tmp_path):
    cells = [*cells_of_a_lesson(), new_markdown_cell("See the [scoreboard](../../book/scoreboard.md).", id="see")]
    lesson = project(tmp_path, cells)
    config = {"html": {"baseurl": ""}, "repository": {"url": ""}}
    (tmp_path / "_config.yml").write_text(json.dumps(config), encoding="utf-8")
    here = {cell.id: cell.source for cell in Workshop.configured(tmp_path).copy(lesson).cells}
    assert here["see"] == "See the scoreboard." and "install" not in here
    beside = {cell.id: cell.source for cell in Workshop.configured(tmp_path, built="../html").copy(lesson).cells}
    assert beside["see"] == "See the [scoreboard](../../html/book/scoreboard.html)."
    config = {"html": {"baseurl": "https://a.org/book/"}, "repository": {"url": "https://github.com/owner/name"}}
    (tmp_path / "_config.yml").write_text(json.dumps(config), encoding="utf-8")
    public = {cell.id: cell.source for cell in Workshop.configured(tmp_path, built="../html").copy(lesson).cells}
    assert public["see"] == "See the [scoreboard](https://a.org/book/book/scoreboard.html)."
    assert "https://github.com/owner/name.git" in public["install"]


def test_the_first_cell_brings_the_project_once_and_only_where_it_is_missing(tmp_path, monkeypatch):
    source = working.INSTALL.format(address="https://example.org/name.git")
    ran = []
    monkeypatch.setattr("subprocess.run", lambda command, check: ran.append(command))
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    exec(source, {})
    assert ran == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="Restart the kernel"):
        exec(source, {})
    project_folder = str(tmp_path / "gmtools-book")
    assert ran[0][:2] == ["git", "clone"] and ran[0][-2:] == ["https://example.org/name.git", project_folder]
    assert ran[1][1:] == ["-m", "pip", "install", "--quiet", "-e", project_folder]


def test_of_a_working_copy_none_is_made(tmp_path):
    lesson = project(tmp_path, cells_of_a_lesson())
    nbformat.write(Workshop(tmp_path).copy(lesson), lesson.path)
    with pytest.raises(BookFailed, match="is a working copy itself"):
        Workshop(tmp_path).copy(lesson)
