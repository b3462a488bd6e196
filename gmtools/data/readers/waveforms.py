"""Whatever ObsPy reads, turned to north, east and up by what its headers and StationXML say."""

import io
import warnings
from collections.abc import Mapping

import numpy as np

from gmtools.errors import FormatError, RecordingUnusable

ACCELERATION = ("M/S**2", "M/S^2", "M/S/S", "M/SEC**2", "M/S2")
AXES = ("north", "east", "up")
LETTERS = dict.fromkeys(("N", "NS", "N-S", "NORTH"), 0) | dict.fromkeys(("E", "EW", "E-W", "EAST"), 1)
LETTERS |= dict.fromkeys(("Z", "V", "UD", "U-D", "UP", "VERT", "VERTICAL"), 2)
"""What names one direction alone. 1, 2 and 3 do not: which way they point stands in the StationXML."""
YEARS = (1900, 2100)


def stream_of(name: str, content: bytes):
    """ObsPy's stream of a file, samples as float; FormatError where no format fits, or a checksum inside does not."""
    import obspy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=".*[Ii]ntegrity check")  # samples that are not what was written
        try:
            stream = obspy.read(io.BytesIO(content))
        except Exception as error:  # ObsPy's plugins answer a foreign or cut-off file with many kinds of errors
            raise FormatError(
                f"{name}: ObsPy reads it as no waveform format ({str(error)[:200]}). miniSEED, SAC, GSE2, SAF and a "
                "Tromino's text are understood; get the file again, or export it as one of these."
            ) from error
    for trace in stream:
        year, rate = trace.stats.starttime.year, trace.stats.sampling_rate
        if not YEARS[0] <= year <= YEARS[1] or not 0 < rate <= 1e5:
            raise FormatError(f"{name}: {trace.id} begins in {year} with {rate:g} samples a second. Get it again.")
        trace.data = np.asarray(trace.data, float) if not np.ma.isMA(trace.data) else trace.data.astype(float)
    return stream


def inventory_of(name: str, content: bytes):
    """ObsPy's inventory of a StationXML file; FormatError where it is none."""
    import obspy

    try:
        return obspy.read_inventory(io.BytesIO(content))
    except Exception as error:  # as in stream_of
        raise FormatError(f"{name}: ObsPy cannot read it as StationXML ({error!r}). Get it again.") from error


def three(stream, name: str, inventories: Mapping = (), units: tuple = ()):
    """Samples (n, 3; north, east, up) that three channels of one station share, their first trace, and its channel's
    facts (None without a StationXML).

    ``inventories``: file name -> inventory; with one, counts are divided by the sensitivity, whose unit must be one of
    ``units`` where these are given. RecordingUnusable where a sample is missing or there twice, a direction is
    unknown, or epochs disagree.
    """
    rates = {trace.id: trace.stats.sampling_rate for trace in stream}
    if len({round(rate, 6) for rate in rates.values()}) > 1:
        raise RecordingUnusable(
            "sampling rates differ", f"{name}: sampling rates differ (Hz): {rates}. Resample to the lowest one first."
        )
    stream = _merged(stream, name)
    found = ", ".join(sorted(trace.id for trace in stream)) or "none"
    if len(stream) != 3 or len({(trace.stats.network, trace.stats.station) for trace in stream}) > 1:
        raise RecordingUnusable(
            "component missing",
            f"{name}: one channel each for north, east and vertical is needed, found: {found}. Give the files of one "
            "station together.",
        )
    start = max(trace.stats.starttime for trace in stream)
    stream.trim(start, min(trace.stats.endtime for trace in stream))
    length = min(trace.stats.npts for trace in stream) if len(stream) == 3 else 0
    if not length:
        raise RecordingUnusable(
            "component missing", f"{name}: {found} share no time span. Give files of one recording."
        )
    facts = [_facts(trace, inventories, name) for trace in stream]
    pairs = zip(stream, facts, strict=True)
    samples = [trace.data[:length] / _sensitivity(trace, fact, units, name) for trace, fact in pairs]
    return _turned(samples, stream, facts, name), stream[0], facts[0]


def _merged(stream, name: str):
    try:
        merged = stream.copy().merge()
    except Exception as error:  # ObsPy raises a bare Exception where pieces of a channel differ in kind
        raise RecordingUnusable("gap", f"{name}: pieces of one channel do not fit ({error}). Get it again.") from error
    if any(np.ma.is_masked(trace.data) for trace in merged):
        *channel, one, other, seconds, _ = max(stream.get_gaps(), key=lambda gap: gap[6])
        reason, what = ("gap", "is missing") if seconds > 0 else ("overlap", "exists twice and disagrees")
        span = f"{'.'.join(channel)} from {min(one, other)} to {max(one, other)}"
        raise RecordingUnusable(reason, f"{name}: {span} {what}. Read the longest part without it.")
    for trace in merged:
        trace.data = np.ma.getdata(trace.data)
    return merged


def _facts(trace, inventories: Mapping, name: str):
    """What the StationXML says of a trace's channel: (sensitivity, unit, azimuth, dip, latitude, longitude), or None;
    RecordingUnusable where two epochs, or two files, that hold at the time say different things."""
    stats, said = trace.stats, {}
    for source, inventory in dict(inventories).items():
        codes = {key: stats[key] for key in ("network", "station", "location", "channel")}
        here = inventory.select(**codes, starttime=stats.starttime, endtime=stats.endtime)
        for channel in (channel for network in here for station in network for channel in station):
            # An empty code selects all.
            if (channel.code, channel.location_code) != (stats.channel, stats.location):
                continue
            total = channel.response and channel.response.instrument_sensitivity
            value, unit = (total.value, str(total.input_units)) if total else (None, "nothing")
            place = (round(channel.latitude, 4), round(channel.longitude, 4))
            facts = (value, unit, channel.azimuth, channel.dip, *place)
            said.setdefault(facts, f"{source} (from {channel.start_date or 'the beginning'}): {facts}")
    if len(said) > 1:
        listed = " and ".join(list(said.values())[:2])
        raise RecordingUnusable(
            "metadata disagree",
            f"{name}: {trace.id} is described in two ways at {stats.starttime}, as (sensitivity, unit, azimuth, dip, "
            f"latitude, longitude): {listed}. Keep the description that is right.",
        )
    return next(iter(said), None)


def _sensitivity(trace, facts, units: tuple, name: str) -> float:
    value, unit = facts[:2] if facts else (1.0, "")
    if not value or not np.isfinite(value) or (units and unit.upper() not in units):
        what = f"{trace.id} measures {unit} with a sensitivity of {value}, which is of no use here"
        what = what if facts else f"no StationXML says what the counts of {trace.id} are"
        raise RecordingUnusable("unit not stated", f"{name}: {what}. Add its StationXML, or correct it.")
    return value


def _turned(samples: list, stream, facts: list, name: str) -> np.ndarray:
    """North, east and up, (n, 3): by azimuth and dip where all are known, else by channels called N, E and Z."""
    from obspy.signal.rotate import rotate2zne

    angles = [_angles(trace, fact) for trace, fact in zip(stream, facts, strict=True)]
    if all(pair is not None for pair in angles):
        azimuth, dip = np.radians(np.array(angles, float)).T
        axes = np.array([np.cos(azimuth) * np.cos(dip), np.sin(azimuth) * np.cos(dip), -np.sin(dip)])
        volume = abs(np.linalg.det(axes))  # 1 for three directions at right angles
        if volume < 0.5 and facts[0] is not None:
            raise RecordingUnusable(
                "orientation unknown",
                f"{name}: azimuth and dip of {', '.join(trace.id for trace in stream)} are {angles}: these are not "
                "three directions. Correct the StationXML.",
            )
        if volume >= 0.5:
            pairs = zip(samples, angles, strict=True)
            up, north, east = rotate2zne(*(value for data, (az, dp) in pairs for value in (data, az, dp)))
            return np.stack([north, east, up], axis=-1)
    codes = [trace.stats.channel.strip().upper() for trace in stream]
    places = [LETTERS.get(code, LETTERS.get(code[-1:]) if len(code) == 3 else None) for code in codes]
    if sorted(places, key=str) != [0, 1, 2]:
        known = ", ".join(f"{trace.id} (azimuth, dip: {pair})" for trace, pair in zip(stream, angles, strict=True))
        raise RecordingUnusable(
            "orientation unknown",
            f"{name}: nothing says which channel points north, east and up: {known}. Only names that end with N, E and "
            "Z say it by themselves: give the StationXML with azimuth and dip, or rename the channels.",
        )
    return np.stack([samples[places.index(axis)] for axis in range(3)], axis=-1)


def _angles(trace, facts) -> tuple[float, float] | None:
    """Azimuth and dip (degrees; -90 is up) of a channel, of the StationXML or of SAC's header."""
    if facts is not None and facts[2] is not None and facts[3] is not None:
        return float(facts[2]), float(facts[3])
    sac = trace.stats.get("sac", {})
    if facts is None and "cmpaz" in sac and "cmpinc" in sac:
        return float(sac["cmpaz"]), float(sac["cmpinc"]) - 90.0
    return None


def knet(name: str, content: bytes):
    """Trace of a K-NET or KiK-net file, cm/s²; its sensor (1 in the borehole, 2 at the surface) is the location
    code. FormatError where a number in its header is none, or samples are missing."""
    import obspy

    try:
        (trace,) = obspy.read(io.BytesIO(content), format="KNET")
        direction, sensor = trace.stats.channel[:2], trace.stats.channel[2:]
        axis = {"NS": "N", "EW": "E", "UD": "Z"}[direction]
    except Exception as error:  # ObsPy raises its own, ValueError, IndexError and KeyError on broken headers
        raise FormatError(f"{name} is no whole K-NET ASCII file ({error!r}). Download it again.") from error
    head, stats = trace.stats.knet, trace.stats
    places = abs(head.evla) <= 90 and abs(head.stla) <= 90 and abs(head.evlo) <= 360 and abs(head.stlo) <= 360
    sizes = -3 < head.mag <= 10 and -10 <= head.evdp <= 800 and YEARS[0] <= head.evot.year <= YEARS[1]
    if not (stats.npts > 1 and stats.calib > 0 and stats.sampling_rate > 0 and places and sizes):
        raise FormatError(f"{name} has no samples, or a number in its header is impossible. Download it again.")
    missing_s = head.duration - stats.npts / stats.sampling_rate
    if abs(missing_s) > 1 or (missing_s > 0 and content[-1:] not in (b"\n", b"\r")):  # within a number, perhaps
        raise FormatError(
            f"{name}: {stats.npts} samples at {stats.sampling_rate:g} Hz are not the {head.duration:g} s of its "
            "header: it is cut off. Download it again."
        )
    trace.data = np.asarray(trace.data, float) * stats.calib * 100  # ObsPy's calibration leads to m/s²
    stats.location, stats.channel, stats.calib = sensor, f"HN{axis}", 1.0
    return trace
