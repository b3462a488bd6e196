"""What surrounds a network on the page of the map explorer: grid, coast, open layers of the ground, a formula."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from explorers import classical_map, map_outline
from gmtools import columns, geodesy, networks
from gmtools.errors import UnknownModel

FOLDER = Path(__file__).with_name("ground")


@dataclass(frozen=True)
class Region:
    """How the ground of a region is made: name of the network that draws its maps; title of the target; whether the
    motions are measured, as a sentence (``kind``) and as a word on the map (``tag``); ``study`` returns its MapStudy;
    ``layers`` among its input maps, only such as may be given away, with the value where they have none (``fill``) and
    attribution; ``classical`` of :mod:`explorers.classical_map` returns the table of a classical model."""

    network: str
    title: str
    kind: str
    tag: str
    study: Callable
    layers: tuple
    fill: dict
    layer_source: str
    classical: Callable


def _italian():
    from gmtools.studies import italy

    return italy.on_grid("real", pixel_km=12)


def _semi_synthetic():
    from gmtools.studies import kanto

    return kanto.on_grid("auto")


REGIONS = {
    "italy": Region(
        "unet_italy_vs30",
        "SA(1 s), northern and central Italy",
        "Trained on real records: 1 s spectral accelerations measured in Italy (ITA18).",
        "real records",
        _italian,
        (columns.VS30,),
        {columns.VS30: 600.0},
        "VS30 from geology: Michelini et al. (2008), in the USGS global VS30 mosaic (CC0)",
        classical_map.lanzano,
    ),
    "kanto": Region(
        "unet_kanto_open",
        "PGA, Kanto",
        "Semi-synthetic: stations, site terms and the catalog of earthquakes are real, every motion is simulated.",
        "semi-synthetic records",
        _semi_synthetic,
        (),
        {},
        "",
        classical_map.zhao,
    ),
}


def make(name, folder=FOLDER):
    """Write ``NAME.npz`` and ``NAME.json`` of a key of :data:`REGIONS`. Raises DataNotFound, and PackageUnreachable
    where npm does not give the outline."""
    region = REGIONS[name]
    study = region.study()
    grid, frame = study.grid, study.frame
    points, ends = map_outline.outline(grid)
    cell = study.row * grid.nx + study.column
    table, classical = region.classical()
    layers = [np.nan_to_num(study.layers[key].values, nan=region.fill[key]) for key in region.layers]
    arrays = {
        "static": np.array(layers, "float32").reshape(len(layers), *grid.shape),
        "outline": points,
        "outline_ends": ends,
        "records": np.bincount(cell, minlength=grid.nx * grid.ny).reshape(grid.shape).astype("uint16"),
        "land": map_outline.land(points, ends, grid).astype("uint8"),
        "support": support(study, region),
        **table,
    }
    sources = [source for source in (region.layer_source, map_outline.SOURCE) if source]
    data = {"id": study.dataset.data_id, "records": len(frame), "events": int(frame[columns.EVENT].nunique())}
    data |= {"stations": int(frame[columns.STATION].nunique()), "citation": study.dataset.citation}
    facts = {"network": region.network, "title": region.title, "kind": region.kind, "tag": region.tag}
    facts |= {"grid": asdict(grid), "static": list(region.layers), "classical": classical, "data": data}
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / f"{name}.npz", allow_pickle=False, **arrays)
    text = json.dumps({**facts, "layers": sources}, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")


def support(study, region):
    """Where its network has learned from records, by magnitude, epicentral distance and VS30 of the pixel (500 m/s
    where it does not read VS30): masks as :func:`gmtools.networks.masks_of` gives them."""
    frame, vs30 = study.frame, 500.0
    if columns.VS30 in region.layers:
        vs30 = study.layers[columns.VS30].values[study.row, study.column]
        vs30 = np.nan_to_num(vs30, nan=region.fill[columns.VS30])
    names = columns.STATION_LONGITUDE, columns.STATION_LATITUDE, columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE
    epicentral = geodesy.hypocentral_distance_km(*(frame[name] for name in names), 0.0)
    table = {columns.MAGNITUDE: frame[columns.MAGNITUDE], columns.REPI: epicentral, columns.VS30: vs30, "target": 1.0}
    near = networks.support_of(pd.DataFrame(table), ["target"], (columns.MAGNITUDE, columns.REPI, columns.VS30))
    return networks.masks_of(near)


def read(name, folder=FOLDER):
    """Arrays and facts of a region; UnknownModel where there is no such file."""
    path = folder / f"{name}.npz"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.npz"))) or "none"
        raise UnknownModel(
            f"There is no ground of {name!r}; there is that of {known}. Make it: explorers.map_ground.make."
        )
    with np.load(path, allow_pickle=False) as file:
        return dict(file), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
