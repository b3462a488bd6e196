import math
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from gmtools import columns, gmms
from gmtools.errors import ColumnMissing, GmtoolsError, OutOfRange

NGA = ("ASK14", "BSSA14", "CB14", "CY14", "I14")
IRAN = ("ZafaraniEtAl2018", "KaleEtAl2015Iran", "GhasemiEtAl2009")


def table(**values):
    frame = gmms.scenarios(values.pop("magnitude"), values.pop("rjb_km", 30), values.pop("vs30_m_s"))
    return frame.assign(**values)


# Medians in g from the tables that the authors' own codes made and OpenQuake's repository is verified with:
# (model, magnitude, rake, distance, VS30, {period: g}); OpenQuake's stated tolerance for them is 0.1 %.
G10 = 9.80665 / 10
AUTHORS = [
    ("BSSA14", 4, -90, {"rjb_km": 100}, 400, {0: 3.82604e-4, 0.1: 7.58673e-4, 1: 1.01966e-4, 3: 1.21499e-5}),
    ("BSSA14", 4, -90, {"rjb_km": 0}, 600, {0: 0.0293795, 0.2: 0.046369, 2: 4.99664e-4}),
    ("I14", 7, 0, {"rrup_km": 20}, 450, {0: 2.42372396e-1, 0.2: 5.25438143e-1, 3: 5.01357922e-2}),
    ("I14", 6, 0, {"rrup_km": 10}, 750, {0: 1.57883438e-1, 0.5: 1.59624600e-1, 1: 6.65450090e-2}),
    ("KaleEtAl2015Iran", 5, 90, {"rjb_km": 20}, 570, {0: 3.74708280e-2, 0.05: 5.27482954e-2}),
    # This table was made with g = 10 m/s2.
    (
        "ZafaraniEtAl2018",
        6.5,
        90,
        {"rjb_km": 20},
        760,
        {0: 0.091002536 / G10, 0.1: 0.18369928 / G10, 3: 0.0191925144 / G10},
    ),
    ("GhasemiEtAl2009", 6.5, 0, {"rrup_km": 30}, 500, {0.05: 0.126796233, 0.2: 0.242451085, 3: 0.022074668}),
    ("GhasemiEtAl2009", 7, 0, {"rrup_km": 50}, 800, {0.1: 0.153998273, 1: 0.089370395, 2: 0.04793086}),
]


@pytest.mark.parametrize(("model", "magnitude", "rake", "distance", "vs30", "expected"), AUTHORS)
@pytest.mark.filterwarnings("ignore::gmtools.errors.OutOfRange")
def test_medians_of_the_authors(model, magnitude, rake, distance, vs30, expected):
    frame = table(magnitude=magnitude, vs30_m_s=vs30, rake_deg=rake).drop(columns="rjb_km").assign(**distance)
    median = np.exp(gmms.predict(model, frame, tuple(expected)).mean[0])
    assert median == pytest.approx(list(expected.values()), rel=1e-3)


def boore_2014_pga(magnitude, rjb, vs30):
    """ln PGA (g), strike-slip: Boore et al. (2014), eqs. 1 to 8 with the coefficients printed for PGA."""
    h, mh = 4.5, 5.5
    event = 0.4856 + (
        1.431 * (magnitude - mh) + 0.05053 * (magnitude - mh) ** 2 if magnitude <= mh else -0.1662 * (magnitude - mh)
    )
    r = math.hypot(rjb, h)
    path = (-1.134 + 0.1917 * (magnitude - 4.5)) * math.log(r) - 0.008088 * (r - 1)
    linear = -0.6 * math.log(min(vs30, 1500) / 760)
    f2 = -0.15 * (math.exp(-0.00701 * (min(vs30, 760) - 360)) - math.exp(-0.00701 * 400))
    return event + path + linear + f2 * math.log((math.exp(event + path) + 0.1) / 0.1)


@pytest.mark.parametrize("scenario", [(4.5, 10, 300), (6, 1, 760), (6.5, 30, 400), (7.5, 150, 1200)])
def test_bssa14_pga_by_hand(scenario):
    prediction = gmms.predict("BSSA14", gmms.scenarios(*scenario), (0,))
    assert prediction.mean.item() == pytest.approx(boore_2014_pga(*scenario), abs=1e-9)


@pytest.mark.parametrize("model", gmms.MODELS)
@pytest.mark.filterwarnings("ignore::gmtools.errors.OutOfRange")
def test_same_as_openquakes_own_context_maker(model):
    """The direct call gives what OpenQuake gives through its own, much slower machinery."""
    from openquake.hazardlib.contexts import simple_cmaker

    frame = table(magnitude=[5.2, 6.4, 7.1], rjb_km=[80, 15, 40], vs30_m_s=[300, 760, 500], rake_deg=[90, 0, -90])
    periods = (0.1, 1.0, 2.0)
    maker = simple_cmaker([gmms._gsim(gmms.MODELS[model].gsim)], [f"SA({period})" for period in periods])
    fields = gmms.context(frame)
    contexts = maker.new_ctx(len(frame))
    for name in contexts.dtype.names:
        if name in fields.dtype.names:
            contexts[name] = fields[name]
    expected = maker.get_mean_stds([contexts])[:, 0]
    ours = gmms.predict(model, frame, periods)
    assert ours.mean == pytest.approx(expected[0].T, abs=1e-12)
    assert ours.sigma == pytest.approx(expected[1].T, abs=1e-12)


@pytest.mark.parametrize("model", ["ASK14", "BSSA14", "CB14", "CY14", "ZafaraniEtAl2018", "KaleEtAl2015Iran"])
def test_total_standard_deviation_is_the_sum_of_its_parts(model):
    prediction = gmms.predict(model, gmms.scenarios([5, 6, 7], 30, 400))
    # Zafarani et al. print rounded decimal logarithms of all three.
    assert prediction.sigma == pytest.approx(np.hypot(prediction.tau, prediction.phi), abs=2.5e-3)


@pytest.mark.parametrize("model", ["I14", "GhasemiEtAl2009"])
def test_total_only_models_have_no_parts(model):
    prediction = gmms.predict(model, gmms.scenarios(6, 30, 800), (1.0,))
    assert np.isnan(prediction.tau).all() and np.isnan(prediction.phi).all()
    assert 0.5 < prediction.sigma.item() < 1


@pytest.mark.parametrize("model", NGA + IRAN)
@pytest.mark.filterwarnings("ignore::gmtools.errors.OutOfRange")
def test_levels_are_in_g_and_fall_with_distance(model):
    """A factor of 100 (cm/s2), 981 or log10 would show: the models agree within a factor of 2.5 at 0.2 s."""
    median = np.exp(gmms.predict(model, gmms.scenarios(6.5, [5, 30, 100, 300], 760), (0.2,)).mean[:, 0])
    assert (np.diff(median) < 0).all()
    assert 0.19 / 2.5 < median[1] < 0.19 * 2.5


def test_many_scenarios_take_well_under_a_second():
    random = np.random.default_rng(0)
    many = gmms.scenarios(
        random.uniform(4.7, 7.3, 15_000), random.uniform(0, 90, 15_000), random.uniform(200, 990, 15_000)
    )
    for model in ("ASK14", "BSSA14", "CB14", "CY14", "ZafaraniEtAl2018", "KaleEtAl2015Iran"):
        gmms.predict(model, many[:1])
        start = time.perf_counter()
        assert np.isfinite(gmms.predict(model, many).mean).all()
        assert time.perf_counter() - start < 2, model  # 0.02 to 0.15 s on an idle core


def test_scenarios_broadcast_in_c_order():
    frame = gmms.scenarios([[5], [6]], [10, 20, 30], 400)
    assert list(frame) == [columns.MAGNITUDE, columns.RJB, columns.VS30]
    assert frame.magnitude.tolist() == [5, 5, 5, 6, 6, 6] and frame.rjb_km.tolist() == [10, 20, 30] * 2
    with pytest.raises(ValueError, match="broadcast"):
        gmms.scenarios([5, 6], [1, 2, 3], 400)


@pytest.mark.parametrize("model", NGA + IRAN)
@pytest.mark.filterwarnings("ignore::gmtools.errors.OutOfRange")
def test_input_unchanged_and_rows_independent(model):
    frame = table(magnitude=[5, 6, 7], vs30_m_s=[300, 500, 900], rake_deg=[0, 90, np.nan])
    before = frame.copy(deep=True)
    together = gmms.predict(model, frame, (0.2, 1)).mean
    assert frame.equals(before)
    alone = np.concatenate([gmms.predict(model, frame.iloc[[row]], (0.2, 1)).mean for row in range(3)])
    assert together == pytest.approx(alone, abs=1e-12)


def test_defaults_of_a_vertical_strike_slip_fault():
    fields = gmms.context(gmms.scenarios([4.5, 6.5, 8], [30, 0, 0], 400))
    assert (fields.dip == 90).all() and (fields.rake == 0).all() and (fields.z1pt0 == -999).all()
    # Chiou & Youngs (2014), eq. 5: 2.673^2 = 7.145 km, (2.673 - 1.136 * 1.53)^2 = 0.874 km, 0
    assert fields.ztor == pytest.approx([7.145, 0.874, 0], abs=1e-3)
    assert fields.rrup == pytest.approx([math.hypot(30, 7.145), 0.874, 0], abs=1e-3)
    assert fields.width == pytest.approx([10**0.455, 10**0.995, 10**1.4])
    assert (fields.hypo_depth > fields.ztor).all()
    assert fields.rx.tolist() == [-30, 0, 0]  # on the foot wall


def test_reverse_faulting_has_its_own_depth_to_top():
    fields = gmms.context(table(magnitude=[5, 7], vs30_m_s=400, rake_deg=[90, 145]))
    assert fields.ztor == pytest.approx([2.704**2, (2.704 - 1.226 * 1.151) ** 2])


def test_rupture_distance_alone_gives_joyner_boore_distance():
    frame = table(magnitude=[4.5, 4.5, 6], vs30_m_s=400).drop(columns="rjb_km").assign(rrup_km=[5, 30, np.nan])
    fields = gmms.context(frame)
    assert fields.rjb[:2] == pytest.approx([0, math.sqrt(900 - 7.145**2)], abs=1e-3)
    assert np.isnan(gmms.predict("BSSA14", frame).mean[2]).all()
    assert np.isfinite(gmms.predict("BSSA14", frame).mean[:2]).all()


@pytest.mark.parametrize("model", gmms.MODELS)
@pytest.mark.filterwarnings("ignore::gmtools.errors.OutOfRange")
def test_what_is_missing_is_not_guessed(model):
    """OpenQuake's site-class models answer a missing VS30 with a site that is in no class."""
    frame = gmms.scenarios([np.nan, 6, 6, 6], [30, np.nan, 30, 30], [400, 400, np.nan, 400])
    prediction = gmms.predict(model, frame, (0.2,))
    for values in (prediction.mean, prediction.sigma):
        assert np.isnan(values[:, 0]).tolist() == [True, True, True, False]


def test_given_distances_and_depth_are_kept():
    frame = table(magnitude=5, rjb_km=12, vs30_m_s=400, rrup_km=20, hypocentral_depth_km=3)
    fields = gmms.context(frame)
    assert (fields.rjb.item(), fields.rrup.item(), fields.hypo_depth.item(), fields.ztor.item()) == (12, 20, 3, 3)


@pytest.mark.parametrize(
    ("model", "scenario", "message"),
    [
        ("BSSA14", (2.5, 30, 400), r"BSSA14: magnitude 2.5 \(1 of 1 values\) is outside 3 to 8.5 \(Gregor"),
        ("I14", (6, 30, 400), r"I14: vs30_m_s 400 .* outside 450 and above"),
        ("KaleEtAl2015Iran", (6, 250, 400), r"rjb_km 250 .* outside 0 to 200 \(limits given by Kale"),
        ("GhasemiEtAl2009", (6, 120, 400), r"rjb_km 120 .* outside 0 to 100"),
    ],
)
def test_out_of_range_is_named(model, scenario, message):
    with pytest.warns(OutOfRange, match=message):
        gmms.predict(model, gmms.scenarios(*scenario), (1.0,))


def test_at_the_limit_there_is_no_warning_even_when_the_other_distance_is_derived():
    with warnings.catch_warnings():
        warnings.simplefilter("error", OutOfRange)
        gmms.predict("ASK14", gmms.scenarios(4.5, 300, 1000))


@pytest.mark.parametrize(
    ("model", "magnitude", "farthest_km", "vs30_m_s"),
    [
        ("ASK14", 3, 300, (180, 1000)),
        ("BSSA14", 3, 400, (150, 1500)),
        ("CB14", 3.3, 300, (150, 1500)),
        ("CY14", 3.5, 300, (180, 1500)),
    ],
)
def test_limits_are_those_that_the_developers_recommend(model, magnitude, farthest_km, vs30_m_s):
    """Gregor et al. (2014): inside nothing is said, outside each quantity by itself."""
    low, high = vs30_m_s
    with warnings.catch_warnings():
        warnings.simplefilter("error", OutOfRange)
        gmms.predict(model, gmms.scenarios([magnitude, 8.5], [0, farthest_km], vs30_m_s))
    for beyond in (
        (magnitude - 0.1, 30, 400),
        (8.6, 30, 400),
        (6, farthest_km + 5, 400),
        (6, 30, low - 1),
        (6, 30, high + 1),
    ):
        with pytest.warns(OutOfRange, match="1 of 1 values"):
            gmms.predict(model, gmms.scenarios(*beyond))


def test_one_warning_for_many_rows():
    with pytest.warns(OutOfRange) as caught:
        gmms.predict("CB14", gmms.scenarios([3, 3.1, 3.2, 5], 30, 400))
    assert len(caught) == 1
    assert "magnitude 3 to 3.2 (3 of 4 values)" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_ordinates_that_a_model_lacks_are_nan():
    """OpenQuake would answer Ghasemi's PGA with the coefficients of 0.05 s."""
    with pytest.warns(OutOfRange, match=r"PGA, PSA\(4 s\) left as NaN, the model has PSA from 0.05 to 3 s"):
        prediction = gmms.predict("GhasemiEtAl2009", gmms.scenarios(6, 30, 400), (0, 0.05, 0.075, 4))
    assert np.isnan(prediction.mean[0]).tolist() == [True, False, False, True]
    assert np.isnan(prediction.sigma[0]).tolist() == [True, False, False, True]


def test_interpolates_coefficients_in_the_logarithm_of_period():
    """Ghasemi et al. between 1 and 2 s: a4 is the same at both, so ln PSA itself is linear in ln T."""
    low, middle, high = gmms.predict("GhasemiEtAl2009", gmms.scenarios(6, 30, 400), (1, math.sqrt(2), 2)).mean[0]
    assert middle == pytest.approx((low + high) / 2, abs=1e-12)


def test_missing_columns_and_unknown_models():
    frame = gmms.scenarios(6, 30, 400)
    with pytest.raises(ColumnMissing, match=r"needs vs30_m_s, rjb_km or rrup_km; the table has magnitude\. Add"):
        gmms.predict("BSSA14", frame[["magnitude"]])
    with pytest.raises(GmtoolsError, match=r"'BSSA08'. Use one of ASK14, BSSA14"):
        gmms.predict("BSSA08", frame)


def test_no_row_and_shapes():
    frame = gmms.scenarios([5, 6], 30, 400)
    prediction = gmms.predict("BSSA14", frame)
    assert prediction.periods == columns.PERIODS
    for values in (prediction.mean, prediction.sigma, prediction.tau, prediction.phi):
        assert values.shape == (2, 13)
    assert gmms.predict("BSSA14", frame[:0]).mean.shape == (0, 13)


def test_import_does_not_load_openquake():
    code = "import sys, gmtools.gmms; sys.exit('openquake' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
