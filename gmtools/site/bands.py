"""Energy of a strong-motion record in bands of frequency over time: what the repaired CNN-LSTM for VS30 reads.

Ground acts on a record by a factor at each frequency; in the logarithm of energy a factor is a sum, which a network
takes apart easily. Lesson 53 derives one band by hand.
"""

import numpy as np

from gmtools.errors import RecordingUnusable

BANDS_HZ = np.geomspace(0.4, 20.0, 24)
KERNEL_S, STEP_S, FRAME_S, WINDOW_S = 2.56, 0.32, 2.56, 60.0
FLOOR = 1e-8  # energy relative to that of the largest acceleration; noise lies above it


def filters(sampling_rate_hz: float) -> np.ndarray:
    """Bank of band-pass filters (n_samples, 48), float32: all cosines, then all sines, under a Gaussian (Gabor, 1946,
    J. IEE 93, 429-457), each without mean and with a sum of squares of 1.

    The Gaussian has a standard deviation of 0.525 periods, at most a fifth of the kernel.
    """
    count = round(KERNEL_S * sampling_rate_hz)
    time = ((np.arange(count) - (count - 1) / 2) / sampling_rate_hz)[:, None]
    window = np.exp(-0.5 * (time / np.minimum(0.525 / BANDS_HZ, KERNEL_S / 5)) ** 2)
    kernels = np.concatenate(
        [window * np.cos(2 * np.pi * BANDS_HZ * time), window * np.sin(2 * np.pi * BANDS_HZ * time)], 1
    )
    kernels -= kernels.mean(0)
    return (kernels / np.sqrt((kernels**2).sum(0))).astype(np.float32)


def start_of(record, anchor: str = "p", before_p_s: float = 10.0) -> int:
    """First sample of the window of 60 s: ``before_p_s`` before P, or half a window before the peak ("pga", or P is not
    known). RecordingUnusable where the record is shorter."""
    rate, needed = record.sampling_rate_hz, round(WINDOW_S * record.sampling_rate_hz)
    if len(record.acceleration) < needed:
        raise RecordingUnusable(
            "too short",
            f"{record.record_id}: {record.duration_s:g} s long, {WINDOW_S:g} s are needed. Leave the record out.",
        )
    if anchor == "p" and np.isfinite(record.p_time_s):
        start = round((record.p_time_s - before_p_s) * rate)
    else:
        start = int(np.abs(record.acceleration).max(-1).argmax()) - needed // 2
    return int(np.clip(start, 0, len(record.acceleration) - needed))


def frames(record, anchor: str = "p") -> np.ndarray:
    """Logarithm of the energy in 24 bands for the horizontals together and the vertical, and the P-S mask: (23, 49),
    float32.

    Frames of 2.56 s; last column: the share of the frame between P and S, 0 where they are not known. Any sampling rate
    from 45 Hz on. The record is divided by its largest acceleration: amplitude is not told.
    """
    rate, start = record.sampling_rate_hz, start_of(record, anchor=anchor)
    count, step = round(WINDOW_S * rate), round(STEP_S * rate)
    waves = record.acceleration[start : start + count].astype(np.float32)
    waves = waves / max(np.abs(waves).max(), 1e-6)
    kernels, per_frame = filters(rate), round(FRAME_S / STEP_S)
    half = len(kernels) // 2
    padded = np.pad(waves, ((half, len(kernels) - half), (0, 0)))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, len(kernels), axis=0)[:count:step]
    energy = (pieces @ kernels) ** 2  # (steps, 3, 48)
    energy = energy[..., : len(BANDS_HZ)] + energy[..., len(BANDS_HZ) :]
    n_frames = len(energy) // per_frame
    energy = energy[: n_frames * per_frame].reshape(n_frames, per_frame, 3, -1).mean(1) * (50 / rate)
    both = np.concatenate([energy[:, 0] + energy[:, 1], energy[:, 2]], axis=-1)
    edges = start / rate + FRAME_S * np.arange(n_frames + 1)
    p, s = record.p_time_s, record.s_time_s
    known = np.isfinite(p) and np.isfinite(s)
    mask = np.diff(np.clip(edges, p, s)) / FRAME_S if known else np.zeros(n_frames)
    return np.concatenate([np.log(both + FLOOR), mask[:, None]], axis=-1).astype(np.float32)
