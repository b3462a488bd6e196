"""Runs the lessons, makes the book from them, and holds the command line. No lesson imports it."""
