import numpy as np
import pytest

from gmtools.errors import GmtoolsError, GridError
from gmtools.models import keras, unet


def with_drawn_weights(*arguments, seed=0, **settings):
    model = unet.build(*arguments, **settings)
    for variable, values in zip(model.trainable_variables, unet.draw_weights(model, seed), strict=True):
        variable.assign(values)
    return model


@pytest.mark.parametrize(
    ("depth", "base", "count"),
    [
        (4, 64, 31_035_266), (4, 32, 7_761_858), (4, 16, 1_941_986), (4, 8, 486_258), (3, 16, 482_914), (2, 16, 117_922)
    ],
)  # fmt: skip
def test_number_of_weights_with_nine_maps(depth, base, count):
    assert unet.build(32, 32, 9, depth=depth, base=base).count_params() == count


@pytest.mark.parametrize(
    ("size", "depth", "output"),
    [(572, 4, 388), (188, 4, 4), (204, 4, 20), (284, 4, 100), (92, 3, 4), (132, 3, 44), (188, 3, 100), (96, 2, 56)],
)
def test_sizes_without_padding(size, depth, output):
    assert unet.output_size(size, depth) == output


@pytest.mark.parametrize(("padding", "height", "width"), [("valid", 44, 52), ("symmetric", 8, 12), ("zero", 4, 8)])
def test_the_network_has_the_size_that_the_arithmetic_says(padding, height, width):
    model = unet.build(height, width, 2, depth=2, base=2, padding=padding)
    sides = unet.output_size(height, 2, padding), unet.output_size(width, 2, padding)
    assert model.output_shape == (None, *sides, 2)


@pytest.mark.parametrize(
    ("size", "depth", "padding", "message"),
    [
        (570, 4, "valid", "570 pixels does not fit a U-Net with 4 poolings and 'valid' padding; 556 or 572 does"),
        (400, 5, "symmetric", "400 .* 384 or 416 does"),
        (180, 4, "valid", "180 .* 188 does"),
        (16, 4, "reflect", "16 .*; 32 does"),
    ],
)
def test_a_size_that_does_not_fit_is_refused_with_the_nearest_that_do(size, depth, padding, message):
    with pytest.raises(GridError, match=message):
        unet.build(size, 768, depth=depth, base=1, padding=padding)


def test_unknown_choices_are_refused():
    with pytest.raises(GmtoolsError, match=r"padding = 'mirror' .* symmetric"):
        unet.build(16, 16, padding="mirror")
    with pytest.raises(GmtoolsError, match=r"head = 'tanh' .* linear, sigmoid"):
        unet.build(16, 16, head="tanh")


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
def test_mirror_padding_is_numpy_s(mode):
    maps = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    expected = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=mode)
    np.testing.assert_array_equal(unet.MirrorPadding(mode)(maps), expected)


def test_mirrored_padding_has_no_edge_effect_on_constant_maps_and_zeros_have():
    maps = np.ones((1, 6, 8, 3), "float32")
    spread = {
        padding: np.ptp(with_drawn_weights(6, 8, 3, depth=0, base=4, padding=padding)(maps)[..., 0])
        for padding in ("zero", "reflect", "symmetric")
    }
    assert spread["symmetric"] < 1e-6
    assert spread["reflect"] < 1e-6
    assert spread["zero"] > 1e-2


def test_crop_and_concatenate_lines_the_maps_up():
    """Far from the edges a network without padding and one with zeros are the same function of the same pixels."""
    maps = np.random.default_rng(1).normal(size=(1, 60, 60, 2)).astype("float32")
    inside = with_drawn_weights(60, 60, 2, depth=2, base=2, padding="valid")(maps)
    # Two pixels less at each edge: so the poolings of both join the same pixels.
    padded = with_drawn_weights(56, 56, 2, depth=2, base=2, padding="zero")(maps[:, 2:-2, 2:-2])
    np.testing.assert_allclose(inside[:, 4:-4, 4:-4], padded[:, 22:-22, 22:-22], atol=1e-5)
    assert np.ptp(inside[..., 0]) > 0.01


def test_leaky_relu_has_keras_values_and_gradient():
    import tensorflow as tf  # not above: gmtools.models has to be what imports it first

    values = tf.constant(np.random.default_rng(2).normal(size=(3, 4)).astype("float32"))
    for layer in (unet.LeanLeakyReLU(), keras.layers.LeakyReLU(unet.NEGATIVE_SLOPE)):
        with tf.GradientTape() as tape:
            tape.watch(values)
            output = layer(values)
            total = tf.reduce_sum(output**2)
        np.testing.assert_allclose(output, np.where(values > 0, values, 0.2 * values), rtol=1e-6)
        np.testing.assert_allclose(tape.gradient(total, values), 2 * np.where(values > 0, 1, 0.04) * values, rtol=1e-6)


def test_heads_keep_their_ranges():
    maps = 1e4 * np.random.default_rng(3).normal(size=(1, 8, 8, 2)).astype("float32")
    sigmoid = with_drawn_weights(8, 8, 2, depth=1, base=2, head="sigmoid")(maps)
    linear = with_drawn_weights(8, 8, 2, depth=1, base=2)(maps)
    assert np.min(sigmoid[..., 0]) >= 0
    assert np.max(sigmoid[..., 0]) <= 1
    assert np.ptp(linear[..., 0]) > 10
    assert np.min(linear[..., 1]) == -6
    assert np.max(linear[..., 1]) == 3


def test_initial_weights_depend_on_the_seed_and_have_the_variance_of_he():
    model = unet.build(16, 16, 9, depth=2, base=32)
    first, again, other = (unet.draw_weights(model, seed) for seed in (1, 1, 2))
    for variable, one, same, different in zip(model.trainable_variables, first, again, other, strict=True):
        np.testing.assert_array_equal(one, same)
        assert one.shape == tuple(variable.shape)
        if "outputs" not in variable.path and one.ndim == 4:
            assert not np.allclose(one, different)
            # 2x2 up-convolutions stand out: each pixel of theirs has one input pixel.
            fan_in = one.shape[3] if one.shape[0] == 2 else np.prod(one.shape[:3])
            assert one.std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.1)


def test_values_are_taken_at_the_pixel_of_the_right_event():
    maps = np.arange(2 * 3 * 4 * 2, dtype="float32").reshape(2, 3, 4, 2)
    taken = np.asarray(unet.AtPixels()(maps, np.array([[0, 5], [11, 11]])))
    np.testing.assert_array_equal(taken, [[maps[0, 0, 0], maps[0, 1, 1]], [maps[1, 2, 3], maps[1, 2, 3]]])


def test_loss_counts_every_observation_and_nothing_else():
    target = np.array([[1.0, 3.0, np.nan], [np.nan, np.nan, np.nan], [2.0, np.nan, np.nan]], "float32")
    prediction = np.zeros((3, 3, 2), "float32")
    prediction[0, :, 1] = np.log(4.0)
    prediction[1] = 99.0
    terms = [np.log(4) + 1 / 4, np.log(4) + 9 / 4, 0 + 4]
    assert float(unet.GaussianNLL("record")(target, prediction)) == pytest.approx(sum(terms) / 3, rel=1e-6)
    assert float(unet.GaussianNLL("event")(target, prediction)) == pytest.approx(sum(terms) / 2, rel=1e-6)
    with pytest.raises(GmtoolsError, match=r"per = 'pixel' .* record, event"):
        unet.GaussianNLL("pixel")


def test_missing_observations_leave_the_gradient_finite():
    import tensorflow as tf

    target = tf.constant([[1.0, np.nan]])
    prediction = tf.Variable(np.ones((1, 2, 2), "float32"))
    with tf.GradientTape() as tape:
        loss = unet.GaussianNLL()(target, prediction)
    gradient = np.asarray(tape.gradient(loss, prediction))
    np.testing.assert_allclose(gradient[0], [[0, 1], [0, 0]], atol=1e-6)  # residual 0: only the variance moves
