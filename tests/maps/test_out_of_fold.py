import numpy as np
import pandas as pd
import pytest

from gmtools import columns
from gmtools.errors import CacheNotWritable, FormatError, UnknownModel
from gmtools.maps import out_of_fold

FRAME = pd.DataFrame({columns.EVENT: ["a", "a", "b"], columns.STATION: ["s", "t", "s"]})


def test_predictions_come_back_for_the_same_records_only(tmp_path):
    mean = np.linspace(-8, -2, 12).reshape(2, 2, 3)
    out_of_fold.save("some", FRAME, {"7c": mean}, folder=tmp_path, lesson="32_x", trials={"as above": 1.5})
    arrays, facts = out_of_fold.load("some", FRAME, tmp_path)
    assert np.allclose(arrays["7c"], mean, atol=0.004) and arrays["7c"].dtype == np.float32
    assert facts["trials"] == {"as above": 1.5}
    with pytest.raises(FormatError, match=r"made for 3 other records than these 2.*gmtools run 32_x --profile full"):
        out_of_fold.load("some", FRAME[:2], tmp_path)
    with pytest.raises(FormatError, match="3 other records than these 3"):
        out_of_fold.load("some", FRAME[::-1], tmp_path)
    with pytest.raises(FormatError, match="3 other records than these 3"):
        out_of_fold.load("some", FRAME.assign(**{columns.STATION: ["t", "s", "s"]}), tmp_path)
    with pytest.raises(UnknownModel, match="there are some"):
        out_of_fold.load("other", FRAME, tmp_path)


def test_gaps_and_other_lengths_are_refused(tmp_path):
    with pytest.raises(FormatError, match=r"7c of some has shape \(2,\) for 3 records"):
        out_of_fold.save("some", FRAME, {"7c": np.zeros(2)}, tmp_path)
    with pytest.raises(FormatError, match="holds NaN"):
        out_of_fold.save("some", FRAME, {"7c": np.array([0, np.nan, 0])}, tmp_path)


def test_a_full_disk_leaves_no_half_file(small_disk):
    noise = np.random.default_rng(0).normal(size=(300_000, 3))
    with pytest.raises(CacheNotWritable, match="No space left on device"):
        out_of_fold.save("some", FRAME, {"7c": noise}, small_disk)
    assert list(small_disk.iterdir()) == []
