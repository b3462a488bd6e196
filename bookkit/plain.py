"""MyST Markdown as plain Markdown with a little HTML, which any notebook program shows without an extension."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bookkit.glossary import Word
from bookkit.references import References
from gmtools.numbers import glued_text

FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,}|:{3,}|~{3,}) *(?:\{(?P<name>[\w:.-]+)\})?(?P<rest>.*)$")
OPTION = re.compile(r"^\s*:(?P<key>[\w-]+):\s*(?P<value>.*)$")
TARGET = re.compile(r"^\((?P<name>[\w:.-]+)\)=\s*$")
HEADING = re.compile(r"^(?P<marks>#+) +(?P<title>.+)$")
LABELED_MATH = re.compile(r"^(?P<end>.*\$\$) *\([\w:.-]+\)\s*$")
INLINE = re.compile(
    r"(?P<role>\{(?P<name>[a-z][\w:.-]*)\}(?P<ticks>`+)(?P<content>.+?)(?<!`)(?P=ticks)(?!`))"
    r"|(?P<code>(?P<marks>`+).+?(?<!`)(?P=marks)(?!`))"
    r"|(?P<math>\$\$.+?\$\$|(?<!\\)\$(?=\S)[^$]*?(?<=\S)\$)"
    r"|(?P<link>(?P<bang>!?)\[(?P<label>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<to>[^()\s]*)\))(?P<attributes>\{[^}]*\})?",
    re.DOTALL,
)
TITLED = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
BOXES = {
    *("admonition", "note", "tip", "hint", "important", "warning", "caution", "attention", "danger", "error"),
    *("seealso", "margin", "sidebar", "topic", "card", "tab-item", "epigraph"),
}
FOLDED = {"dropdown", "toggle"}
BARE = {"tab-set", "grid", "grid-item", "div", "container", "only"}  # only what is in them
NOWHERE = {"contents", "tableofcontents", "bibliography", "index", "solution-end", "exercise-end"}
CODE = {"code", "code-block", "code-cell", "literalinclude", "mermaid"}
AS_HTML = {"sub": "sub", "sup": "sup", "kbd": "kbd"}
AS_CODE = {"code", "literal", "file", "command", "samp", "program", "envvar", "option"}
NOT_KNOWN = "No run has computed this number yet: a cell below prints it."


@dataclass
class Context:
    """What a text refers to, and what converting it has met. ``numbers``: name -> what the last run glued under it, as
    Python prints it. ``link``: function of a link's target (``22_train.ipynb``, ``#anchor``, ``ex-12-1``): address,
    None where it cannot be reached, and title. ``picture``: function of an image's path or a glued figure's name:
    address."""

    references: References
    words: Mapping[str, Word]
    numbers: Mapping[str, str]
    link: Callable[[str], tuple[str | None, str]]
    picture: Callable[[str], str | None]
    cited: set[str] = field(default_factory=set)
    used: dict[str, Word] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def convert(text: str, context: Context) -> str:
    """Turn MyST Markdown, of a cell or within a directive, into Markdown without directives and roles: boxes are block
    quotes, what is folded is ``<details>``, a directive that is not known is its title and its content. The context
    notes which works the text cites, which words it uses and which numbers are missing."""
    lines, done, prose = text.splitlines(), [], []

    def flush():
        """Convert the prose gathered so far, whose roles may span lines."""
        if prose:
            done.append(_inline("\n".join(prose), context))
            prose.clear()

    while lines:
        line = lines.pop(0)
        opened = FENCE.match(line)
        if opened and _closes(opened, lines):
            flush()
            done.append(_fenced(opened, _body(opened, lines), context))
        elif target := TARGET.match(line):
            flush()
            done.append(_anchored(target["name"], lines))
        elif not line.startswith(("% ", "+++")):
            labeled = LABELED_MATH.match(line)
            prose.append(labeled["end"] if labeled else line)
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


def _is_end(line: str, opened: re.Match) -> bool:
    marks = line.strip()
    return len(marks) >= len(opened["marks"]) and set(marks) == {opened["marks"][0]}


def _closes(opened: re.Match, lines: list[str]) -> bool:
    """Whether a fence that opens here ends, or is a directive that goes on to the end of its text."""
    return bool(opened["name"]) or any(_is_end(line, opened) for line in lines)


def _body(opened: re.Match, lines: list[str]) -> list[str]:
    """Take the lines of a fence off the front, its end too."""
    indent, body = len(opened["indent"]), []
    while lines:
        line = lines.pop(0)
        if _is_end(line, opened):
            break
        body.append(line[indent:] if not line[:indent].strip() else line)
    return body


def _fenced(opened: re.Match, body: list[str], context: Context) -> str:
    name, title, indent = opened["name"], opened["rest"].strip(), opened["indent"]
    if name is None:
        if opened["marks"].startswith(":"):
            return convert("\n".join(body), context)
        lines = [opened["marks"] + title, *body, opened["marks"]]
        return "\n".join(indent + line if line else line for line in lines)
    options = {}
    while body and (option := OPTION.match(body[0])):
        options[option["key"]] = option["value"].strip()
        body.pop(0)
    shown = _directive(name, title, options, "\n".join(body).strip("\n"), context)
    return "\n".join(indent + line if line else line for line in shown.splitlines())


def _directive(name: str, title: str, options: dict[str, str], body: str, context: Context) -> str:
    """A directive as plain Markdown."""
    kinds = set(options.get("class", "").split())
    if name in NOWHERE:
        return ""
    if name in CODE:
        return f"```{title}\n{body}\n```"
    if name == "math":
        return f"$$\n{body or title}\n$$"
    if name in ("figure", "image", "glue:figure"):
        return _figure(title, options, body, context)
    if name.startswith("exercise"):
        return _exercise(title, options, body, context)
    if name.startswith("solution"):
        return _solution(title, body, context)
    inside = convert(body, context)
    heading = _inline(title, context)
    if name in FOLDED or kinds & FOLDED or "dropdown" in options:
        return folded(heading or name.capitalize(), inside)
    if name in BARE:
        return inside
    if name in BOXES:
        default = "" if name in ("margin", "epigraph", "card") else name.capitalize()
        return _quoted(heading or default, inside)
    return "\n\n".join(part for part in (f"**{heading}**" if heading else "", inside) if part)


def _quoted(title: str, text: str) -> str:
    lines = ([f"**{title}**", ""] if title else []) + text.strip("\n").splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _figure(path: str, options: dict[str, str], caption: str, context: Context) -> str:
    address = context.picture(path)
    below = f"*{_inline(' '.join(caption.split()), context)}*" if caption.strip() else ""
    if address is None:
        return below
    return f"![{options.get('alt', '')}]({address})" + (f"\n\n{below}" if below else "")


def exercise_number(label: str) -> str:
    """Number of an exercise as it is written: 12.2 of ``ex-12-2``."""
    return label.removeprefix("ex-").replace("-", ".")


def _exercise(title: str, options: dict[str, str], body: str, context: Context) -> str:
    label = options.get("label", "")
    heading = " ".join(filter(None, ("Exercise", exercise_number(label)))) + (f": {title}" if title else "")
    anchor = f'<a id="{label}"></a>' if label else ""
    return f"### {anchor}{_inline(heading, context)}\n\n{convert(body, context)}"


def _solution(label: str, body: str, context: Context) -> str:
    return folded(f"Solution to exercise {exercise_number(label)}", convert(body, context))


def _inline(text: str, context: Context) -> str:
    """Convert roles and links of a piece of prose, which may hold several lines."""

    def convert_one(match: re.Match) -> str:
        """A role or link as it shall stand; code and formulas as they are."""
        if match["role"]:
            return _role(match["name"], match["content"].strip(), context)
        if match["link"]:
            return _link(match, context)
        return match[0]

    return INLINE.sub(convert_one, text)


def _link(match: re.Match, context: Context) -> str:
    label = _inline(match["label"], context)
    if match["bang"]:
        address = context.picture(match["to"])
        return f"![{label}]({address})" if address else f"*{label}*"
    address, title = context.link(match["to"])
    label = label or title
    return f"[{label}]({address})" if address else label


def _role(name: str, content: str, context: Context) -> str:
    """A role as plain Markdown."""
    if name == "term":
        return _term(content, context)
    if name.partition(":")[0] == "cite":
        return _cited(name.partition(":")[2], content, context)
    if name.partition(":")[0] == "glue":
        return _number(content, context)
    if name in ("ref", "numref", "doc", "download", "eq", "any"):
        return _reference(content, context)
    if name == "math":
        return f"${content}$"
    if name in AS_HTML:
        return f"<{AS_HTML[name]}>{html.escape(content)}</{AS_HTML[name]}>"
    if name in AS_CODE:
        return f"`{content}`"
    if name == "abbr" and (given := re.fullmatch(r"(.+?)\s*\((.+)\)", content, re.DOTALL)):
        return hover(given[1], given[2])
    return content


def hover(text: str, told: str) -> str:
    """A word with a text that appears under the mouse."""
    return f'<abbr title="{html.escape(told).replace("|", "&#124;")}">{" ".join(text.split())}</abbr>'


def _term(content: str, context: Context) -> str:
    titled = TITLED.match(content)
    text, term = (titled["text"], titled["target"]) if titled else (content, content)
    word = context.words.get(" ".join(term.lower().split()))
    if word is None:
        return " ".join(text.split())
    context.used[word.term] = word
    return hover(text, in_words(word.sentence, context.references))


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


def _cited(kind: str, content: str, context: Context) -> str:
    keys = [key.strip() for key in content.split(",")]
    known = [key for key in keys if key in context.references]
    context.cited.update(known)
    forms = {"t": "[{0} ({1})]({2})", "year": "[{1}]({2})", "author": "[{0}]({2})"}
    form = forms.get(kind, "[{0}, {1}]({2})")
    told = [
        form.format(context.references.authors(key), context.references.year(key), context.references.link(key))
        for key in known
    ]
    if kind in forms or kind in ("alp", "alps"):
        return ", ".join(told)
    return f"({'; '.join(told)})"


def _reference(content: str, context: Context) -> str:
    titled = TITLED.match(content)
    address, title = context.link(titled["target"] if titled else content)
    text = " ".join(titled["text"].split()) if titled else title
    return f"[{text}]({address})" if address else text


def _number(content: str, context: Context) -> str:
    name, _, form = content.partition(":")
    name = name.strip()
    if name not in context.numbers:
        context.missing.append(content)
        return f'<i title="{NOT_KNOWN}">{name}</i>'
    return glued_text(context.numbers[name], form)
