"""A folder or archive of strong-motion records in any of the formats of study 5, one record after the other."""

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from gmtools import columns
from gmtools.data.accelerograms import FIELDS, Accelerogram, Exclusion
from gmtools.data.readers import (
    BROKEN_ARCHIVE,
    afad_ascii,
    afad_mat,
    dyna_ascii,
    reject_large_member,
    reject_web_page,
    require_columns,
    seed_waveforms,
)
from gmtools.errors import (
    DataNotFound,
    FormatError,
    GmtoolsError,
)

SOURCE = "the owner of the records"
_TABLES = {"stations.csv": columns.STATION, "events.csv": columns.EVENT}
_COMPANIONS = (".xml", ".csv", ".json", ".md", ".pdf")  # they lie beside records and are none
_DEEPEST = 3
# What tells the components' files apart: TADAS's _E.asc, the channel in ESM's IT.AMT..HGE.D. and in SEED's names.
_COMPONENT = (re.compile(r"(?<=_)[NEUZ](?=\.asc$)", re.I), re.compile(r"(?<=\.[A-Z]{2})[NEZ123](?=\.)"))

Files = Mapping[str, Callable[[], bytes]]


def read(path: str | Path) -> Iterator[Accelerogram | Exclusion]:
    """Read the records of a folder or zip archive, archives within it too; nothing is unpacked to disk. AFAD-1218's
    MATLAB files (.mat), DYNA files of ESM, ITACA and TADAS (.asc), AFAD's older files (.txt), miniSEED (.mseed,
    .miniseed) with StationXML (.xml). What a format does not know comes from ``stations.csv`` (``station_id``,
    ``vs30_m_s`` …) and ``events.csv`` (``event_id``, ``magnitude`` …) beside the records. Each file or record that
    cannot be read is an Exclusion: none is dropped without a word."""
    path = Path(path)
    if path.is_dir():
        names = (entry for entry in sorted(path.rglob("*")) if entry.is_file())
        files = {entry.relative_to(path).as_posix(): entry.read_bytes for entry in names}
    elif path.is_file():
        reject_web_page(path, SOURCE)
        files = _archive(path.name, path)
    else:
        raise DataNotFound(f"{path} is neither a folder nor a file. Give the folder or archive of the records.")
    yield from _records(files, {}, _DEEPEST)


def _archive(name: str, source: Path | io.BytesIO) -> Files:
    try:
        archive = zipfile.ZipFile(source)
    except BROKEN_ARCHIVE as error:
        raise FormatError(f"{name} is no zip archive ({error}). Download it again from {SOURCE}.") from error
    return {info.filename: partial(_member, archive, info) for info in archive.infolist() if not info.is_dir()}


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    reject_large_member(info.filename, info.file_size)
    try:
        return archive.read(info)
    except BROKEN_ARCHIVE as error:
        raise FormatError(
            f"{info.filename} cannot be unpacked ({error}). Download its archive again from {SOURCE}; unpack one with "
            "a password by hand."
        ) from error


def _records(files: Files, tables: Mapping[str, pd.DataFrame], depth: int) -> Iterator[Accelerogram | Exclusion]:
    tables = {**tables, **_tables(files)}
    stations = {name: load for name, load in files.items() if name.lower().endswith(".xml")}
    groups = defaultdict(list)
    for name in sorted(files):
        groups[_group(name)].append(name)
    for names in groups.values():
        ending = PurePosixPath(names[0]).suffix.lower()
        try:
            if ending == ".zip" and depth:
                yield from _records(_archive(names[0], io.BytesIO(files[names[0]]())), tables, depth - 1)
            elif ending not in _COMPANIONS:
                yield _completed(_record(ending, {name: files[name] for name in names}, stations), tables)
        except GmtoolsError as error:
            yield Exclusion(names[0], getattr(error, "reason", "unreadable"), str(error))


def _group(name: str) -> str:
    """Name without the letter of the component."""
    for pattern in _COMPONENT:
        name = pattern.sub("*", name)
    return name


def _record(ending: str, files: Files, stations: Files) -> Accelerogram:
    contents = {PurePosixPath(name).name: load() for name, load in files.items()}
    name, content = next(iter(contents.items()))
    if ending == ".mat":
        return afad_mat.parse(name, content)
    if ending == ".asc":
        return dyna_ascii.parse(contents)
    if ending in (".mseed", ".miniseed"):
        return seed_waveforms.parse(contents, {station: load() for station, load in stations.items()})
    if afad_ascii.MARK.encode() in content[:200]:
        return afad_ascii.parse(name, content)
    raise FormatError(f"{name} is of no format that is known here. Leave it out, or convert it to miniSEED.")


def _tables(files: Files) -> dict[str, pd.DataFrame]:
    """Return the tables among the files, by the column of their ids."""
    found = {}
    for name, load in files.items():
        key = _TABLES.get(PurePosixPath(name).name)
        if key:
            table = pd.read_csv(io.BytesIO(load()), dtype={key: str})
            require_columns(table.columns, [key], Path(name))
            found[key] = table.drop_duplicates(key).set_index(key)
    return found


def _completed(record: Accelerogram, tables: Mapping[str, pd.DataFrame]) -> Accelerogram:
    """Fill what the record does not know from the tables, and its distances from the coordinates."""
    known = {}
    for key, table in tables.items():
        row = table.loc[getattr(record, key)] if getattr(record, key) in table.index else {}
        known |= {FIELDS[name]: float(row[name]) for name in list(FIELDS)[3:] if name in row}
    missing = {field: value for field, value in known.items() if np.isnan(getattr(record, field))}
    if not missing:
        return record
    record = replace(record, **missing)
    places = dyna_ascii.located(
        record.event_longitude,
        record.event_latitude,
        record.hypocentral_depth_km,
        record.station_longitude,
        record.station_latitude,
    )
    return replace(record, **{field: value for field, value in places.items() if np.isnan(getattr(record, field))})
