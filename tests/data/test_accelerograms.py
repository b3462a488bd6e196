import numpy as np
import pytest

from gmtools import columns
from gmtools.data.accelerograms import Accelerogram, Exclusion, Rules, select, signal_to_noise_db
from gmtools.errors import RecordingUnusable
from gmtools.site.picks import plausible, with_picks

RATE = 100.0


def record(name="E1_S1", seconds=70.0, **known):
    """Noise, from 20 s on a hundred times stronger: a usable record unless ``known`` makes it another."""
    random = np.random.default_rng(abs(hash(name)) % 1000 if name == "random" else 3)
    samples = random.standard_normal((round(seconds * RATE), 3))
    samples[2000:] *= 100
    fields = {"vs30_m_s": 400.0, "repi_km": 50.0, "p_time_s": 10.0, "s_time_s": 20.0} | known
    samples = fields.pop("change", lambda values: values)(samples)
    return Accelerogram(samples, RATE, record_id=name, event_id="E1", station_id="S1", **fields)


def clipped(samples):
    return samples.clip(-150, 150)


def filled_gap(samples):
    samples[3000:3200, 1] = 7.0
    return samples


def padded(samples):
    samples[:300] = samples[-300:] = 0.0
    return samples


def dead(samples):
    samples[:, 2] = 1.0
    return samples


def test_samples_are_kept_as_float32():
    assert record().acceleration.dtype == np.float32 and record().duration_s == 70.0


@pytest.mark.parametrize("shape", [(500, 2), (500,), (500, 4), (3, 500)])
def test_another_number_of_components_is_an_error(shape):
    with pytest.raises(RecordingUnusable, match=r"R1: samples of shape .* three columns \(north, east, up\)"):
        Accelerogram(np.ones(shape), RATE, "R1", "E1", "S1")


def test_samples_that_are_no_numbers_are_an_error():
    samples = np.ones((500, 3))
    samples[40:50, 1] = np.nan
    with pytest.raises(RecordingUnusable, match="R1: 10 of 500 samples are no numbers"):
        Accelerogram(samples, RATE, "R1", "E1", "S1")


def test_signal_to_noise_ratio_by_its_definition():
    """Amplitude 100 after S, 1 before P: 40 dB; the ten seconds after S are cut at the end of the record."""
    assert signal_to_noise_db(record()) == pytest.approx(40, abs=0.2)
    assert signal_to_noise_db(record(seconds=25.0)) == pytest.approx(40, abs=0.3)
    assert np.isnan(signal_to_noise_db(record(p_time_s=np.nan))) and np.isnan(signal_to_noise_db(record(p_time_s=0.0)))


@pytest.mark.parametrize(
    ("known", "rules", "reason", "detail"),
    [
        ({"seconds": 3.0}, Rules(), "too short", "3 s; at least 60 s"),
        ({"change": clipped}, Rules(), "clipped", r"samples at its peak of 150 cm/s²"),
        ({"change": filled_gap}, Rules(), "gap", "east keeps one value for 2 s inside"),
        ({"change": dead}, Rules(), "dead component", "up is 1 cm/s² throughout"),
        ({"vs30_m_s": np.nan}, Rules(), "no VS30", "VS30 is nan"),
        ({"vs30_m_s": 0.0}, Rules(), "no VS30", "VS30 is 0"),
        ({"repi_km": 121.0}, Rules(), "too far", "121 km; at most 120 km"),
        ({"repi_km": np.nan}, Rules(), "too far", "nan km"),
    ],
)
def test_each_fault_is_listed_with_its_reason(known, rules, reason, detail):
    kept, excluded = select([record(**known)], rules)
    assert kept == [] and list(excluded["reason"]) == [reason]
    assert excluded["detail"].str.contains(detail).all() and list(excluded[columns.RECORD]) == ["E1_S1"]


@pytest.mark.parametrize(("share", "kept"), [(0.99, 1), (0.997, 0)])
def test_a_record_is_clipped_where_it_stays_within_half_a_percent_of_its_peak(share, kept):
    def held(samples):
        samples[4000:4004, 0] = share * 500
        samples[5000, 0] = 500
        return samples

    assert len(select([record(change=held)], Rules())[0]) == kept


@pytest.mark.parametrize(
    ("known", "rules"),
    [
        ({}, Rules()),
        ({"change": padded}, Rules()),
        ({"repi_km": np.nan}, Rules(farthest_km=np.inf)),
        ({"vs30_m_s": np.nan}, Rules(vs30_needed=False)),
    ],
)
def test_usable_records_are_kept(known, rules):
    kept, excluded = select([record(**known)], rules)
    assert len(kept) == 1 and excluded.empty


def test_none_is_lost_between_kept_and_excluded():
    unread = Exclusion("broken.asc", "unreadable", "cut off")
    inputs = [record("A"), record("B", seconds=3.0), unread, record("C"), record("A"), record("D", vs30_m_s=np.nan)]
    kept, excluded = select(iter(inputs))
    assert [entry.record_id for entry in kept] == ["A", "C"]
    assert len(kept) + len(excluded) == len(inputs)
    assert excluded["reason"].value_counts().to_dict() == {
        "too short": 1,
        "unreadable": 1,
        "there twice": 1,
        "no VS30": 1,
    }


def test_row_and_samples_make_the_record_again():
    before = record(magnitude=4.2)
    again = Accelerogram.from_row(before.acceleration, RATE, before.row() | {"more": 1})
    assert again.row() == pytest.approx(before.row(), nan_ok=True)


def test_picker_finds_planted_arrivals_and_leaves_given_ones():
    random = np.random.default_rng(1)
    samples = random.standard_normal((4000, 3))
    samples[1500:, 2] += 30 * random.standard_normal(2500) * np.exp(-np.arange(2500) / 400)
    samples[2200:, :2] += 300 * random.standard_normal((1800, 2)) * np.exp(-np.arange(1800) / 400)[:, None]
    bare = Accelerogram(samples, RATE, "R", "E", "S")
    picked = with_picks(bare)
    assert picked.p_time_s == pytest.approx(15, abs=0.3) and picked.s_time_s == pytest.approx(22, abs=1.0)
    given = record(rhyp_km=75.0)  # 10 s between P and S are some 80 km
    assert with_picks(given) is given


@pytest.mark.parametrize(("times", "told"), [(1.5, False), (3.0, True)])
def test_without_a_distance_the_second_after_p_must_have_twice_the_variance(times, told):
    samples = np.random.default_rng(5).standard_normal((4000, 3))
    samples[1000:] *= np.sqrt(times)
    assert plausible(Accelerogram(samples, RATE, "R", "E", "S", p_time_s=10.0, s_time_s=20.0)) is told


@pytest.mark.parametrize(
    "p, s, rhyp",
    [(10.0, 20.0, 10.0), (10.0, 20.0, 300.0), (0.1, 1.6, 10.0)],
    ids=["too far", "too near", "at the start"],
)
def test_times_that_do_not_fit_the_distance_are_no_picks(p, s, rhyp):
    wrong = with_picks(record(p_time_s=p, s_time_s=s, rhyp_km=rhyp))  # noise: the picker finds nothing that fits either
    assert not plausible(wrong) and np.isnan([wrong.p_time_s, wrong.s_time_s]).all()
