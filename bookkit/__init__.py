"""Runs the lessons, makes the book from them, and holds the command line. No lesson imports it."""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # a grammar of addresses that takes jsonschema a second; none asks it
