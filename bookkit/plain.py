"""The MyST Markdown of the lessons as plain Markdown with a little HTML, which any notebook program shows by itself.

Lessons have boxes, exercises and solutions, and the roles of :func:`_role`; a test holds them to these.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bookkit.glossary import Word
from bookkit.references import References

FENCE = re.compile(r"^(?P<marks>`{3,}|:{3,}) *(?:\{(?P<name>[\w:.-]+)\})?(?P<rest>.*)$")
OPTION = re.compile(r"^:(?P<key>[\w-]+):\s*(?P<value>.*)$")
TARGET = re.compile(r"^\((?P<name>[\w:.-]+)\)=\s*$")
HEADING = re.compile(r"^(?P<marks>#+) +(?P<title>.+)$")
INLINE = re.compile(
    r"(?P<role>\{(?P<name>[a-z][\w:.-]*)\}(?P<ticks>`+)(?P<content>.+?)(?<!`)(?P=ticks)(?!`))"
    r"|(?P<code>(?P<marks>`+).+?(?<!`)(?P=marks)(?!`))"
    r"|(?P<math>\$\$.+?\$\$|(?<!\\)\$(?=\S)[^$]*?(?<=\S)\$)"
    r"|(?P<link>\[(?P<label>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<to>[^()\s]*)\))",
    re.DOTALL,
)
TITLED = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
DIRECTIVES = {"admonition", "exercise", "solution"}
ROLES = {"term", "cite", "cite:t", "glue:text", "ref", "math"}
NOT_KNOWN = "No run has computed this number yet: a cell below prints it."


@dataclass
class Context:
    """What a text refers to, and what converting it has met. ``numbers``: name -> text that the last run glued.
    ``link``: function of a link's target (``22_train.ipynb``, ``#anchor``, ``ex-12-1``): its address, None where it
    cannot be reached, and title."""

    references: References
    words: Mapping[str, Word]
    numbers: Mapping[str, str]
    link: Callable[[str], tuple[str | None, str]]
    cited: set[str] = field(default_factory=set)
    used: dict[str, Word] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def convert(text: str, context: Context) -> str:
    """Turn MyST Markdown, of a cell or within a directive, into Markdown without directives and roles: boxes are block
    quotes, what is folded is ``<details>``. The context notes which works the text cites, which words it uses and
    which numbers are missing."""
    lines, done, prose = text.splitlines(), [], []

    def flush():
        """Convert the prose gathered so far, whose roles may span lines."""
        if prose:
            done.append(_inline("\n".join(prose), context))
            prose.clear()

    while lines:
        line = lines.pop(0)
        if opened := FENCE.match(line):
            flush()
            body = _body(opened["marks"], lines)
            whole = "\n".join([line, *body, opened["marks"]])
            done.append(_directive(opened, body, context) if opened["name"] else whole)
        elif target := TARGET.match(line):
            flush()
            done.append(_anchored(target["name"], lines))
        else:
            prose.append(line)
    flush()
    return "\n".join(done)


def _anchored(name: str, lines: list[str]) -> str:
    """An anchor, within the heading below it where one follows: alone it would be an empty paragraph."""
    anchor = f'<a id="{name}"></a>'
    while len(lines) > 1 and not lines[0].strip():
        lines.pop(0)
    heading = HEADING.match(lines[0]) if lines else None
    if heading is None:
        return anchor + "\n"
    lines[0] = f"{heading['marks']} {anchor}{heading['title']}"
    return ""


def folded(title: str, text: str) -> str:
    """Markdown that a click opens."""
    return f"<details>\n<summary><b>{title}</b></summary>\n\n{text.strip()}\n\n</details>"


def _body(marks: str, lines: list[str]) -> list[str]:
    """Take the lines of a fence off the front, its end too."""
    body = []
    while lines:
        line = lines.pop(0)
        if len(line.strip()) >= len(marks) and set(line.strip()) == {marks[0]}:
            break
        body.append(line)
    return body


def _directive(opened: re.Match, body: list[str], context: Context) -> str:
    name, title, options = opened["name"], opened["rest"].strip(), {}
    while body and (option := OPTION.match(body[0])):
        options[option["key"]] = option["value"].strip()
        body.pop(0)
    inside, heading = convert("\n".join(body).strip("\n"), context), _inline(title, context)
    if name == "exercise":
        label = options["label"]
        heading = f"Exercise {exercise_number(label)}" + (f": {heading}" if heading else "")
        return f'### <a id="{label}"></a>{heading}\n\n{inside}'
    if name == "solution":
        return folded(f"Solution to exercise {exercise_number(title)}", inside)
    if "dropdown" in options.get("class", ""):
        return folded(heading, inside)
    lines = [f"**{heading or name.capitalize()}**", "", *inside.strip("\n").splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def exercise_number(label: str) -> str:
    """Number of an exercise as it is written: 12.2 of ``ex-12-2``."""
    return label.removeprefix("ex-").replace("-", ".")


def _inline(text: str, context: Context) -> str:
    """Convert roles and links of a piece of prose, which may hold several lines; code and formulas stay."""

    def convert_one(match: re.Match) -> str:
        """A role or link as it shall stand."""
        if match["role"]:
            return _role(match["name"], match["content"].strip(), context)
        return _linked(_inline(match["label"], context), match["to"], context) if match["link"] else match[0]

    return INLINE.sub(convert_one, text)


def _linked(label: str, target: str, context: Context) -> str:
    address, title = context.link(target)
    return f"[{label or title}]({address})" if address else label or title


def _role(name: str, content: str, context: Context) -> str:
    """A role as plain Markdown; of another than :data:`ROLES` its content."""
    titled = TITLED.match(content)
    text, target = (" ".join(titled["text"].split()), titled["target"]) if titled else ("", content)
    if name == "term":
        return _term(text or " ".join(content.split()), target, context)
    if name.startswith("cite"):
        return _cited(name, content, context)
    if name == "glue:text":
        return _number(content, context)
    if name == "ref":
        return _linked(text, target, context)
    return f"${content}$" if name == "math" else content


def _term(text: str, term: str, context: Context) -> str:
    """A word with its meaning, which appears under the mouse."""
    word = context.words.get(" ".join(term.lower().split()))
    if word is None:
        return text
    context.used[word.term] = word
    told = html.escape(in_words(word.sentence, context.references)).replace("|", "&#124;")
    return f'<abbr title="{told}">{text}</abbr>'


def in_words(text: str, references: References) -> str:
    """MyST Markdown as text without any markup, for a hover text."""

    def spoken(match: re.Match) -> str:
        """A role, formula or link as one would say it."""
        if match["role"]:
            content = match["content"]
            if match["name"].startswith("cite"):
                keys = [key.strip() for key in content.split(",")]
                named = [(references.authors(key), references.year(key)) for key in keys if key in references]
                if match["name"] == "cite:t":
                    return ", ".join(f"{authors} ({year})" for authors, year in named)
                return f"({'; '.join(f'{authors}, {year}' for authors, year in named)})"
            titled = TITLED.match(content)
            return titled["text"] if titled else content
        if match["math"]:
            return re.sub(r"\\(?:mathrm|text|mathbf|[,;! ])|[{}$\\]", "", match["math"])
        return match["label"] if match["link"] else match["code"].strip("`")

    return " ".join(re.sub(r"\*+", "", INLINE.sub(spoken, text)).split())


def _cited(name: str, content: str, context: Context) -> str:
    known = [key for key in map(str.strip, content.split(",")) if key in context.references]
    context.cited.update(known)
    form = "[{0} ({1})]({2})" if name == "cite:t" else "[{0}, {1}]({2})"
    of = context.references
    told = [form.format(of.authors(key), of.year(key), of.link(key)) for key in known]
    return ", ".join(told) if name == "cite:t" else f"({'; '.join(told)})"


def _number(content: str, context: Context) -> str:
    if content not in context.numbers:
        context.missing.append(content)
        return f'<i title="{NOT_KNOWN}">{content}</i>'
    return context.numbers[content]
