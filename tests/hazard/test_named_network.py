"""A named network as a model of OpenQuake, checked as OpenQuake checks its own."""

import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openquake.hazardlib import valid
from openquake.hazardlib.calc.hazard_curve import calc_hazard_curves
from openquake.hazardlib.const import StdDev
from openquake.hazardlib.contexts import ContextMaker
from openquake.hazardlib.geo import NodalPlane, Point
from openquake.hazardlib.imt import PGA, SA, from_string
from openquake.hazardlib.mfd import TruncatedGRMFD
from openquake.hazardlib.pmf import PMF
from openquake.hazardlib.scalerel import PointMSR
from openquake.hazardlib.site import Site, SiteCollection
from openquake.hazardlib.source import PointSource
from openquake.hazardlib.tom import PoissonTOM
from scipy.stats import norm

from gmtools.cache import PROJECT
from gmtools.errors import FormatError, OutOfRange, UnknownModel
from gmtools.networks import openquake

NAMES = ("ann_nga_west2", "ann_iran_transfer")
FIELDS = {"magnitude": "mag", "rjb_km": "rjb", "vs30_m_s": "vs30"}
ALL = {StdDev.TOTAL, StdDev.INTER_EVENT, StdDev.INTRA_EVENT}


def context(frame, fields=("mag", "rjb", "vs30")):
    rows = np.zeros(len(frame), [(name, float) for name in fields]).view(np.recarray)
    for column, name in FIELDS.items():
        if name in fields:
            rows[name] = frame[column]
    return rows


def computed(model, rows, imts):
    arrays = np.zeros((4, len(imts), len(rows)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRange)
        model.compute(rows, imts, *arrays)
    return arrays


def scenarios(count, seed=0):
    draw = np.random.default_rng(seed).uniform
    return pd.DataFrame(
        {"magnitude": draw(4.5, 7.3, count), "rjb_km": draw(3, 75, count), "vs30_m_s": draw(230, 750, count)}
    )


@pytest.fixture(params=NAMES)
def model(request):
    return openquake.NamedNetwork(name=request.param)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_expected_values(name):
    """Inputs and values as OpenQuake's own tables have them; the medians were computed by Keras from the same files."""
    table = pd.read_csv(Path(__file__).with_name(f"{name}.csv"))
    model = openquake.NamedNetwork(name=name)
    imts = [PGA() if column == "pga" else SA(float(column)) for column in table.columns[5:]]
    for number, kind in enumerate(("MEAN", "TOTAL_STDDEV", "INTER_EVENT_STDDEV", "INTRA_EVENT_STDDEV")):
        rows = table[table["result_type"] == kind]
        inputs = rows.set_axis(["magnitude", "rjb_km", "vs30_m_s", *rows.columns[3:]], axis=1)
        found = computed(model, context(inputs), imts)[number].T
        assert len(rows) == 24
        np.testing.assert_allclose(np.exp(found) if number == 0 else found, rows.iloc[:, 5:], rtol=1e-4)


def test_what_it_declares_is_what_it_reads(model):
    declared = {*model.REQUIRES_RUPTURE_PARAMETERS, *model.REQUIRES_DISTANCES, *model.REQUIRES_SITES_PARAMETERS}
    assert declared == {"mag", "rjb", "vs30"}
    table, asked = scenarios(3), set()

    class Watched:
        def __getitem__(self, name):
            asked.add(name)
            return context(table)[name]

    computed(model, context(table), [PGA()])
    model.compute(Watched(), [PGA()], *np.zeros((4, 1, 3)))
    assert asked == declared


def test_inputs_stay_and_one_row_is_as_good_as_many(model):
    table = scenarios(1500)
    rows = context(table)
    before, imts = rows.copy(), [PGA(), SA(0.2), SA(3.0)]
    whole = computed(model, rows, imts)
    assert (rows == before).all()
    alone = np.concatenate([computed(model, rows[n : n + 1], imts) for n in range(0, 1500, 50)], axis=2)
    np.testing.assert_allclose(whole[:, :, ::50], alone, rtol=2e-6)


def test_the_same_through_openquakes_context_maker(model):
    rows = computed(model, context(scenarios(5)), [PGA(), SA(1.0)])
    maker = ContextMaker("*", [model], {"imtls": {"PGA": [0.1], "SA(1.0)": [0.1]}})
    found = maker.get_mean_stds([context(scenarios(5))])
    np.testing.assert_allclose(found[:, 0], rows, rtol=1e-6)


def test_the_parts_of_the_scatter_make_up_the_whole(model):
    assert model.DEFINED_FOR_STANDARD_DEVIATION_TYPES == ALL
    _, sigma, tau, phi = computed(model, context(scenarios(2)), [PGA(), SA(0.4), SA(2.0)])
    np.testing.assert_allclose(np.hypot(tau, phi), sigma, rtol=2e-3)  # between two periods each part is interpolated
    assert (tau > 0.2).all() and (phi > tau).all()


def test_between_two_periods_it_is_linear_in_the_logarithm_of_the_period(model):
    rows = context(scenarios(4))
    low, middle, high = computed(model, rows, [SA(0.5), SA(0.6), SA(0.75)])[0]
    np.testing.assert_allclose(middle, low + np.log(0.6 / 0.5) / np.log(0.75 / 0.5) * (high - low))


def test_other_ordinates_are_refused(model):
    with pytest.raises(KeyError, match=r"has no SA\(10.0\). It has PGA, SA\(0.05\)"):
        computed(model, context(scenarios(1)), [SA(10.0)])
    with pytest.raises(KeyError, match=r"no SA\(0.02\)"):
        computed(model, context(scenarios(1)), [SA(0.02)])


def test_each_range_is_warned_of_once():
    model = openquake.NamedNetwork(name="ann_iran_transfer")
    far = context(scenarios(2).assign(rjb_km=[200.0, 250.0]))
    with pytest.warns(OutOfRange, match=r"ann_iran_transfer: rjb_km 200 to 250 leaves 0.98 to 150.*pga_g"):
        model.compute(far, [PGA()], *np.zeros((4, 1, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.compute(far, [PGA()], *np.zeros((4, 1, 2)))


def test_names_that_are_no_ground_motion_model():
    with pytest.raises(UnknownModel, match="No network is called 'nobody'"):
        openquake.NamedNetwork(name="nobody")
    with pytest.raises(FormatError, match="peak_perceptron is no ground-motion model: it has"):
        openquake.NamedNetwork(name="peak_perceptron")


def test_a_logic_tree_names_it():
    model = valid.gsim('[NamedNetwork]\nname = "ann_nga_west2"')
    assert isinstance(model, openquake.NamedNetwork) and model == openquake.NamedNetwork(name="ann_nga_west2")


def test_a_million_rows_a_second_on_one_core():
    """Processor time of one thread, so that other work on the machine does not count; the best of five."""
    from threadpoolctl import threadpool_limits

    model, rows = openquake.NamedNetwork(name="ann_nga_west2"), context(scenarios(200_000))
    arrays, seconds = np.zeros((4, 1, len(rows))), []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", OutOfRange)
        for _ in range(5):
            began = time.process_time()
            model.compute(rows, [SA(1.0)], *arrays)
            seconds.append(time.process_time() - began)
    assert len(rows) / min(seconds) > 1e6


LEVELS = {"PGA": list(np.geomspace(0.01, 1.0, 25))}
DISTANCES_KM = np.arange(5.0, 100.0, 10.0)


def ring(distance_km):
    """Earthquakes at one place, 8 km deep and of next to no size, so that their RJB is the distance of the place."""
    return PointSource(
        f"{distance_km:g}", "ring", "Active Shallow Crust", TruncatedGRMFD(5.0, 7.0, 0.2, 2.5, 0.9), 1.0, PointMSR(),
        1.0, PoissonTOM(1.0), 7.9, 8.1, Point(distance_km / 111.195, 0), PMF([(1.0, NodalPlane(0, 90, 0))]),
        PMF([(1.0, 8.0)]),
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore::gmtools.errors.OutOfRange")
def test_a_hazard_curve_equals_an_integration_by_hand(model):
    """Rates of exceedance, over magnitudes and distances; an area adds OpenQuake's own points in place of the area."""
    sites, sources = SiteCollection([Site(Point(0, 0), vs30=400.0)]), [ring(distance) for distance in DISTANCES_KM]
    poe = calc_hazard_curves(sources, sites, LEVELS, {"Active Shallow Crust": model}, 99.0)["PGA"][0]
    edges = np.linspace(5.0, 7.0, 11)
    rate, center = -np.diff(10 ** (2.5 - 0.9 * edges)), (edges[1:] + edges[:-1]) / 2
    grid = pd.DataFrame({"magnitude": np.tile(center, 10), "rjb_km": np.repeat(DISTANCES_KM, 10), "vs30_m_s": 400.0})
    median, sigma = computed(model, context(grid), [PGA()])[:2, 0]
    by_hand = [np.tile(rate, 10) @ norm.sf((np.log(level) - median) / sigma) for level in LEVELS["PGA"]]
    np.testing.assert_allclose(-np.log1p(-poe), by_hand, rtol=0.005)


WITHOUT_GMTOOLS = """
import sys
sys.modules["gmtools"] = None  # importing it raises ImportError
import json, numpy as np, ann_iran_transfer
from openquake.hazardlib import valid
from openquake.hazardlib.imt import from_string
model = valid.gsim("AnnIranTransfer")
rows = np.rec.fromarrays(np.array(json.loads(sys.argv[1])).T, names="mag,rjb,vs30")
arrays = np.zeros((4, 3, len(rows)))
model.compute(rows, [from_string(name) for name in ("PGA", "SA(0.4)", "SA(1.0)")], *arrays)
assert not [name for name in sys.modules if name.split(".")[0] in ("keras", "tensorflow", "bookkit")]
print(json.dumps(arrays.tolist()))
"""


def test_an_exported_file_needs_no_gmtools(tmp_path):
    import json

    from bookkit import cli

    assert cli.main(["export", "oq", "ann_iran_transfer", str(tmp_path / "models")]) == 0
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["ann_iran_transfer.py"]
    rows = context(scenarios(40))
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_GMTOOLS, json.dumps([list(row) for row in rows.tolist()])]
    ran = subprocess.run(command, cwd=tmp_path / "models", capture_output=True, text=True, env={"PATH": ""})
    assert ran.returncode == 0, ran.stderr
    wanted = computed(
        openquake.NamedNetwork(name="ann_iran_transfer"), rows, [from_string(n) for n in ("PGA", "SA(0.4)", "SA(1.0)")]
    )
    np.testing.assert_allclose(json.loads(ran.stdout), wanted, rtol=1e-6)


def test_what_makes_the_model_is_small():
    lines = [
        len((PROJECT / "gmtools/networks" / name).read_text().splitlines()) for name in ("_gsim.py", "openquake.py")
    ]
    assert sum(lines) <= 210
