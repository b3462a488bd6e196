"""Commands of the command line: ``gmtools explorers`` and ``gmtools networks``."""

import argparse


def add_commands(commands) -> None:
    """Add both commands to the subparsers of the program."""
    explorers = commands.add_parser("explorers", help="make a page for each explorer, to be opened as a file")
    explorers.add_argument("names", nargs="*", metavar="NAME", help="such as ground_motion; all when none is named")
    explorers.add_argument("--data", choices=("auto", "real", "simulated"), default="auto", help="records to show")
    explorers.set_defaults(run=_explorers)
    networks = commands.add_parser("networks", help="train the networks that come with the package again")
    networks.add_argument("names", nargs="*", metavar="NAME", help="all when none is named; a wrong name lists them")
    networks.set_defaults(run=_networks)


def _explorers(wanted: argparse.Namespace) -> None:
    from explorers import bundle

    for page in bundle.standalone(wanted.names, wanted.data):
        print(page)


def _networks(wanted: argparse.Namespace) -> None:
    from explorers import networks

    for line in networks.make(wanted.names).values():
        print(line)
