"""A command of the command line: ``gmtools explorers``."""

import argparse


def add_commands(commands) -> None:
    """Add the command to the subparsers of the program."""
    explorers = commands.add_parser("explorers", help="make a page for each explorer, to be opened as a file")
    explorers.add_argument("names", nargs="*", metavar="NAME", help="such as ground_motion; all when none is named")
    explorers.add_argument("--data", choices=("auto", "real", "simulated"), default="auto", help="records to show")
    explorers.set_defaults(run=_explorers)


def _explorers(wanted: argparse.Namespace) -> None:
    from explorers import bundle

    for page in bundle.standalone(wanted.names, wanted.data):
        print(page)
