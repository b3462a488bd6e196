import tracemalloc

import numpy as np
import pandas as pd
import pytest

from gmtools import columns
from gmtools.data.accelerograms import Accelerogram, Exclusion, Rules
from gmtools.errors import DataNotFound, FormatError, GmtoolsError, RecordingTooShort
from gmtools.simulate.accelerograms import SimulatedRecords
from gmtools.site.record_store import RecordStore, Stream, keep, window, window_start


def record(number, n_samples=7000, peak=5000, **known):
    samples = np.random.default_rng(number).standard_normal((n_samples, 3)).astype(np.float32)
    samples[peak, 1] = -100
    fields = {"vs30_m_s": 300.0 + number, "repi_km": 10.0, "p_time_s": 12.0, "s_time_s": 20.0} | known
    return Accelerogram(samples, 100.0, f"0{number}", f"0{number}", "0119", **fields)


@pytest.fixture
def store(tmp_path):
    inputs = [record(number, 7000 + number) for number in range(8)]
    inputs.insert(3, Exclusion("x.asc", "unreadable", "cut off"))
    inputs.insert(5, record(9, 300, peak=10))
    return RecordStore.write(tmp_path / "store", iter(inputs))


def test_records_come_back_as_they_were_written(store):
    assert len(store) == 8 and list(store.exclusions["reason"]) == ["unreadable", "too short"]
    for number in (7, 0, 3):
        again, before = store.accelerogram(number), record(number, 7000 + number)
        np.testing.assert_array_equal(again.acceleration, before.acceleration)
        assert again.row() == pytest.approx(before.row(), nan_ok=True)
    assert store.frame[columns.STATION].iloc[0] == "0119"


def test_a_store_can_be_opened_again_and_written_over(store, tmp_path):
    pd.testing.assert_frame_equal(RecordStore(tmp_path / "store").frame, store.frame)
    assert len(RecordStore.write(tmp_path / "store", [record(1)], Rules(farthest_km=5))) == 0


def test_an_interrupted_store_is_none(tmp_path):
    def broken():
        yield record(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RecordStore.write(tmp_path / "store", broken())
    with pytest.raises(DataNotFound, match="holds no whole record store"):
        RecordStore(tmp_path / "store")


def test_a_cut_file_of_samples_is_noticed(store, tmp_path):
    path = tmp_path / "store" / "samples.f4"
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(FormatError, match=r"samples\.f4 has \d+ bytes, its table says \d+"):
        RecordStore(tmp_path / "store")


@pytest.mark.parametrize(
    ("anchor", "known", "first"),
    [("start", {}, 0), ("p", {}, 0), ("p", {"p_time_s": 35.0, "s_time_s": 40.0}, 500), ("pga", {"peak": 3400}, 400)],
)
def test_windows_begin_half_a_window_before_their_anchor(anchor, known, first):
    """P earlier than 30 s puts both windows at sample 0, as in all six published samples."""
    assert window_start(record(1, **known), 60.0, anchor) == first


def test_window_has_three_components_and_the_mask_from_p_to_s():
    inputs = window(record(1, p_time_s=35.0, s_time_s=40.0))
    np.testing.assert_array_equal(inputs[:, :3], record(1).acceleration[500:6500])
    assert inputs.shape == (6000, 4) and inputs[:, 3].sum() == 501
    assert inputs[3000:3501, 3].all()
    assert not window(record(1, s_time_s=np.nan))[:, 3].any()


def test_windows_that_cannot_be_cut_are_errors():
    with pytest.raises(RecordingTooShort, match="01: 70 s long, the window asks for 95 s"):
        window(record(1, p_time_s=65.0, s_time_s=68.0))
    with pytest.raises(GmtoolsError, match="01 has no P time"):
        window(record(1, p_time_s=np.nan))
    with pytest.raises(GmtoolsError, match=r"anchor 's' is unknown\. Choose among start, p, pga"):
        window(record(1), anchor="s")


def test_stream_gives_each_record_once_and_shuffles_by_seed(store):
    plain = Stream(store, [1, 3, 5, 6, 7], batch_size=2)
    assert len(plain) == 3 and [len(inputs) for inputs, _ in plain] == [2, 2, 1]
    np.testing.assert_array_equal(plain[1][0][0], window(store.accelerogram(5)))
    assert list(plain[1][1][columns.RECORD]) == ["05", "06"]
    orders = [
        [name for _, rows in Stream(store, [1, 3, 5, 6, 7], 2, seed=seed) for name in rows[columns.RECORD]]
        for seed in (0, 0, 1)
    ]
    assert orders[0] == orders[1] != orders[2] and sorted(orders[2]) == ["01", "03", "05", "06", "07"]
    with pytest.raises(IndexError):
        plain[3]


class Costly:
    """Records of different lengths that count how often they are asked for, and may stop at one of them."""

    def __init__(self, stop=None):
        self.made, self.stop = [record(number, 5000 + number, peak=300) for number in range(6)], stop
        self.frame = pd.DataFrame([one.row() for one in self.made]).drop(columns=columns.SAMPLING_RATE)
        self.exclusions, self.asked = pd.DataFrame({columns.RECORD: ["x"], "reason": ["gap"], "detail": ["-"]}), []

    def __len__(self):
        return len(self.made)

    def accelerogram(self, index):
        if index == self.stop:
            raise KeyboardInterrupt
        self.asked.append(index)
        return self.made[index]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 5e-4), ("float32", 0)])
def test_records_are_made_once_and_come_back_from_disk(tmp_path, dtype, tolerance):
    costly, again = Costly(), Costly(stop=0)
    store = keep(costly, ["a", 1], "toy", tmp_path, dtype)
    assert keep(again, ["a", 1], "toy", tmp_path, dtype).frame.equals(store.frame) and again.asked == []
    assert list(store.frame[columns.SAMPLING_RATE]) == [100.0] * 6 and list(store.exclusions["reason"]) == ["gap"]
    for number in (5, 0):
        kept, before = store.accelerogram(number), costly.made[number]
        np.testing.assert_allclose(kept.acceleration, before.acceleration, rtol=tolerance, atol=tolerance * 0.02)
        assert (kept.record_id, kept.vs30_m_s, kept.p_time_s) == (before.record_id, before.vs30_m_s, before.p_time_s)
    keep(costly, ["b", 1], "toy", tmp_path, dtype)
    assert costly.asked == [*range(6), *range(6)]  # other inputs, another store


@pytest.mark.parametrize("cut", [("samples.f2", 1000), ("done.f8", 5), None])
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, cut):
    """Whichever of its two files was written further when it was killed."""
    broken = Costly(stop=4)
    with pytest.raises(KeyboardInterrupt):
        keep(broken, [1], "toy", tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    if cut:
        path = folder / cut[0]
        path.write_bytes(path.read_bytes()[: -cut[1]])
    later = Costly()
    store = keep(later, [1], "toy", tmp_path)
    assert later.asked == ([3, 4, 5] if cut else [4, 5])
    for number in range(6):
        np.testing.assert_allclose(
            store.accelerogram(number).acceleration, later.made[number].acceleration, rtol=5e-4, atol=1e-5
        )


def test_simulated_records_are_kept_by_arguments_and_code(tmp_path):
    sizes = {"n_records": 5, "n_stations": 12, "n_events": 12, "sampling_rate_hz": 20.0, "duration_s": 25.0}
    drawn = SimulatedRecords(seed=1, **sizes)
    store = keep(drawn, drawn.inputs, folder=tmp_path)
    pd.testing.assert_frame_equal(store.frame[drawn.frame.columns], drawn.frame)
    pd.testing.assert_frame_equal(store.exclusions, drawn.exclusions, check_dtype=False)
    samples = drawn.waveforms([3])[0]
    np.testing.assert_allclose(store.accelerogram(3).acceleration, samples, atol=5e-4 * np.abs(samples).max())
    other = SimulatedRecords(seed=1, **sizes | {"snr_db": (30.0, 31.0)})
    keep(other, other.inputs, folder=tmp_path)
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2


def test_a_kept_store_is_streamed_in_the_memory_of_one_batch(tmp_path):
    """36,000 records of 60 s at 100 Hz are 1.3 GB on disk: a bound of 2 GB needs that reading does not gather them."""
    drawn = SimulatedRecords(seed=1, n_records=96, n_stations=20, n_events=60)

    def peak(work):
        tracemalloc.start()
        result = work()
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest, result

    writing, store = peak(lambda: keep(drawn, drawn.inputs, folder=tmp_path))
    reading, _ = peak(lambda: sum(len(inputs) for inputs, _ in Stream(store, range(96), 8, anchor="start")))
    assert writing < 12e6 and reading < 4e6  # all of them are 7 MB as samples, 9 MB as inputs; one batch 0.8 MB


def test_another_precision_is_refused(tmp_path):
    with pytest.raises(GmtoolsError, match=r"dtype .int8. is not a choice\. Choose between float16 and float32"):
        keep(Costly(), [], folder=tmp_path, dtype="int8")
