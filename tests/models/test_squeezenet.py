import numpy as np
import pytest
from PIL import Image

from gmtools.data import catalog
from gmtools.data.readers import ncnn_squeezenet
from gmtools.errors import FormatError, GmtoolsError, UnsuitableSize
from gmtools.models import keras, squeezenet

SIDE = 33
needs_weights = pytest.mark.skipif(
    not catalog.available("squeezenet_1_1"), reason="SqueezeNet is in no folder that GMTOOLS_DATA names"
)


def stripes(n, seed=0, side=SIDE):
    """White pictures with a dark stripe: lying, standing, or slanted."""
    random = np.random.default_rng(seed)
    labels, y, x = np.arange(n) % 3, *np.mgrid[:side, :side]
    across = np.stack([y, x, (x + y) / 2])[labels]
    inside = np.abs(across - random.integers(side // 3, 2 * side // 3, n)[:, None, None]) < 3
    return np.where(inside[..., None], 0, 255).astype("uint8").repeat(3, axis=-1), labels


def weights(model):
    return [np.array(values) for values in model.get_weights()]


def test_number_of_weights_and_size_of_the_maps():
    model = squeezenet.build()
    assert model.count_params() == 1_235_496
    assert model.get_layer("features").output_shape == (None, 14, 14, 512)
    assert squeezenet.build(3, 113).get_layer("features").output_shape == (None, 7, 7, 512)
    with pytest.raises(UnsuitableSize, match="16 pixels are too small"):
        squeezenet.build(3, 16)


@pytest.mark.parametrize("side", [7, 8, 113, 56])
def test_pooling_in_ceil_mode_counts_the_last_partial_window(side):
    maps = np.random.default_rng(0).normal(size=(1, side, side, 2)).astype("float32")
    size = -(-(side - 3) // 2) + 1
    padded = np.pad(maps, ((0, 0), (0, 2), (0, 2), (0, 0)), constant_values=-np.inf)
    expected = [[padded[0, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max((0, 1)) for j in range(size)] for i in range(size)]
    np.testing.assert_array_equal(squeezenet._ceil_pooling(keras.ops.convert_to_tensor(maps))[0], expected)


@needs_weights
def test_the_cat_is_taken_for_a_kit_fox_as_at_the_weights_origin():
    """Two printed results: 0.67 with torchvision's scaling (data notes), 0.996 in the origin's own screenshot.

    The screenshot's program subtracts another mean and forgets the standard deviation, and ncnn rounds when it resizes.
    """
    paths = catalog.find("squeezenet_1_1")
    names = ncnn_squeezenet.read_class_names(paths)
    model = squeezenet.load_weights(squeezenet.build(), ncnn_squeezenet.read(paths))
    path = next(path for name, path in paths.items() if name.endswith("cat.jpg"))
    picture = np.asarray(Image.open(path).convert("RGB"), "float32")
    picture = np.asarray(keras.ops.image.resize(picture, (227, 227)))  # bilinear, without averaging
    unscaled = (picture - [104, 117, 123]) * squeezenet.IMAGENET_SD + squeezenet.IMAGENET_MEAN
    usual, origin = squeezenet.probabilities(model, np.stack([picture, unscaled]))
    assert names[usual.argmax()] == names[origin.argmax()] == "kit fox, Vulpes macrotis"
    assert usual.max() == pytest.approx(0.672, abs=0.005)
    assert origin.max() == pytest.approx(0.996, abs=0.004)
    assert names[origin.argsort()[-2]] == "Pomeranian"


@needs_weights
def test_pretrained_weights_leave_a_new_last_layer_alone():
    model = squeezenet.build(3, SIDE)
    before = weights(model)
    squeezenet.load_weights(model, ncnn_squeezenet.read(catalog.find("squeezenet_1_1")))
    changed = [not np.array_equal(old, new) for old, new in zip(before, weights(model), strict=True)]
    assert changed == [True] * 50 + [False, False]


def test_weights_of_another_network_are_refused():
    wrong = [ncnn_squeezenet.Convolution(np.zeros((3, 3, 3, 8)), np.zeros(8), 2, 0)]
    with pytest.raises(FormatError, match=r"not those of SqueezeNet 1\.1: 1 kernels"):
        squeezenet.load_weights(squeezenet.build(3, SIDE), wrong)


def test_the_last_layer_alone_learns_from_features_and_the_rest_stays():
    pictures, labels = stripes(66)
    model = squeezenet.build(3, SIDE, zero=(255,) * 3)
    before = weights(model.get_layer("features"))
    maps = squeezenet.features(model, pictures, batch=20)
    assert maps.dtype == "float16" and maps.shape == (66, 2, 2, 512)
    history = squeezenet.train_head(model, maps, labels, squeezenet.Recipe(epochs=30), validation=(maps, labels))
    assert history["epoch"].tolist() == list(range(1, 31))
    assert history["val_loss"].iloc[-1] < 0.7 * history["val_loss"].iloc[0]
    for old, new in zip(before, weights(model.get_layer("features")), strict=True):
        np.testing.assert_array_equal(old, new)
    whole = squeezenet.probabilities(model, pictures)
    np.testing.assert_allclose(whole, squeezenet.probabilities(model.get_layer("head"), maps), atol=0.01)


def test_features_can_be_reduced_batch_by_batch():
    pictures, _ = stripes(5, side=65)
    model = squeezenet.build(3, 65)
    reduced = squeezenet.features(model, pictures, reduce=lambda maps: maps.mean(axis=(1, 2)), batch=2)
    np.testing.assert_allclose(reduced, squeezenet.features(model, pictures).mean((1, 2), dtype=float), rtol=5e-3)


def test_the_new_layer_s_step_is_ten_times_larger():
    """One step of gradient descent from the same weights with factors 1 and 10, without dropout."""
    pictures, labels = stripes(11)
    steps = {}
    for factor in (1.0, 10.0):
        model = squeezenet.small_cnn(3, SIDE, 3, dropout=0.0)
        before = weights(model)
        recipe = squeezenet.Recipe(1, learning_rate=1e-3, head_factor=factor)
        squeezenet.fine_tune(model, pictures / np.float32(255), labels, recipe)
        steps[factor] = [new - old for old, new in zip(before, weights(model), strict=True)]
    np.testing.assert_allclose(steps[10.0][-2], 10 * steps[1.0][-2], rtol=1e-3, atol=2e-7)
    np.testing.assert_allclose(steps[10.0][0], steps[1.0][0], rtol=1e-3, atol=2e-7)
    assert np.abs(steps[1.0][0]).max() > 1e-5


def test_a_small_network_learns_where_something_is():
    """Two classes with the same stripe at the left or at the right."""
    random, labels = np.random.default_rng(0), np.arange(64) % 2
    pictures = np.zeros((64, 16, 16, 1), "float32")
    pictures[np.arange(64), :, np.where(labels, 12, 4) + random.integers(-1, 2, 64)] = 1
    model = squeezenet.small_cnn(2, 16, filters=(4, 8))
    recipe = squeezenet.Recipe(epochs=30, batch=16, learning_rate=1e-2, optimizer="adam")
    squeezenet.fine_tune(model, pictures, labels, recipe)
    assert (squeezenet.probabilities(model, pictures).argmax(1) == labels).all()
    assert squeezenet.small_cnn(4).count_params() == 14_084


def test_training_depends_on_the_seed_alone():
    pictures, labels = stripes(22)
    results = []
    for seed in (0, 0, 1):
        model = squeezenet.small_cnn(3, SIDE, 3, seed=seed)
        squeezenet.fine_tune(model, pictures / np.float32(255), labels, squeezenet.Recipe(epochs=1), seed=seed)
        results.append(squeezenet.probabilities(model, pictures / np.float32(255)))
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)
    assert np.abs(results[0] - results[2]).max() > 1e-3


def test_pictures_change_size():
    gray = np.zeros((2, 64, 64))
    gray[:, 16:32] = 1.0
    big = squeezenet.resized(gray, 128)
    assert big.shape == (2, 128, 128, 3) and big.dtype == "uint8"
    assert (big[:, 40:56] == 255).all() and (big[:, 80:] == 0).all()
    np.testing.assert_array_equal(squeezenet.resized(big, 64)[:, 20:28], 255)


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(GmtoolsError, match="10 pictures do not fill a batch of 11"):
        squeezenet.fine_tune(squeezenet.small_cnn(3, 16), np.zeros((10, 16, 16, 1), "float32"), np.zeros(10, int))
    with pytest.raises(GmtoolsError, match=r"optimizer is 'lm'; choose sgd or adam"):
        squeezenet.Recipe(optimizer="lm")
