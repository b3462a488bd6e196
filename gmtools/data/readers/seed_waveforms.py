"""miniSEED (or any format that ObsPy reads) and the StationXML that says what its counts mean."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gmtools.data.accelerograms import Accelerogram
from gmtools.errors import FormatError, RecordingUnusable

SOURCE = "where you got it"
ACCELERATION = ("M/S**2", "M/S^2", "M/S/S", "M/SEC**2")
_ORDER = {"N": 0, "1": 0, "E": 1, "2": 1, "Z": 2, "3": 2}


def parse(waveforms: Mapping[str, bytes], stations: Mapping[str, bytes]) -> Accelerogram:
    """Make a record of names and bytes of its waveform files and of the StationXML with their sensitivities.

    Counts are divided by the sensitivity: right for accelerometers, whose response is flat. Record id is the name of
    the first file without its ending, event id its first part (up to ``_``). The station's coordinates are known, the
    event's are not. Raises RecordingUnusable, and FormatError where ObsPy
    cannot read a file.
    """
    import obspy

    name = next(iter(waveforms))
    stream, inventory = obspy.Stream(), obspy.Inventory()
    for part in waveforms.items():
        stream += _obspy(obspy.read, *part)
    for part in stations.items():
        inventory += _obspy(obspy.read_inventory, *part)
    rates = {trace.stats.sampling_rate for trace in stream}
    if len(rates) != 1:
        raise RecordingUnusable(
            "sampling rates differ", f"{name}: sampling rates {sorted(rates)} Hz. Give the channels of one record."
        )
    gaps = [gap for gap in stream.get_gaps() if gap[6] > 0]
    if gaps:
        raise RecordingUnusable(
            "gap", f"{name}: {len(gaps)} gaps, the first of {gaps[0][6]:.2f} s after {gaps[0][4]}. Leave it out."
        )
    stream.merge()
    places = [_ORDER.get(trace.stats.channel[-1:]) for trace in stream]
    if sorted(places, key=str) != [0, 1, 2]:
        found = ", ".join(trace.id for trace in stream) or "none"
        raise RecordingUnusable(
            "component missing", f"{name}: one channel each for north, east and vertical is needed, found: {found}."
        )
    stream.trim(max(trace.stats.starttime for trace in stream), min(trace.stats.endtime for trace in stream))
    samples = [_acceleration(stream[places.index(order)], inventory, name) for order in range(3)]
    return _record(name, stream[0], inventory, np.stack(samples, axis=-1))


def _obspy(reader, name: str, content: bytes):
    try:
        return reader(io.BytesIO(content))
    except Exception as error:  # ObsPy's format plugins answer a foreign or cut-off file with many kinds of errors
        raise FormatError(f"{name}: ObsPy cannot read it ({error!r}). Get it again from {SOURCE}.") from error


def _acceleration(trace, inventory, name: str) -> np.ndarray:
    """Samples in cm/s²."""
    try:
        sensitivity = inventory.get_response(trace.id, trace.stats.starttime).instrument_sensitivity
    except Exception as error:  # ObsPy raises a bare Exception where the inventory lacks the channel
        raise RecordingUnusable(
            "unit not stated", f"{name}: no StationXML says what the counts of {trace.id} are ({error}). Add it."
        ) from error
    unit = str(sensitivity.input_units) if sensitivity else "nothing"
    if unit.upper() not in ACCELERATION:
        raise RecordingUnusable(
            "unit not stated", f"{name}: {trace.id} measures {unit}, not acceleration ({ACCELERATION[0]})."
        )
    return 100 * trace.data.astype(float) / sensitivity.value


def _record(name: str, trace, inventory, samples: np.ndarray) -> Accelerogram:
    stem = Path(name).stem
    place = inventory.get_coordinates(trace.id, trace.stats.starttime)
    return Accelerogram(
        samples,
        trace.stats.sampling_rate,
        record_id=stem,
        event_id=stem.partition("_")[0],
        station_id=f"{trace.stats.network}.{trace.stats.station}",
        station_longitude=place["longitude"],
        station_latitude=place["latitude"],
    )
