"""A classifier of H/V peaks without learning: physical quantities, thresholds, and the first rule that applies.

It is the baseline that networks have to beat, and it says why it decides as it does. The thresholds follow from the
smoothing and from what a layer, a machine or a sensor can do; they were settled among values that are equally sound by
a look at the simulated Italian training peaks, never at the Californian ones.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gmtools.errors import ColumnMissing, GridError

CLASSES = ("other", "artefactual", "stratigraphic")
"""In the order of the networks' outputs, as in the thesis."""

SHOULDER = 0.35  # octaves from f0: outside a smoothed spectral line, well inside [f0/2, 2 f0]


@dataclass(frozen=True)
class Rule:
    """A quantity (column of :func:`quantities`) "below" or "above" its threshold
    means a class, for a physical reason."""

    quantity: str
    side: str
    threshold: float
    verdict: str
    reason: str

    def applies(self, values):
        """Whether each value is beyond the threshold; NaN never is."""
        return values < self.threshold if self.side == "below" else values > self.threshold


RULES = (
    Rule("relative_width", "below", 0.25, "artefactual",
         "Smoothing over 10 % of f0 makes a line 0.1 f0 wide, a layer's peak that closes near 2 f0 has about 0.6 f0; "
         "the geometric mean lies between."),
    Rule("vertical_bump_ln", "above", float(np.log(1.25)), "artefactual",
         "A machine shakes the vertical too; at a layer's peak the vertical has a trough or nothing."),
    Rule("horizontal_imbalance_ln", "above", float(np.log(1.2)), "other",
         "Above flat layers both horizontals are statistically equal; 20 minutes leave a standard deviation of 10 %."),
)  # fmt: skip
"""In the order in which they are asked; a peak that none applies to is stratigraphic."""


def quantities(features):
    """What the rules look at in the spectra around a peak, (n, 3 m): m samples of ns, of ew and of vt from f0/2 to 2
    f0.

    ``relative_width``: width of the H/V peak at half its height (in logarithm) above the higher of its two feet, over
    f0. ``vertical_bump_ln``, ``horizontal_bump_ln``: ln of the component (the geometric mean of both horizontals) at f0
    minus its mean at both shoulders, 0.35 octaves away. ``horizontal_imbalance_ln``: how much one horizontal exceeds
    the other over at least four fifths of the window, 0 where the sign changes. Source: Di Donato & Castellaro (2024),
    table 1 of the thesis. GridError for features of another shape.
    """
    features = np.asarray(features, float)
    if features.ndim != 2 or features.shape[1] % 3:
        raise GridError(f"Features have the shape {features.shape}, not (n, 3 m): m samples of ns, ew and vt.")
    ns, ew, vertical = np.log(features).reshape(len(features), 3, -1).transpose(1, 0, 2)
    octaves, horizontal = np.linspace(-1, 1, ns.shape[1]), (ns + ew) / 2
    excess = np.percentile(np.stack([ns - ew, ew - ns]), 20, axis=2).max(axis=0)
    return pd.DataFrame(
        {
            "relative_width": [_width(octaves, row) for row in horizontal - vertical],
            "vertical_bump_ln": _bump(octaves, vertical),
            "horizontal_bump_ln": _bump(octaves, horizontal),
            "horizontal_imbalance_ln": np.maximum(excess, 0),
        }
    )


def _bump(octaves, logarithm):
    center, left, right = (
        np.array([np.interp(where, octaves, row) for row in logarithm]) for where in (0, -SHOULDER, SHOULDER)
    )
    return center - (left + right) / 2


def _width(octaves, logarithm):
    """Distance of the two crossings of half the height, over f0; the window's ends stand in for missing crossings."""
    middle = np.flatnonzero(np.abs(octaves) <= 0.1)
    top = middle[np.argmax(logarithm[middle])]
    foot = max(logarithm[: top + 1].min(), logarithm[top:].min())
    above = logarithm - (logarithm[top] + foot) / 2
    right = _crossing(octaves[top:], above[top:])
    left = _crossing(octaves[top::-1], above[top::-1])
    return 2.0**right - 2.0**left


def _crossing(octaves, above):
    under = np.flatnonzero(above <= 0)
    if not under.size or under[0] == 0:
        return octaves[-1] if not under.size else octaves[0]
    i = under[0]
    return octaves[i - 1] + (octaves[i] - octaves[i - 1]) * above[i - 1] / (above[i - 1] - above[i])


def classify(table, rules=RULES):
    """Give each peak the class of the first rule that applies; rules without a column in the table are left out.

    Returns ``label`` (position in :data:`CLASSES`), ``verdict``, ``decided_by`` (the quantity; "no rule applies" for
    the rest) and its ``value``. ColumnMissing where no rule has a column.
    """
    usable = [rule for rule in rules if rule.quantity in table]
    if not usable:
        raise ColumnMissing(f"None of {[rule.quantity for rule in rules]} is among the columns {list(table)}.")
    verdict = pd.DataFrame({"verdict": "stratigraphic", "decided_by": "no rule applies", "value": np.nan}, table.index)
    for rule in reversed(usable):
        hit = rule.applies(table[rule.quantity])
        verdict.loc[hit, ["verdict", "decided_by"]] = rule.verdict, rule.quantity
        verdict.loc[hit, "value"] = table.loc[hit, rule.quantity]
    return verdict.assign(label=verdict["verdict"].map(CLASSES.index))


def labels(features):
    """Positions in :data:`CLASSES` that the rules give, (n,), for spectra (n, 3 m) as in :func:`quantities`."""
    return classify(quantities(features))["label"].to_numpy()
