"""The commands ``gmtools data list | status | fetch | import``."""

from gmtools.data import catalog


def add_data_commands(subparsers):
    """Add ``data`` and its commands to argparse's subparsers; each sets ``run``, a function of the arguments that
    returns the exit status."""
    data = subparsers.add_parser("data", help="where the data are, and whether they are the right ones")
    commands = data.add_subparsers(dest="data_command", required=True)
    _add(commands, "list", _list, "all data sets: id, access, kind, licence, what")
    _add(
        commands, "status", _status, "what is here, from where, and whether it is right; status 1 if not"
    ).add_argument("data_id", nargs="?", metavar="ID", help="only this data set, with its citation, faults and steps")
    _add(commands, "fetch", _fetch, "find or download the files of a data set").add_argument("data_id", metavar="ID")
    bring = _add(commands, "import", _import, "copy a file or folder that you downloaded by hand into the cache")
    bring.add_argument("data_id", metavar="ID")
    bring.add_argument("path", metavar="FILE or FOLDER")


def _add(commands, name, run, text):
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def _list(arguments):
    rows = [
        (entry.id, entry.access, entry.kind, _short(entry.licence, 24), entry.title)
        for entry in catalog.manifests().values()
    ]
    _print_table(("id", "access", "kind", "licence", "what"), rows)
    return 0


def _status(arguments):
    if arguments.data_id:
        _print_details(catalog.manifest(arguments.data_id))
        return 0
    rows = [(data_id, *_state(entry)) for data_id, entry in catalog.manifests().items()]
    _print_table(("id", "state", "files", "size", "from"), rows)
    return int(any(state == "WRONG" for _, state, *_ in rows))


def _fetch(arguments):
    for name, path in catalog.find(arguments.data_id, progress=True).items():
        print(f"{name}  {path}")
    return 0


def _import(arguments):
    """Read a file, import it, and print where it went, what it holds and which lessons use it."""
    from bookkit import lessons
    from gmtools import studies
    from gmtools.data import datasets

    data_id, held = arguments.data_id, []
    tables = {name: studies.table(name) for name in studies.TABLES}
    tables = {name: table for name, table in tables.items() if data_id in table.candidates}
    print(catalog.import_file(data_id, arguments.path, lambda path: held.append(datasets.check(data_id, path, tables))))
    used = [lesson.name for lesson in lessons.discover() if data_id in lessons.used(lessons.read(lesson.path)).data]
    last_step = " ".join(catalog.manifest(data_id).steps[-1:])
    taken = f"lessons that use it from now on: {', '.join(used)}"
    print("; ".join([*held, taken if used else f"no lesson takes it by itself. {last_step}".strip()]))
    return 0


def _state(entry):
    """Sum up a data set: state, number of files, size and where the files come from."""
    found = catalog.copies(entry.id)
    right = {name: next((copy for copy in copies if copy.right), None) for name, copies in found.items()}
    here = [copy for copy in right.values() if copy]
    wrong = any(copies and not right[name] for name, copies in found.items())
    state = "WRONG" if wrong else "ok" if len(here) == len(found) else "partly" if here else "missing"
    size = sum(copy.path.stat().st_size for copy in here)
    return state, f"{len(here)}/{len(found)}", _size(size), ", ".join(sorted({copy.place for copy in here}))


def _print_details(entry):
    print(f"{entry.id}: {entry.title}\n\ncitation    {entry.citation}")
    print(f"doi         {entry.doi or 'none known'}\nlicence     {entry.licence}")
    print(f"access      {entry.access}\nkind        {entry.kind}\nprovenance  {entry.provenance}")
    for fault in entry.faults:
        print(f"fault       {fault}")
    for number, step in enumerate(entry.steps, start=1):
        print(f"step {number}      {step}")
    print()
    found = catalog.copies(entry.id)
    rows = [(_verdict(copy), name, str(copy.path)) for name, copies in found.items() for copy in copies]
    rows += [("missing", name, "") for name, copies in found.items() if not copies]
    _print_table(("state", "file", "path"), rows)


def _verdict(copy):
    """One word for a copy's bytes; a user's own file in a named folder has no hash to be held against."""
    if not copy.right:
        return "WRONG"
    return "ok" if copy.expected else "no hash"


def _size(count):
    return "" if not count else f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def _short(text, width):
    return text if len(text) <= width else text[: width - 1] + "…"


def _print_table(head, rows):
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        print("  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip())
