"""A three-component recording of ambient noise, checked once."""

from dataclasses import dataclass

import numpy as np

from gmtools.errors import RecordingUnusable

COMPONENTS = ("ns", "ew", "vt")


@dataclass(frozen=True, eq=False)
class Recording:
    """Three components (n_samples,) of ground motion in one common unit, which cancels in H/V, sampled together and
    without a gap. RecordingUnusable where one has no sample, another number of them, samples that are no finite numbers
    or all the same, or where the sampling rate is not positive."""

    ns: np.ndarray
    ew: np.ndarray
    vt: np.ndarray
    sampling_rate_hz: float
    name: str = "recording"

    def __post_init__(self):
        for component in COMPONENTS:
            object.__setattr__(self, component, np.asarray(getattr(self, component), dtype=float))
        lengths = {component: getattr(self, component).size for component in COMPONENTS}
        if len(set(lengths.values())) > 1 or not lengths["ns"]:
            raise RecordingUnusable(
                "component missing",
                f"{self.name}: the components have {lengths} samples; three of one length are needed. "
                "Cut them to their common time span first.",
            )
        if not self.sampling_rate_hz > 0:
            raise RecordingUnusable(
                "sampling rates differ",
                f"{self.name}: a sampling rate of {self.sampling_rate_hz} Hz; give a positive one.",
            )
        for component in COMPONENTS:
            samples = getattr(self, component)
            bad = np.flatnonzero(~np.isfinite(samples))
            if bad.size:
                raise RecordingUnusable(
                    "gap",
                    f"{self.name}: {bad.size} samples of {component} are no numbers, the first at "
                    f"{bad[0] / self.sampling_rate_hz:.2f} s. Use the longest part without a gap.",
                )
            if np.ptp(samples) == 0:
                raise RecordingUnusable(
                    "dead channel",
                    f"{self.name}: {component} is {samples[0]:g} throughout. Check cable and sensor; "
                    "H/V needs three working components.",
                )

    @property
    def duration_s(self) -> float:
        """Length, s."""
        return self.ns.size / self.sampling_rate_hz

    def components(self) -> np.ndarray:
        """Return the components as one array, (3, n_samples): ns, ew, vt."""
        return np.stack([getattr(self, component) for component in COMPONENTS])
