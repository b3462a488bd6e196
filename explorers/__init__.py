"""Interactive front ends of trained networks: the same JavaScript in a notebook and on the page of the book.

In a lesson ``GroundMotion(magnitude=7, rjb_km=5)`` as the last line of a cell shows an explorer with these start
values, in JupyterLab and on the page; on a page of Markdown ``<div class="gmtools-explorer"
data-explorer="ground_motion" data-state='{"magnitude": 7}'></div>`` does. The classes are imported when they are first
asked for, so that nothing else needs a widget library.
"""

from importlib import import_module

EXPLORERS = {
    "ground_motion": "GroundMotion",
    "event_map": "EventMap",
    "horizontal_to_vertical": "HorizontalToVertical",
    "site_record": "SiteRecord",
}
__all__ = ["EXPLORERS", "EventMap", "GroundMotion", "HorizontalToVertical", "SiteRecord"]


def __getattr__(name):
    for module, class_name in EXPLORERS.items():
        if name == class_name:
            return getattr(import_module(f"{__name__}.{module}"), class_name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
