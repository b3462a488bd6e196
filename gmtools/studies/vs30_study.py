"""Networks of the study on VS30 by name: what each is trained on, trained once, kept below ``_build/models``.

Lessons 52 and 53 ask here for the very same networks. Nothing looks at the test records but :meth:`Network.predict`
when it is asked to. The records are those of :mod:`gmtools.studies.vs30_records`.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from gmtools import cache, columns
from gmtools.errors import GmtoolsError
from gmtools.site import record_store
from gmtools.site.record_store import Stream
from gmtools.studies.vs30_records import LENGTH_S, SETTINGS, Part, part

BATCH, LEARNING_RATE, FINAL_SHARE = 64, 6e-3, 0.01
PUBLISHED_BATCH, PUBLISHED_RATE = 32, 1e-2
"""Of the published grid; the only rate with which the output gets from 0 to some hundred m/s in a few epochs."""


@dataclass(frozen=True)
class Variant:
    """How a network differs from the others.

    Attributes
    ----------
    text : str
        For tables and figures.
    anchor, length_s
        See :func:`gmtools.site.record_store.window`.
    mask : bool
        Without it the channel of the mask is zero throughout.
    kind : {"cnn_lstm", "cnn", "lstm"}
        See :func:`gmtools.models.energy_lstm.trunk`.
    column : str
        What it learns the logarithm of: VS30 or the epicentral distance.
    source : str, optional
        Variant that the weights are carried over from.
    carried : {"first", "all"}
        The first convolution's weights of the acceleration, as the published transfer variant does; or all layers but
        the last.
    """

    text: str
    anchor: str = "p"
    length_s: float = LENGTH_S
    mask: bool = True
    kind: str = "cnn_lstm"
    column: str = columns.VS30
    source: str | None = None
    carried: str = "all"


VARIANTS = {
    "p_with_mask": Variant("around P, mask"),
    "p_without_mask": Variant("around P, no mask", mask=False),
    "pga_with_mask": Variant("around the peak, mask", anchor="pga"),
    "pga_without_mask": Variant("around the peak, no mask", anchor="pga", mask=False),
    "pga_15_s": Variant("15 s around the peak, mask", anchor="pga", length_s=15.0),
    "cnn": Variant("convolution alone", kind="cnn"),
    "lstm": Variant("LSTM alone", kind="lstm"),
    "distance_with_times": Variant("distance, mask", column=columns.REPI),
    "distance_without_times": Variant("distance, no mask", column=columns.REPI, mask=False),
    "transfer_first": Variant("first convolution from the distance", source="distance_without_times", carried="first"),
    "transfer_all": Variant("all layers from the distance", source="distance_with_times"),
}
RAW = {"published": "published network", "waves": "first repair: waves"}


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network.

    Attributes
    ----------
    model : keras.Model
        Shared by networks of one architecture: it carries the weights of whichever was made or asked last.
    weights : dict of str to ndarray
        "layer/weight" -> array.
    history : DataFrame
        One row for each epoch: ``epoch``, ``loss``, ``val_loss`` (mean squares of what the network gives) and
        ``cpu_s``, seconds of all cores together.
    back : callable
        Turns outputs (n, 1) into the unit of what it learned, (n,).
    inputs_of : callable
        Turns a part into what :meth:`keras.Model.predict` takes.
    """

    model: object
    weights: dict
    history: pd.DataFrame
    back: Callable[[np.ndarray], np.ndarray]
    inputs_of: Callable

    def predict(self, part: Part) -> np.ndarray:
        """Predict a part's records, (n,): VS30 in m/s or distance in km."""
        from gmtools.models import cnn_lstm

        cnn_lstm.assign(self.model, self.weights)
        inputs = self.inputs_of(part)
        batch = {"batch_size": 256} if isinstance(inputs, np.ndarray) else {}
        return self.back(self.model.predict(inputs, verbose=0, **batch))


def frames(part: Part, variant: Variant = VARIANTS["p_with_mask"]) -> np.ndarray:
    """Pass windows through the part of the network that is not trained, or load what an earlier run kept.

    Parameters
    ----------
    part : Part
    variant : Variant

    Returns
    -------
    ndarray of float32, (n, n_frames, 2 n_bands + 1)
        See :func:`gmtools.models.energy_lstm.front`.
    """
    from gmtools.models import cnn_lstm, energy_lstm

    def make():
        rate = part.records.accelerogram(int(part.rows[0])).sampling_rate_hz
        front = energy_lstm.front(round(variant.length_s * rate), rate)
        stream = Stream(part.records, part.rows, 64, variant.length_s, variant.anchor)
        made = [front.predict_on_batch(stream[k][0]) for k in tqdm(range(len(stream)), desc="frames", leave=False)]
        return [np.concatenate(made)]

    code = [Path(module.__file__) for module in (energy_lstm, cnn_lstm, record_store)]
    (result,) = cache.once("vs30_frames", [*part.inputs, part.rows, variant.anchor, variant.length_s, *code], make)
    return result if variant.mask else np.concatenate([result[..., :-1], np.zeros_like(result[..., -1:])], -1)


def network(name: str, profile: str = "fast", seed: int = 0) -> Network:
    """Train a variant of the repaired network, or load it.

    Parameters
    ----------
    name : str
        Key of :data:`VARIANTS`.
    profile : {"smoke", "fast", "full"}
    seed : int
        Of records and first weights.

    Returns
    -------
    Network

    Raises
    ------
    GmtoolsError
        Another name.
    """
    from gmtools.models import cnn_lstm, energy_lstm, keras, lstm, record_batches

    if name not in VARIANTS:
        raise GmtoolsError(f"No variant is named {name!r}; there are {', '.join(VARIANTS)}.")
    variant, epochs = VARIANTS[name], SETTINGS[profile]["epochs"]
    parts = [part(each, profile, seed) for each in ("training", "validation")]
    target = record_batches.Target.of(parts[0].frame, variant.column)
    (x, y), validation = [(frames(one, variant), target(one.frame)) for one in parts]
    model = _shared_trunk(x.shape[1], variant.kind, -(-len(x) // BATCH) * epochs)
    keras.utils.set_random_seed(seed)
    first = cnn_lstm.weights_of(energy_lstm.trunk(x.shape[1], kind=variant.kind))
    if variant.source:
        first = _carried(first, network(variant.source, profile, seed).weights, variant.carried)

    def make():
        cnn_lstm.assign(model, first)
        for variable in model.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        return _fit(model, x, validation, name, epochs, y=y, batch_size=BATCH)

    code = [Path(__file__), *(Path(module.__file__) for module in (energy_lstm, cnn_lstm, lstm, record_batches))]
    known = [x, y, *validation, *first.values(), asdict(variant), epochs, seed, BATCH, LEARNING_RATE, FINAL_SHARE]
    known.append(keras.__version__)
    weights, history = _load(first, f"vs30_{name}", [*known, *code], make)
    return Network(model, weights, history, target.back, lambda one: frames(one, variant))


@lru_cache(maxsize=4)
def _shared_trunk(n_frames: int, kind: str, steps: int):
    """A compiled trunk that all networks of its architecture take in turn: tracing one costs seconds."""
    from gmtools.models import energy_lstm, keras

    model = energy_lstm.trunk(n_frames, kind=kind)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps, FINAL_SHARE)
    model.compile(keras.optimizers.Adam(rate), "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def _carried(first: dict, source: dict, carried: str) -> dict:
    """First weights, as far as they are another network's."""
    if carried == "all":
        return first | {name: values for name, values in source.items() if not name.startswith("outputs/")}
    kernel = first["convolution/kernel"].copy()
    kernel[:, :-1] = source["convolution/kernel"][:, :-1]  # the channel of the mask stays random
    return first | {"convolution/kernel": kernel}


def raw_network(name: str, profile: str = "fast", seed: int = 0) -> Network:
    """Train a network that reads the waves themselves, or load it.

    Parameters
    ----------
    name : {"published", "waves"}
        :func:`gmtools.models.cnn_lstm.published`, with the study's target in m/s, its squared errors and its order,
        station by station; or :func:`gmtools.models.cnn_lstm.repaired`.
    profile, seed
        As for :func:`network`.

    Returns
    -------
    Network
    """
    from gmtools.models import cnn_lstm, keras, lstm, record_batches

    training, validation = (part(each, profile, seed) for each in ("training", "validation"))
    n_samples, epochs = round(LENGTH_S * SETTINGS[profile]["sampling_rate_hz"]), SETTINGS[profile][f"{name}_epochs"]
    keras.utils.set_random_seed(seed)
    if name == "published":
        model, batch, rate = cnn_lstm.published(n_samples), PUBLISHED_BATCH, PUBLISHED_RATE
        target, back = record_batches.raw_vs30, lambda outputs: np.asarray(outputs, float)[:, 0]
        order = np.argsort(training.frame[columns.STATION].to_numpy(), kind="stable")
        stream = Stream(training.records, training.rows[order], batch, LENGTH_S)
    else:
        model, batch, target = cnn_lstm.repaired(n_samples), BATCH, record_batches.Target.of(training.frame)
        stream, back = Stream(training.records, training.rows, batch, LENGTH_S, seed=seed), target.back
        rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, len(stream) * epochs, FINAL_SHARE)

    def batches(one):
        return record_batches.Batches(Stream(one.records, one.rows, BATCH, LENGTH_S), target)

    def make():
        model.compile(keras.optimizers.Adam(rate), "mse", jit_compile=False)
        return _fit(model, record_batches.Batches(stream, target), batches(validation), name, epochs, shuffle=False)

    code = [Path(__file__), *(Path(module.__file__) for module in (cnn_lstm, lstm, record_batches, record_store))]
    first = cnn_lstm.weights_of(model)
    known = [*training.inputs, *validation.inputs, training.rows, validation.rows, *first.values(), epochs, seed]
    known += [batch, LEARNING_RATE, PUBLISHED_RATE, FINAL_SHARE, keras.__version__, *code]
    weights, history = _load(first, f"vs30_{name}", known, make)
    return Network(model, weights, history, back, batches)


def _fit(model, x, validation, text, epochs, **how) -> list[np.ndarray]:
    """Weights and history of a compiled model after training, for :func:`gmtools.cache.once`."""
    from gmtools.models import cnn_lstm, keras

    spent, bar = [time.process_time()], tqdm(total=epochs, desc=text, unit="epoch", leave=False)
    after = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: (spent.append(time.process_time()), bar.update())
    )
    history = model.fit(x, epochs=epochs, validation_data=validation, verbose=0, callbacks=[after], **how).history
    bar.close()
    table = pd.DataFrame({name: history[name] for name in ("loss", "val_loss")})
    table.insert(0, "epoch", np.arange(1, epochs + 1))
    return [*cnn_lstm.weights_of(model).values(), table.assign(cpu_s=np.diff(spent)).to_numpy(float)]


def _load(first: dict, name: str, known: list, make: Callable) -> tuple[dict, pd.DataFrame]:
    """Trained weights by name, and the history."""
    *weights, history = cache.once(name, known, make)
    table = pd.DataFrame(history, columns=["epoch", "loss", "val_loss", "cpu_s"]).astype({"epoch": int})
    return dict(zip(first, weights, strict=True)), table
