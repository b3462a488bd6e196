"""Named networks in OpenQuake: as a class for any of them, and as a file of class and weights for one."""

import inspect
import pprint
import re
from pathlib import Path

from gmtools.errors import FormatError, UnknownModel
from gmtools.networks import FOLDER, _gsim, card, kept, read

SHARES = "share_between_events"
"""Table of lesson 16: which share of a network's variance lies between earthquakes."""
FILE = '''\
"""{name}, a neural network, as a ground-motion model of OpenQuake: NumPy and OpenQuake are all that it needs.

import {name}  # registers the class; copied into hazardlib/gsim, the file is found by the engine itself
model = openquake.hazardlib.valid.gsim("{kind}")  # in a logic tree: <uncertaintyModel>{kind}</uncertaintyModel>

Made by lesson {lesson} in profile {profile} on {data}; commit {commit}.{faults}
"""
{code}

NET = {net}


class {kind}(NetworkModel):
    """The network {name}."""

    def __init__(self):
        super().__init__(NET)
'''


class NamedNetwork(_gsim.NetworkModel):
    """A named network: ``NamedNetwork(name="ann_nga_west2")``, in a logic tree ``[NamedNetwork]`` and ``name = ...``.

    Errors are those of :func:`described`.
    """

    def __init__(self, name):
        super().__init__(described(name))


def described(name, folder=FOLDER):
    """All that a ground-motion model needs of a network, as plain lists and numbers; errors of
    :func:`gmtools.networks.read`, and FormatError for an input that OpenQuake does not have, or another output than PGA
    or PSA with its ``sigma_ln``."""
    net = read(name, folder)
    foreign = [entry["name"] for entry in net.inputs if entry["name"] not in _gsim.PARAMETERS]
    foreign += [
        e["name"] for e in net.outputs if "sigma_ln" not in e or not re.match(r"pga_g$|psa_[\d.]+s_g$", e["name"])
    ]
    if foreign:
        needs = f"inputs among {', '.join(_gsim.PARAMETERS)}, and PGA or PSA in g with a sigma_ln"
        raise FormatError(f"{name} is no ground-motion model: it has {', '.join(foreign)}. It needs {needs}.")
    try:
        shares = kept(SHARES, folder).set_index(["network", "ordinate"])["share"]
    except UnknownModel:
        shares = {}
    outputs = []
    for entry in net.outputs:
        sigma, share = entry["sigma_ln"], shares.get((name, entry["name"]))
        split = {} if share is None else {"tau": sigma * share**0.5, "phi": sigma * (1 - share) ** 0.5}
        period = 0.0 if entry["name"] == "pga_g" else float(entry["name"][4:-3])
        outputs.append({"name": entry["name"], "period": period, "sigma": sigma, **split})
    return {
        "name": name,
        "inputs": [{key: entry[key] for key in ("name", "transform", "mean", "sd")} for entry in net.inputs],
        "outputs": outputs,
        "ranges": net.ranges,
        "dtype": net.facts["weights"]["dtype"],
        "branches": [[(_decimals(k), _decimals(b), activation) for k, b, activation in n] for n in net.branches],
    }


def _decimals(array):
    """Nested lists of the shortest decimals that, rounded to the array's own precision, are its numbers."""
    return [_decimals(row) for row in array] if array.ndim else float(str(array))


def export(name, folder, networks=FOLDER):
    """Write a network as one Python file, class and weights, that OpenQuake uses without gmtools; return its path."""
    net, facts = described(name, networks), card(name, networks)
    told = {key: facts[key] for key in ("lesson", "profile", "commit")} | {"data": ", ".join(facts["data"])}
    faults = "".join(f"\nKnown fault: {fault}" for fault in facts["faults"])
    kind = "".join(word.capitalize() for word in name.split("_"))
    code = inspect.getsource(_gsim).split('"""', 2)[2].rstrip()
    shown = pprint.pformat(net, width=120, compact=True, sort_dicts=False)
    path = Path(folder) / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FILE.format(name=name, kind=kind, code=code, net=shown, faults=faults, **told), encoding="utf-8")
    return path
