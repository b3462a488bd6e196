import numpy as np
import pytest
import shapely
from scipy.io import netcdf_file

from gmtools.data import catalog
from gmtools.data.readers import file_ending, gshhs, topography, vs30_grid


def needs(data_id):
    return pytest.mark.skipif(not catalog.available(data_id), reason=f"GMTOOLS_DATA names no folder with {data_id}")


def grid_file(path, names=("x", "y", "z")):
    with netcdf_file(path, "w") as content:
        for name, values in zip(names, ([10.0, 11, 12], [40.0, 41], [[603, 230, 600], [1000, 603, 150]]), strict=True):
            values = np.array(values)
            dimensions = ("y", "x") if values.ndim == 2 else (name,)
            for dimension, size in zip(dimensions, values.shape, strict=True):
                if dimension not in content.dimensions:
                    content.createDimension(dimension, size)
            content.createVariable(name, "d", dimensions)[:] = values
    return path


def test_filler_of_a_vs30_grid_is_masked(tmp_path):
    raster = vs30_grid.read(grid_file(tmp_path / "grid.grd"))
    assert raster.longitude.tolist() == [10, 11, 12] and raster.latitude.tolist() == [40, 41]
    np.testing.assert_array_equal(raster.values, [[np.nan, 230, 600], [1000, np.nan, 150]])
    assert (raster.unit, raster.licence) == ("m/s", "CC0")


def test_topography(tmp_path):
    path = tmp_path / "topo.npz"
    np.savez(path, lon=[10.0, 11], lat=[40.0, 41, 42], elev_m=np.arange(6.0, dtype="float32").reshape(3, 2))
    raster = topography.read(path)
    assert raster.values[2, 1] == 5 and raster.values.dtype == float and raster.unit == "m"


def test_pickled_topography_is_refused(tmp_path):
    path = tmp_path / "topo.npz"
    np.savez(path, lon=np.array([{}, {}]), lat=[40.0], elev_m=[[1.0, 2.0]])
    with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
        topography.read(path)


def coast(tmp_path, lines):
    """A coastline of two squares, land at 10 to 12 degrees, a lake inside it."""
    squares = [np.array([(0, 0), (2, 0), (2, 2), (0, 2), (0, 0)]) + 10, np.array([(1, 1), (1.5, 1), (1, 1.5)]) + 10]
    (tmp_path / "gshhs_i.dat").write_bytes(np.concatenate(squares).astype("<f4").tobytes())
    (tmp_path / "gshhsmeta_i.dat").write_text(lines)
    return {f"coast/{name}": tmp_path / name for name in ("gshhs_i.dat", "gshhsmeta_i.dat")}


INDEX = "1 5.0 5 10.0 12.0 0 40 7\n2 0.1 3 11.0 11.5 40 24 8\n"


def test_coastline(tmp_path):
    paths = coast(tmp_path, INDEX)
    (land,) = gshhs.read(paths)
    assert land.tolist() == [[10, 10], [12, 10], [12, 12], [10, 12], [10, 10]]
    (lake,) = gshhs.read(paths, kind=2)
    assert len(lake) == 3
    assert gshhs.read(paths, box=(13, 20, 5, 15)) == []


@needs("italy_vs30_grid")
def test_real_vs30_grid():
    (path,) = catalog.find("italy_vs30_grid").values()
    raster = vs30_grid.read(path)
    assert raster.values.shape == (715, 789) and np.isfinite(raster.values).sum() == 118_043
    assert set(raster.values[np.isfinite(raster.values)]) == {150, 230, 250, 600, 1000}


@needs("topography_1min")
def test_real_topography():
    raster = topography.read(file_ending(catalog.find("topography_1min"), "topo_italy_1min_de15.npz"))
    assert raster.values.shape == (421, 660) and raster.cell_km == pytest.approx(1.853, abs=0.001)
    row, column = np.unravel_index(raster.values.argmax(), raster.values.shape)
    assert (raster.longitude[column], raster.latitude[row]) == pytest.approx((6.87, 45.83), abs=0.05)  # Mont Blanc


@needs("coastline_gshhs")
def test_real_coastline_knows_land():
    land = shapely.union_all(
        [shapely.Polygon(line) for line in gshhs.read(catalog.find("coastline_gshhs"), (6, 19, 36, 48))]
    )
    places = [13.35, 9.19, 12.0, 15.0], [42.35, 45.46, 40.0, 43.5]  # L'Aquila, Milan, Tyrrhenian Sea, Adriatic
    assert shapely.contains_xy(land, *places).tolist() == [True, True, False, False]
