"""Thin helpers behind an executable book on machine learning for earthquake ground motion.

Importing :mod:`gmtools` imports no tensor library; see ``CONTRIBUTING.md`` for the map of modules.
"""

__version__ = "0.1.0"
