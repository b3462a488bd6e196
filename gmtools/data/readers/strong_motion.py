"""A folder or archive of strong-motion records in any format that is known here, one record after the other."""

import io
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.accelerograms import FIELDS, Accelerogram, Exclusion, located
from gmtools.data.readers import (
    afad_ascii,
    afad_mat,
    archives,
    decoded,
    dyna_ascii,
    possible,
    reject_web_page,
    require_columns,
    waveforms,
)
from gmtools.errors import DataNotFound, FormatError, GmtoolsError

SOURCE = "the owner of the records"
_TABLES = {"stations.csv": columns.STATION, "events.csv": columns.EVENT}
_COMPANIONS = (".csv", ".json", ".md", ".pdf", ".html", ".jpg", ".png")  # they lie beside records and are none
_APART_S = 60.0
"""Pieces of one channel with more time between them are two records; with less, one with a gap."""


def read(path: str | Path) -> Iterator[Accelerogram | Exclusion]:
    """Read the records of a folder, of a zip or tar archive, archives within it too, or of one file; nothing is
    unpacked to disk, and one odd file ends nothing.

    K-NET and KiK-net (a record for each sensor), AFAD-1218's MATLAB files, DYNA files of ESM, ITACA and TADAS, AFAD's
    older files, and whatever ObsPy reads (miniSEED, SAC …) with its StationXML: what a file is, and which belong
    together, stands in them, whatever they are called. What a format does not know comes from ``stations.csv``
    (``station_id``, ``vs30_m_s`` …) and ``events.csv`` (``event_id``, ``magnitude`` …) beside the records; the event id
    of a file that names none is the 14 digits that its name begins with, else the record's start. Offsets stay in.

    Yields
    ------
    Accelerogram or Exclusion
        An exclusion for each file or record that cannot be read, with the reason: none is dropped without a word.

    Raises
    ------
    DataNotFound, FormatError, ColumnMissing
        There is no such folder or file, it is a web page or a broken archive, or a table beside the records is none.
    """
    path = Path(path)
    if path.is_dir():
        files, budget = archives.in_folder(path), archives.Budget(2**40)
    elif path.is_file():
        reject_web_page(path, SOURCE)
        content, budget = path.read_bytes(), archives.Budget(path.stat().st_size)
        packed = archives.ENDING.search(path.name) or content.startswith(b"PK\3\4")
        packed = packed or tarfile.is_tarfile(io.BytesIO(content))
        files = archives.in_archive(path.name, content, budget, SOURCE) if packed else {path.name: lambda: content}
    else:
        raise DataNotFound(f"{path} is neither a folder nor a file. Give the folder or archive of the records.")
    yield from _records(files, {}, {}, archives.DEEPEST, budget)


def _records(files: archives.Files, tables, inventories, depth: int, budget) -> Iterator[Accelerogram | Exclusion]:
    tables, inventories = {**tables, **_tables(files)}, dict(inventories)
    components, traces, packed = defaultdict(dict), [], []
    for name, load in files.items():
        if archives.is_litter(name):
            yield Exclusion(name, "no record", f"{name} is what an operating system leaves beside files.")
            continue
        if archives.ENDING.search(name):
            packed.append(name)
            continue
        try:
            if archives.suffix(name) not in _COMPANIONS:
                record = _taken(name, load(), components, traces, inventories)
                if record is not None:
                    yield _completed(record, tables)
        except GmtoolsError as error:
            yield _exclusion(name, error)
    groups = [(next(iter(parts)), dyna_ascii.parse, parts) for parts in components.values()]
    groups += [(group[0].stats.file, lambda group: _of_traces(group, inventories, tables), group)
               for group in _together(traces)]  # fmt: skip
    for name, make, parts in groups:
        try:
            yield _completed(make(parts), tables)
        except GmtoolsError as error:
            yield _exclusion(name, error)
    for name in packed:
        try:
            if not depth:
                raise FormatError(f"{name} lies in {archives.DEEPEST} archives within each other. Unpack it by hand.")
            inner = archives.in_archive(name, files[name](), budget, SOURCE)
            yield from _records(inner, tables, inventories, depth - 1, budget)
        except GmtoolsError as error:
            yield _exclusion(name, error)


def _exclusion(name: str, error: GmtoolsError) -> Exclusion:
    return Exclusion(name, getattr(error, "reason", "unreadable"), str(error))


def _taken(name: str, content: bytes, components, traces, inventories) -> Accelerogram | None:
    """Put a file where it belongs by its content; a record as soon as it is whole."""
    base, head = PurePosixPath(name).name, content[:8000]
    if archives.suffix(name) == ".mat":
        return afad_mat.parse(base, content)
    if afad_ascii.MARK.encode() in head[:200]:
        return afad_ascii.parse(base, content)
    if dyna_ascii.MARK.search(head):
        key = (str(PurePosixPath(name).parent), dyna_ascii.record_of(base, content))
        components[key][base] = content
        if len(components[key]) == 3:
            return dyna_ascii.parse(components.pop(key))
    elif b"FDSNStationXML" in head:
        inventories[name] = waveforms.inventory_of(name, content)
    elif archives.suffix(name) != ".xml":  # another kind of description
        stream = [waveforms.knet(base, content)] if head.startswith(b"Origin Time") else None
        for trace in waveforms.stream_of(base, content) if stream is None else stream:
            trace.stats.file = name
            traces.append(trace)
    return None


def _together(traces: list) -> Iterator[list]:
    """Traces of one record: the same sensor, and no pause between them."""
    sensors = defaultdict(list)
    for trace in traces:
        stats = trace.stats
        event = str(stats.knet.evot) if "knet" in stats else ""
        sensors[stats.network, stats.station, stats.location, stats.channel[:-1], event].append(trace)
    for group in sensors.values():
        group.sort(key=lambda trace: trace.stats.starttime)
        record, end = [], None
        for trace in group:
            if record and trace.stats.starttime - end > _APART_S:
                yield record
                record, end = [], None
            record.append(trace)
            end = trace.stats.endtime if end is None else max(end, trace.stats.endtime)
        yield record


def _of_traces(traces: list, inventories: Mapping, tables: Mapping[str, pd.DataFrame]) -> Accelerogram:
    from obspy import Stream

    name = PurePosixPath(traces[0].stats.file).name
    knet = traces[0].stats.get("knet")
    units = () if knet else waveforms.ACCELERATION
    samples, first, facts = waveforms.three(Stream(traces), name, {} if knet else inventories, units=units)
    stats = first.stats
    station = f"{'NIED' if knet else stats.network}.{stats.station}"
    if knet:
        event = knet.evot.strftime("NIED-%Y%m%d%H%M%S")
        known = {"magnitude": knet.mag} | located(knet.evlo, knet.evla, knet.evdp, knet.stlo, knet.stla)
        record_id = "_".join(filter(None, (event, station, stats.location)))
    else:
        begun = PurePosixPath(name).stem.partition("_")[0]
        named = re.fullmatch(r"\d{14}", begun) or begun in tables.get(columns.EVENT, pd.DataFrame()).index
        event = begun if named else stats.starttime.strftime("%Y%m%d%H%M%S")
        known = {"station_latitude": facts[4], "station_longitude": facts[5]}
        record_id = f"{event}_{station}.{stats.location}.{stats.channel[:-1]}"
        samples = 100 * samples
    return Accelerogram(samples, stats.sampling_rate, record_id, event, station, **known)


def _tables(files: archives.Files) -> dict[str, pd.DataFrame]:
    """Return the tables among the files, by the column of their ids; rows of one id must not disagree."""
    found = {}
    for name, load in files.items():
        key = _TABLES.get(PurePosixPath(name).name)
        if key is None or archives.is_litter(name):
            continue
        try:
            table = pd.read_csv(io.StringIO(decoded(load())), dtype={key: str}, skipinitialspace=True)
        except ValueError as error:
            raise FormatError(f"{name} is no csv table ({' '.join(str(error).split())}). Correct it.") from error
        require_columns(table.columns, [key], Path(name))
        table = table[[key, *(column for column in FIELDS[3:] if column in table)]].drop_duplicates()
        for column in table.columns[1:]:
            values = pd.to_numeric(table[column], errors="coerce")
            bad = values.isna() & table[column].notna()
            if bad.any():
                raise FormatError(f"{name}: {column} is {table.loc[bad, column].iloc[0]!r}, no number. Correct it.")
            table[column] = values
        twice = table[key][table[key].duplicated()]
        if len(twice):
            raise FormatError(f"{name} says two things of {key} {twice.iloc[0]!r}. Keep the row that is right.")
        found[key] = possible(table, name).set_index(key)
    return found


def _completed(record: Accelerogram, tables: Mapping[str, pd.DataFrame]) -> Accelerogram:
    """Fill what the record does not know from the tables, and its distances from the coordinates."""
    known = {}
    for key, table in tables.items():
        row = table.loc[getattr(record, key)] if getattr(record, key) in table.index else {}
        known |= {name: float(row[name]) for name in FIELDS[3:] if name in row}
    missing = {field: value for field, value in known.items() if np.isnan(getattr(record, field))}
    if not missing:
        return record
    record = replace(record, **missing)
    places = located(
        record.event_longitude,
        record.event_latitude,
        record.hypocentral_depth_km,
        record.station_longitude,
        record.station_latitude,
    )
    return replace(record, **{field: value for field, value in places.items() if np.isnan(getattr(record, field))})
