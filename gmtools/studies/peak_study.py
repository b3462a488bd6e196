"""What the lessons on H/V peaks share: settings of each profile, the drawn peaks with their split, the networks.

Lesson 42 trains the perceptron and lesson 43 SqueezeNet; lesson 44 asks here for the very same networks. All peaks are
simulated (:mod:`gmtools.simulate.microtremor`). Californian peaks are for the last test; nothing here looks at one.
"""

import io
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from gmtools import cache, hvsr
from gmtools.data import catalog
from gmtools.errors import DataNotFound, DownloadFailed, GmtoolsError
from gmtools.models import levenberg_marquardt
from gmtools.simulate import microtremor
from gmtools.site import layered
from gmtools.studies.peak_rules import CLASSES

# Every number that a profile changes. The thesis has 261 and 220 peaks, pictures of 227 pixels and 8 epochs.
SETTINGS = {
    "smoke": {
        "italian_peaks": {"stratigraphic": 10, "artefactual": 10, "other": 10},
        "californian_peaks": {"stratigraphic": 14, "artefactual": 3, "other": 3},
        "starts": 2, "steps": 30, "adam_updates": 50,
        "picture_side": 33, "epochs": {"frozen": 2, "all_layers": 1, "all_layers_adam": 1, "from_scratch": 1},
    },
    "fast": {
        "italian_peaks": dict(microtremor.ITALY.counts), "californian_peaks": dict(microtremor.CALIFORNIA.counts),
        "starts": 10, "steps": 200, "adam_updates": 500,
        "picture_side": 113, "epochs": {"frozen": 40, "all_layers": 8, "all_layers_adam": 8, "from_scratch": 10},
    },
    "full": {
        "italian_peaks": dict(microtremor.ITALY.counts), "californian_peaks": dict(microtremor.CALIFORNIA.counts),
        "starts": 50, "steps": 1000, "adam_updates": 2000,
        "picture_side": 227, "epochs": {"frozen": 40, "all_layers": 8, "all_layers_adam": 8, "from_scratch": 40},
    },
}  # fmt: skip
TRAINING_SHARE = 0.7
GOAL = 0.0032
"""Mean square error at which Levenberg-Marquardt stops: the thesis' best."""
VARIANTS = {
    "frozen": "last layer alone",
    "all_layers": "all layers, the thesis' recipe",
    "all_layers_adam": "all layers, Adam",
    "from_scratch": "all layers, random weights",
}
"""Ways of training SqueezeNet; all but the last begin with the weights from ImageNet."""
WHITE = (255, 255, 255)


@dataclass(frozen=True, eq=False)
class Peaks:
    """Drawn peaks as the two networks see them.

    Attributes
    ----------
    table : DataFrame
        One row for each peak; see :class:`gmtools.simulate.microtremor.LabelledPeaks`.
    spectra : ndarray, (n, 90)
        From :func:`gmtools.hvsr.features`: what :func:`gmtools.studies.peak_rules.quantities` takes.
    lines : ndarray, (n, 3, 227)
        What :func:`pictures` draws.
    training : ndarray of bool, (n,)
        Whether a peak is for training; a recording is on one side only. All False for California.
    counted : dict
        How many recordings and peaks the drawing left out.
    seed : int
        With which they were drawn.
    """

    table: pd.DataFrame
    spectra: np.ndarray
    lines: np.ndarray
    training: np.ndarray
    counted: dict
    seed: int

    @property
    def features(self):
        """Natural logarithm of the spectra, (n, 90): ratios become differences, and no peak dwarfs the others."""
        return np.log(self.spectra)

    @property
    def label(self):
        """Position of each label in :data:`gmtools.studies.peak_rules.CLASSES`, (n,)."""
        return self.table["label"].map(CLASSES.index).to_numpy()


def italy(profile="fast", seed=0, progress=True):
    """Peaks of Italy, split into training and validation by recording; 183 and 78 but in the profile "smoke".

    Parameters
    ----------
    profile : {"smoke", "fast", "full"}
    seed : int
    progress : bool

    Returns
    -------
    Peaks
    """
    peaks = _drawn(microtremor.ITALY, SETTINGS[profile]["italian_peaks"], seed, progress)
    return replace(peaks, training=split(peaks.table["recording"], round(TRAINING_SHARE * len(peaks.table)), seed))


def california(profile="fast", seed=0, progress=True):
    """Peaks of California: other instruments, noise, ground and mixture of classes. Parameters as for :func:`italy`."""
    return _drawn(microtremor.CALIFORNIA, SETTINGS[profile]["californian_peaks"], seed, progress)


def simulation_code():
    """Modules that decide what a simulated peak looks like, for the key of :func:`gmtools.cache.once`.

    Returns
    -------
    list of Path
    """
    simulation = Path(microtremor.__file__).parent
    code = [Path(layered.__file__), *simulation.glob("microtremor*.py"), *Path(hvsr.__file__).parent.glob("*.py")]
    return sorted(code)


def _drawn(country, counts, seed, progress):
    def make():
        drawn = microtremor.labelled_peaks(country, counts, seed, progress=progress)
        text = [drawn.table.to_json(orient="split", double_precision=15), json.dumps(drawn.counted)]
        return [drawn.features, drawn.lines, *map(np.array, text)]

    inputs = [json.loads(json.dumps(asdict(country))), counts, seed, *simulation_code()]
    spectra, lines, table, counted = cache.once(f"peaks_{country.name.lower()}", inputs, make)
    table = pd.read_json(io.StringIO(str(table)), orient="split")
    return Peaks(table, spectra, lines, np.zeros(len(table), bool), json.loads(str(counted)), seed)


def split(recording, n_training, seed=0):
    """Choose recordings at random until they hold the wanted number of peaks.

    Parameters
    ----------
    recording : (n,) array or Series
        Recording of each peak.
    n_training : int
        Peaks for training.
    seed : int

    Returns
    -------
    ndarray of bool, (n,)
        True for training.

    Raises
    ------
    GmtoolsError
        No number of whole recordings came out at the wanted number of peaks.
    """
    counts = pd.Series(recording).value_counts().sort_index()
    chosen, left = [], n_training
    for number in np.random.default_rng(seed).permutation(counts.index):
        if counts[number] <= left:
            chosen.append(number)
            left -= counts[number]
    if left:
        raise GmtoolsError(f"Whole recordings leave {left} of {n_training} training peaks over. Take another seed.")
    return np.isin(recording, chosen)


def pictures(peaks, side=hvsr.PICTURE_SIZE):
    """Colored lines on white, (n, side, side, 3), uint8; drawn with 227 pixels and shrunk where ``side`` is smaller."""
    drawn = np.stack([hvsr.draw(line) for line in peaks.lines])
    if side == hvsr.PICTURE_SIZE:
        return drawn
    from gmtools.models import squeezenet  # here, so that the module imports no tensor library

    return squeezenet.resized(drawn, side)


def ann(peaks, profile="fast"):
    """Perceptron of lesson 42: Levenberg-Marquardt from the first random start to the thesis' error, no early stopping.

    Parameters
    ----------
    peaks : Peaks
        From :func:`italy`; only its training part is used.
    profile : {"smoke", "fast", "full"}

    Returns
    -------
    network : gmtools.models.peak_mlp.PeakNetwork
        For ``peaks.features`` of any country.
    history : DataFrame
        See :func:`gmtools.models.peak_mlp.fit_levenberg_marquardt`.
    """
    from gmtools.models import peak_mlp

    features, label = peaks.features[peaks.training], peaks.label[peaks.training]
    start = peak_mlp.initial(features, seed=peaks.seed)
    settings = {"goal": GOAL, "epochs": SETTINGS[profile]["steps"]}

    def make():
        network, history = peak_mlp.fit_levenberg_marquardt(start, features, label, **settings)
        return [network.weights, np.array(history.to_json(orient="split", double_precision=15))]

    code = [Path(module.__file__) for module in (peak_mlp, levenberg_marquardt)]
    weights, history = cache.once("peak_ann", [features, label, start.weights, settings, *code], make)
    return start.with_weights(weights), pd.read_json(io.StringIO(str(history)), orient="split")


def imagenet(data="auto"):
    """SqueezeNet's pretrained convolutions, or None where this run goes without files.

    Parameters
    ----------
    data : {"auto", "real", "simulated"}
        "simulated" looks for none.

    Raises
    ------
    DataNotFound, DownloadFailed
        ``data`` is "real" and there are none.
    """
    from gmtools.data.readers import ncnn_squeezenet

    try:
        return None if data == "simulated" else ncnn_squeezenet.read(catalog.find("squeezenet_1_1"))
    except (DataNotFound, DownloadFailed):
        if data == "real":
            raise
        return None


def recipe(variant, profile="fast"):
    """How a variant of SqueezeNet is trained: :class:`gmtools.models.squeezenet.Recipe`.

    The thesis' settings where it gives them; Adam where they leave the network behind (chosen on Italian validation).
    """
    from gmtools.models import squeezenet

    base = {
        "frozen": squeezenet.FROZEN,
        "all_layers": squeezenet.FINE_TUNED,
        "all_layers_adam": squeezenet.Recipe(optimizer="adam"),
        # Larger steps put all outputs of the last layer below zero in some starts: its ReLU is then dead for good.
        "from_scratch": replace(squeezenet.FROM_SCRATCH, learning_rate=1e-4),
    }[variant]
    return replace(base, epochs=SETTINGS[profile]["epochs"][variant])


def cnn(peaks, convolutions, variant="all_layers_adam", profile="fast"):
    """SqueezeNet of lesson 43, trained in one of the ways of :data:`VARIANTS`, or loaded if an earlier run kept it.

    Parameters
    ----------
    peaks : Peaks
        From :func:`italy`. The validation part is scored after each epoch and decides nothing.
    convolutions : list or None
        From :func:`imagenet`; None for "from_scratch" alone.
    variant : str
    profile : {"smoke", "fast", "full"}

    Returns
    -------
    model : keras.Model
        For :func:`pictures` of the profile's ``picture_side``, of any country.
    history : DataFrame
        See :func:`gmtools.models.squeezenet.train_head`.

    Raises
    ------
    GmtoolsError
        Another variant than "from_scratch" without pretrained weights.
    """
    from gmtools.models import squeezenet

    if convolutions is None and variant != "from_scratch":
        raise GmtoolsError(f"{variant!r} begins with ImageNet's weights. Fetch squeezenet_1_1, or take 'from_scratch'.")
    side, how = SETTINGS[profile]["picture_side"], recipe(variant, profile)
    zero = WHITE if variant == "from_scratch" else tuple(squeezenet.IMAGENET_MEAN)
    model = squeezenet.build(len(CLASSES), side, zero, seed=peaks.seed)
    if variant != "from_scratch":
        squeezenet.load_weights(model, convolutions)

    def make():
        history = _trained(squeezenet, model, peaks, side, variant, how)
        return [*model.get_weights(), np.array(history.to_json(orient="split", double_precision=15))]

    inputs = [peaks.lines, peaks.label, peaks.training, *model.get_weights(), asdict(how), variant, side, peaks.seed]
    # The network, how a picture is drawn, and what of it is fed to the network.
    code = [Path(squeezenet.__file__), Path(hvsr.inputs.__file__), Path(__file__)]
    *weights, history = cache.once(f"peak_cnn_{variant}", [*inputs, *code], make)
    model.set_weights(weights)
    return model, pd.read_json(io.StringIO(str(history)), orient="split")


def _trained(squeezenet, model, peaks, side, variant, how):
    inputs, train = pictures(peaks, side), squeezenet.fine_tune
    if variant == "frozen":
        inputs, train = squeezenet.features(model, inputs), squeezenet.train_head
    chosen, label = peaks.training, peaks.label
    validation = inputs[~chosen].astype("float32"), label[~chosen]
    return train(model, inputs[chosen], label[chosen], how, peaks.seed, validation)
