"""Runs the lessons, makes the book from them, and holds the command line. No lesson imports it."""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # jsonschema compiles its grammar for over a second; nothing here asks it
