"""The ground-motion explorer: what magnitude, distance and VS30 do to a spectrum, by networks and classical models."""

import numpy as np
import pandas as pd
import traitlets

from explorers import classical_tables, ground_motion_records
from explorers.base import Explorer, Number, Switch
from explorers.payload import pack, unpack
from gmtools import columns, gmms, networks
from gmtools.data import catalog
from gmtools.errors import DataNotFound, DownloadFailed, SettingRefused, warn_outside

SHIPPED = {"nga_only": "ann_nga_west2", "transfer_frozen": "ann_iran_transfer"}
CLASSICAL = ("BSSA14", "ASK14", "CB14", "KaleEtAl2015Iran", "ZafaraniEtAl2018", "GhasemiEtAl2009")
LABELS = {
    "nga_only": "our network, NGA-West2",
    "transfer_frozen": "our transfer network, Iran",
    "published": "published networks, Iran (Sedaghati & Pezeshk 2026)",
}
LIMITS = {columns.MAGNITUDE: (3.0, 8.0), columns.RJB: (0.0, 300.0), columns.VS30: (150.0, 1500.0)}
ORDINATES = [columns.psa(period) for period in columns.PERIODS]
# How far beyond its range an output is still drawn, faint, where it is not known where its records lie: added to M, a
# factor of the others.
REACH = {columns.MAGNITUDE: 0.5, columns.RJB: 1.5, columns.VS30: 1.5}
EXTRA_COLORS = ("#D55E00", "#CC79A7", "#F0E442")  # of networks that the user brings


def payload(data="auto", own=None):
    """Networks (``own``: further ones by label), tables of the classical models and records, for the page. The
    published networks are there where the machine has them."""
    models, arrays = [], {}
    for key, network in _networks(own or {}).items():
        models.append(_describe_network(key, network))
        for layer, (kernel, bias) in enumerate(_stacked(key, network)):
            arrays |= {f"{key}.kernel_{layer}": _plain(kernel), f"{key}.bias_{layer}": _plain(bias)}
        if "support" in network.facts:
            arrays[f"{key}.support"] = networks.masks_of(network.facts["support"])
    for key, table in classical_tables.tables(CLASSICAL).items():
        models.append(_describe_classical(key))
        arrays |= {f"{key}.{part}": values for part, values in table.items()}
    facts, arrays["records"], arrays["records_table"] = ground_motion_records.thinned(data)
    codes = list(ground_motion_records.CODES.values())
    limits = {name: list(pair) for name, pair in LIMITS.items()}
    meta = {"periods": columns.PERIODS, "limits": limits, "reach": REACH, "models": models, "grid": networks.SUPPORT}
    meta |= {"records": facts, "record_codes": codes}
    return pack(meta, arrays)


class GroundMotion(Explorer):
    """Spectra and distance decay of networks and classical models for a magnitude, a distance and a site.

    ``data`` says which records to show as dots, ``networks`` brings your own ones by label (``DenseNetwork.of(model,
    ...)``), switched on, with lines that go on, faint, where your records have ended. Settings: ``magnitude``,
    ``rjb_km``, ``vs30_m_s``, ``period_s`` (of the decay; 0 is PGA), ``models`` (keys of ``explorer.known``),
    ``show_sigma``, ``show_records``. ``explorer.rjb_km = 10`` moves the slider, ``explorer.observe(function,
    "magnitude")`` calls back when it is moved, ``explorer.values()`` gives the numbers that the page prints.
    """

    explorer = "ground_motion"
    make_payload = staticmethod(payload)
    magnitude = Number(6.0, *LIMITS[columns.MAGNITUDE])
    rjb_km = Number(20.0, *LIMITS[columns.RJB], "km")
    vs30_m_s = Number(400.0, *LIMITS[columns.VS30], "m/s")
    period_s = Number(0.0, 0.0, columns.PERIODS[-1], "s")
    models = traitlets.List(traitlets.Unicode(), ["nga_only", "transfer_frozen", "BSSA14"]).tag(sync=True, state=True)
    show_sigma = Switch(True)
    show_records = Switch(True)

    def __init__(self, data="auto", networks=None, **settings):
        if networks:
            settings.setdefault("models", [*networks, "nga_only", "BSSA14"])
            settings["payload"] = payload(data, networks)
        super().__init__(data, **settings)

    @property
    def known(self):
        """Key -> label of the models that can be switched on."""
        return {model["key"]: model["label"] for model in self._read[0]["models"]}

    @property
    def _read(self):
        # The payload may be set before the other traits or after; it is read once.
        if getattr(self, "_unpacked", (None,))[0] is not self.payload:
            self._unpacked = (self.payload, *unpack(self.payload))
        return self._unpacked[1:]

    @traitlets.validate("period_s")
    def _ordinate(self, proposal):
        if proposal.value not in columns.PERIODS:
            listed = ", ".join(f"{period:g}" for period in columns.PERIODS)
            raise SettingRefused(f"GroundMotion.period_s cannot be {proposal.value:g} s; choose among {listed}.")
        return proposal.value

    @traitlets.validate("models")
    def _models(self, proposal):
        unknown = [key for key in proposal.value if self.payload and key not in self.known]
        if unknown:
            known = ", ".join(self.known)
            raise SettingRefused(f"GroundMotion.models cannot name {', '.join(unknown)}; this machine has {known}.")
        return proposal.value

    def values(self):
        """What the page prints for the current settings, a row for each model that is switched on and each ordinate
        that is drawn: ``model``, ``period_s``, ``median_g``, ``sigma_ln`` (NaN where none is known), ``low_g`` and
        ``high_g`` (median times exp of ∓ sigma). Warns (OutOfRange) of settings that leave the range of a model."""
        rows = []
        for key in self.models:
            mean, sigma = self.predict(key, self.magnitude, self.rjb_km, self.vs30_m_s)
            median = np.exp(mean[0])
            row = {"model": key, "period_s": columns.PERIODS, "median_g": median, "sigma_ln": sigma[0]}
            rows.append(pd.DataFrame(row | {"low_g": median / np.exp(sigma[0]), "high_g": median * np.exp(sigma[0])}))
        empty = pd.DataFrame(columns=["model", "period_s", "median_g", "sigma_ln", "low_g", "high_g"])
        return pd.concat(rows, ignore_index=True).dropna(subset="median_g") if rows else empty

    def predict(self, model, magnitude, rjb_km, vs30_m_s):
        """Evaluate a model, a key of :attr:`known`, as the page does: a network by its weights, a classical model by
        its table. The numbers broadcast to n scenarios; returned are mean and sigma of ln PSA (g), (n, 13), NaN where
        there is no such ordinate, its line has ended or no sigma is known. SettingRefused for another model; may
        warn."""
        meta, arrays = self._read
        if model not in self.known:
            raise SettingRefused(f"No model {model!r} here; there are {', '.join(self.known)}.")
        facts = next(entry for entry in meta["models"] if entry["key"] == model)
        inputs = [np.ravel(part) for part in np.broadcast_arrays(magnitude, rjb_km, vs30_m_s)]
        if facts["kind"] == "classical":
            for name, values in zip(LIMITS, inputs, strict=True):
                warn_outside(facts["label"], name, values, *facts["ranges"][name][0], facts["source"])
            table = {part: arrays[f"{model}.{part}"] for part in classical_tables.PARTS}
            return classical_tables.evaluate(table, *inputs)
        scenarios = pd.DataFrame(dict(zip(LIMITS, inputs, strict=True)))
        network = _network_from(facts, arrays)
        drawn = _drawn(network, facts["ranges"], scenarios) if facts["ends"] else True
        mean = np.where(drawn, network.predict(scenarios).to_numpy(), np.nan)
        return mean, np.tile(np.array(facts["sigma"], float), (len(mean), 1))


def _drawn(network, ranges, scenarios):
    """Whether the line of each ordinate is drawn at each scenario, (n, 13) bool: records lie within twice the distance
    that makes it known, or, of a network that does not say where its records are, the range of each setting is near."""
    if "support" in network.facts:
        return networks.supported(network.facts["support"], scenarios, len(ORDINATES))[1]
    drawn = np.ones((len(scenarios), len(ORDINATES)), bool)
    for name, pairs in ranges.items():
        low, high = np.array([[np.nan if side is None else side for side in pair] for pair in pairs]).T
        reach, values = REACH[name], scenarios[name].to_numpy(float)[:, np.newaxis]
        if name == columns.MAGNITUDE:
            drawn &= ~((values < low - reach) | (values > high + reach))
        else:
            drawn &= ~((values < low / reach) | (values > high * reach)) | ((name == columns.RJB) & (values < low))
    return drawn


def _networks(own):
    there = networks.names()  # one that its lesson has not made yet is left out
    found = {key: networks.read(name) for key, name in SHIPPED.items() if name in there}
    try:
        from gmtools.data.readers import keras_archive

        found["published"] = keras_archive.read(catalog.find("sedaghati_pezeshk_2026_models"))
    except (DataNotFound, DownloadFailed):
        pass  # they state no license, so they do not ship
    return found | own


def _stacked(key, network):
    """Layers as (kernel, bias), the first axis for the networks side by side; ReLU between them, as the page has it."""
    layers = []
    for parts in zip(*network.branches, strict=True):
        kernels, biases, activations = zip(*parts, strict=True)
        shapes = {kernel.shape for kernel in kernels}
        wanted = "linear" if len(layers) == len(network.branches[0]) - 1 else "relu"
        if len(shapes) > 1 or set(activations) != {wanted}:
            raise SettingRefused(
                f"The network {key!r} has a layer of shapes {sorted(shapes)} with {', '.join(sorted(set(activations)))}"
                "; the explorer shows networks of one shape with ReLU and a linear last layer."
            )
        layers.append((np.stack(kernels), np.stack(biases)))
    return layers


def _plain(array):
    """Half precision travels as its bits, anything else in single precision."""
    return np.asarray(array).view("uint16") if array.dtype == np.float16 else np.asarray(array, "float32")


def _network_from(facts, arrays):
    def array(name):
        """An array of this network; half precision travels as uint16."""
        values = arrays[f"{facts['key']}.{name}"]
        return values.view("float16") if values.dtype == np.uint16 else values

    layers = [(array(f"kernel_{layer}"), array(f"bias_{layer}")) for layer in range(facts["layers"])]
    activations = ["relu"] * (len(layers) - 1) + ["linear"]
    branches = [
        [(kernel[k], bias[k], activation) for (kernel, bias), activation in zip(layers, activations, strict=True)]
        for k in range(len(layers[0][0]))
    ]
    ranges = {o: {name: pairs[k] for name, pairs in facts["ranges"].items()} for k, o in enumerate(ORDINATES)}
    outputs = [{"name": name, "unit": "ln g"} for name in ORDINATES]
    masks = arrays.get(f"{facts['key']}.support")
    more = {} if masks is None else {"support": {"columns": list(LIMITS), "masks": masks}}
    return networks.DenseNetwork(facts["label"], facts["inputs"], outputs, ranges, branches, facts=more)


def _describe_network(key, network):
    names = [output["name"] for output in network.outputs]
    read = [(entry["name"], entry.get("transform", "")) for entry in network.inputs]
    if names != ORDINATES or read != list(zip(LIMITS, ("", "log1p", "log1p"), strict=True)):
        raise SettingRefused(
            f"The network {key!r} reads {read} and answers {', '.join(names)}; the explorer shows networks that read "
            f"M, ln(1 + RJB) and ln(1 + VS30) and answer {', '.join(ORDINATES)}."
        )
    return {
        "key": key,
        "label": LABELS.get(key, key),
        "kind": "network",
        "look": _look(key),
        "ends": key in LABELS,
        "layers": len(network.branches[0]),
        "inputs": network.inputs,
        "input_mean": [entry["mean"] for entry in network.inputs],
        "input_sd": [entry["sd"] for entry in network.inputs],
        "ranges": {n: [list(network.ranges.get(o, {}).get(n, (None, None))) for o in ORDINATES] for n in LIMITS},
        "sigma": [output.get("sigma_ln") for output in network.outputs],
        "faults": list(network.faults),
        "scores": _score_lines(network.facts.get("scores", [])),
    }


def _score_lines(scores):
    """One sentence for each score, with all its baselines."""
    return [
        f"{score['score']}, {score['records']:,} records of {score['events']} earthquakes ({score['on']}): "
        f"{score['value']:.2f} {score['unit']}. For comparison: "
        + ", ".join(f"{name} {value:.2f}" for name, value in score["baselines"].items())
        for score in scores
    ]


def _describe_classical(key):
    model = gmms.MODELS[key]
    ranges = zip(LIMITS, (model.magnitude, model.distance_km, model.vs30_m_s), strict=True)
    return {
        "key": key,
        "label": model.label,
        "kind": "classical",
        "look": _look(key),
        "ranges": {name: [list(pair)] * len(ORDINATES) for name, pair in ranges},
        "faults": [],
        "source": model.source,
        "scores": [],
    }


def _look(key):
    """Color and dashes (CSS pixels) as in the book's figures."""
    from gmtools.figures._style import STYLES

    if key not in STYLES:
        number = sum(map(ord, key)) % len(EXTRA_COLORS)
        return {"color": EXTRA_COLORS[number], "dash": [10, 3, 3, 3]}
    style = STYLES[key]
    dash = [] if style.linestyle == "-" else [2 * length for length in style.linestyle[1]]
    return {"color": style.color, "dash": dash}
