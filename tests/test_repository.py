"""The repository as others meet it: workflows, issue forms, citation, and the set-ups of launch services."""

import json
import re
import shlex
import tomllib

import pytest
import yaml

from bookkit import cli
from gmtools.cache import PROJECT

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((PROJECT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def commands(path):
    """Lines of shell of a workflow or a devcontainer."""
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))["postCreateCommand"].split(" && ")
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    return [line for job in jobs for step in job["steps"] for line in step.get("run", "").splitlines()]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_finds_no_fault(path, actionlint):
    assert actionlint(path) == []


def test_actionlint_would_find_one(tmp_path, actionlint):
    broken = tmp_path / "broken.yml"
    broken.write_text("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - rum: x\n")
    assert any("rum" in fault for fault in actionlint(broken))


@pytest.mark.parametrize(
    "path", [*WORKFLOWS, PROJECT / ".devcontainer" / "devcontainer.json"], ids=lambda path: path.name
)
def test_they_call_what_there_is(path):
    """Targets of the Makefile, and commands that the command line takes as they stand."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = {*re.findall(r"^(\w+):", makefile, re.MULTILINE), ".venv/ready"}
    called = 0
    for line in commands(path):
        words = shlex.split(line.split("#")[0]) if re.match(r"make |(\.venv/bin/)?gmtools ", line) else [""]
        if words[0] == "make":
            assert words[1] in targets, line
        elif words[0].endswith("gmtools"):
            cli.parser().parse_args([re.sub(r"^\$BOOK_DATA$", "simulated", word) for word in words[1:]])
        called += bool(words[0])
    assert called


def test_the_workflows_run_readmes_commands():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    lines = "\n".join(line for path in WORKFLOWS for line in commands(path))
    for command in ("make book", "make test", "make pdf", "pip install --require-hashes -r requirements.lock"):
        assert command in readme and command in lines
    assert re.search(r"matrix:\n\s+os: \[windows-latest, macos-latest\]", WORKFLOWS[-1].read_text(encoding="utf-8"))


def test_the_lines_that_the_pages_workflow_fills_in_are_there():
    pages = (PROJECT / ".github" / "workflows" / "pages.yml").read_text(encoding="utf-8")
    config = (PROJECT / "_config.yml").read_text(encoding="utf-8")
    wanted = re.findall(r's\|\^(  \w+: )\\"\\"', pages)
    assert wanted == ["  url: ", "  baseurl: "]
    assert all(len(re.findall(rf'^{line}"', config, re.MULTILINE)) == 1 for line in wanted)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_an_issue_form_asks_for_what_is_needed(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"] and form["description"]
    fields = {field["id"]: field for field in form["body"]}
    assert len(fields) == len(form["body"]) and all(field["attributes"]["label"] for field in fields.values())
    required = {name for name, field in fields.items() if field.get("validations", {}).get("required")}
    assert required >= ({"row", "profile", "data", "found"} if "result" in path.name else {"source", "head", "call"})


def test_zenodo_citation_and_changelog_say_the_same():
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    zenodo = json.loads((PROJECT / ".zenodo.json").read_text(encoding="utf-8"))
    assert citation["version"] == VERSION
    assert zenodo["title"] == citation["title"] and zenodo["license"] == citation["license"]
    assert zenodo["keywords"] == citation["keywords"]
    assert [one["name"] for one in zenodo["creators"]] == [one["name"] for one in citation["authors"]]
    first = re.search(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert first[1] == VERSION
