import numpy as np
import pytest

from gmtools.data import catalog
from gmtools.data.readers import afad_mat, torch_state_dict
from gmtools.errors import FormatError, GmtoolsError, GridError
from gmtools.models import cnn_lstm, keras
from gmtools.site.record_store import window

needs_records = pytest.mark.skipif(
    not catalog.available("afad_cnnlstm"), reason="the six AFAD records are in no folder that GMTOOLS_DATA names"
)


@pytest.fixture(scope="module")
def network():
    return cnn_lstm.published()


def state_dict(hidden, seed=0):
    """Random arrays under the names and in the shapes of the released files, with another number of hidden units."""
    random, channels = np.random.default_rng(seed), 4
    shapes = {}
    for name, (filters, _) in zip(("conv", "conv2", "conv3", "conv4"), cnn_lstm.CONVOLUTIONS, strict=True):
        shapes |= {f"cnn.{name}.weight": (filters, channels, 3, 3), f"cnn.{name}.bias": (filters,)}
        channels = filters
    for layer, inputs in ((0, channels), (1, hidden)):
        shapes |= {f"lstm.lstm.weight_ih_l{layer}": (4 * hidden, inputs)}
        shapes |= {f"lstm.lstm.weight_hh_l{layer}": (4 * hidden, hidden)}
        shapes |= {f"lstm.lstm.bias_{part}_l{layer}": (4 * hidden,) for part in ("ih", "hh")}
    shapes |= {"lstm.fc.weight": (1, hidden), "lstm.fc.bias": (1,)}
    return {name: random.normal(0, 0.3, shape).astype("float32") for name, shape in shapes.items()}


def convolved(values, kernel, bias, stride):
    """PyTorch's Conv2d with padding 1 of a picture (channels, n, 1), from its definition."""
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)))
    rows = range(0, padded.shape[1] - 2, stride)
    return np.stack([(kernel * padded[:, row : row + 3]).sum((1, 2, 3)) + bias for row in rows], 1)[..., None]


def pooled(values):
    return np.maximum(np.maximum(values[:, :-2], values[:, 1:-1]), values[:, 2:])


def window_by_window(record, arrays, window_length, hidden):
    """What the published code does with a record (n, 4): each window convolved alone, the state handed on."""
    state = np.zeros((2, 2, hidden))
    for part in np.split(record, len(record) // window_length):
        values = part.T[..., None]
        for number, (_, stride) in enumerate(cnn_lstm.CONVOLUTIONS, 1):
            name = f"cnn.conv{'' if number == 1 else number}"
            values = convolved(values, arrays[f"{name}.weight"], arrays[f"{name}.bias"], stride)
            values = values if number == 4 else pooled(np.maximum(values, 0))
        for step in values[..., 0].T:
            for layer in (0, 1):
                state[layer] = one_step(step, *state[layer], arrays, layer)
                step = state[layer][0]
    output = arrays["lstm.fc.weight"][0] @ step + arrays["lstm.fc.bias"][0]
    return output if output > 0 else 0.01 * output


def one_step(inputs, output, cell, arrays, layer):
    gates = arrays[f"lstm.lstm.weight_ih_l{layer}"] @ inputs + arrays[f"lstm.lstm.bias_ih_l{layer}"]
    gates = gates + arrays[f"lstm.lstm.weight_hh_l{layer}"] @ output + arrays[f"lstm.lstm.bias_hh_l{layer}"]
    i, f, g, o = np.split(gates, 4)
    i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
    cell = f * cell + i * np.tanh(g)
    return np.stack([o * np.tanh(cell), cell])


class TestPublished:
    def test_number_of_weights(self, network):
        counts = {layer.name: layer.count_params() for layer in network.layers if layer.count_params()}
        assert sum(count for name, count in counts.items() if "convolution" in name) == 10_436
        assert counts["lstm_1"] + counts["lstm_2"] == 794_624
        assert counts["outputs"] == 257
        assert network.count_params() == 805_317

    def test_two_thirds_of_the_kernels_cannot_act(self):
        small = cnn_lstm.published(1000, 500, hidden=8)
        records = np.random.default_rng(0).normal(size=(2, 1000, 4)).astype("float32")
        before, changed = small.predict(records, verbose=0), 0
        for layer in small.layers:
            if "convolution" in layer.name:
                kernel, bias = layer.get_weights()
                kernel[:, [0, 2]] = 100
                changed += kernel[:, [0, 2]].size
                layer.set_weights([kernel, bias])
        assert changed == 6_912
        np.testing.assert_array_equal(small.predict(records, verbose=0), before)

    @pytest.mark.parametrize(("length", "steps"), [(500, 10), (1000, 20), (2000, 41)])
    def test_steps_of_a_window(self, length, steps):
        assert cnn_lstm.steps_per_window(length) == steps
        model = cnn_lstm.published(2000, length, hidden=2)
        assert model.get_layer("sequence").output.shape == (None, 2000 // length * steps, 4)

    def test_the_convolution_is_keras_own_on_a_picture_of_width_one(self):
        inputs = np.random.default_rng(1).normal(size=(2, 20, 4)).astype("float32")
        ours, theirs = cnn_lstm.ColumnConvolution(5, 4), keras.layers.Conv2D(5, 3, strides=4)
        ours.build((None, 20, 4))
        theirs.build((None, 22, 3, 4))
        theirs.set_weights(ours.get_weights())
        wanted = theirs(np.pad(inputs[:, :, None], ((0, 0), (1, 1), (1, 1), (0, 0))))[:, :, 0]
        np.testing.assert_allclose(ours(inputs), wanted, atol=1e-5)

    @pytest.mark.parametrize("sign", [1, -1])
    def test_equals_the_published_loop_over_windows(self, sign):
        arrays = state_dict(hidden=5)
        arrays["lstm.fc.weight"] *= 20
        arrays["lstm.fc.bias"][:] = 20 * sign  # on either side of the bend of LeakyReLU
        model = cnn_lstm.published(1500, 500, hidden=5)
        cnn_lstm.assign(model, cnn_lstm.from_state_dict(arrays))
        records = np.random.default_rng(2).normal(size=(3, 1500, 4)).astype("float32")
        wanted = [window_by_window(record, arrays, 500, 5) for record in records]
        assert np.ptp(wanted) > 1e-3 and np.sign(wanted).tolist() == [sign] * 3
        np.testing.assert_allclose(model.predict(records, verbose=0)[:, 0], wanted, rtol=1e-5)

    @pytest.mark.parametrize(
        ("n_samples", "length", "message"),
        [(6000, 700, "6000 samples are no whole number of windows of 700"), (60, 20, "20 samples is too short")],
    )
    def test_windows_that_do_not_fit(self, n_samples, length, message):
        with pytest.raises(GridError, match=message):
            cnn_lstm.published(n_samples, length, hidden=2)

    @needs_records
    @pytest.mark.parametrize(("file", "vs30"), [("cnnlstm_pwave", 520.94), ("cnnlstm_sp_eqt", 489.31)])
    def test_the_released_weights_give_one_number(self, network, file, vs30):
        paths = catalog.find("afad_cnnlstm")
        arrays = torch_state_dict.read(paths[f"afad/checkpoints/{file}_state_dict.pt"])
        cnn_lstm.assign(network, cnn_lstm.from_state_dict(arrays))
        records = [afad_mat.read(path) for name, path in paths.items() if name.endswith(".mat")]
        assert len(records) == 6
        predicted = network.predict(np.stack([window(record) for record in records]), verbose=0)[:, 0]
        np.testing.assert_allclose(predicted, vs30, atol=0.005)
        saturated = arrays["lstm.fc.bias"][0] + np.abs(arrays["lstm.fc.weight"]).sum()
        np.testing.assert_allclose(predicted, saturated, atol=0.005)


class TestWeights:
    def test_pass_through_npz(self, tmp_path):
        weights = cnn_lstm.from_state_dict(state_dict(hidden=3))
        np.savez(tmp_path / "weights.npz", **weights)
        model = cnn_lstm.published(500, hidden=3)
        with np.load(tmp_path / "weights.npz", allow_pickle=False) as stored:
            cnn_lstm.assign(model, stored)
        assert set(cnn_lstm.weights_of(model)) == set(weights)
        for name, array in cnn_lstm.weights_of(model).items():
            np.testing.assert_array_equal(array, weights[name])

    def test_foreign_state_dict(self):
        arrays = state_dict(hidden=3)
        arrays["cnn.conv5.weight"] = arrays.pop("cnn.conv4.weight")
        with pytest.raises(FormatError, match=r"missing or foreign: cnn\.conv4\.weight, cnn\.conv5\.weight"):
            cnn_lstm.from_state_dict(arrays)

    def test_weights_of_another_size_change_nothing(self):
        model = cnn_lstm.published(500, hidden=3)
        before = model.get_weights()
        with pytest.raises(FormatError, match=r"do not fit published_cnn_lstm: lstm_1/input_bias, .* outputs/kernel"):
            cnn_lstm.assign(model, cnn_lstm.from_state_dict(state_dict(hidden=4)))
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


class TestRepaired:
    def test_much_smaller(self):
        counts = {kind: cnn_lstm.repaired(kind=kind).count_params() for kind in cnn_lstm.KINDS}
        assert counts == {"cnn_lstm": 24_421, "cnn": 15_973, "lstm": 31_205}

    @pytest.mark.parametrize("kind", cnn_lstm.KINDS)
    def test_without_amplitude_only_the_shape_counts(self, kind):
        records = np.random.default_rng(4).normal(size=(3, 600, 4)).astype("float32")
        louder = records * [8, 8, 8, 1]
        for amplitude in (False, True):
            keras.utils.set_random_seed(5)
            model = cnn_lstm.repaired(600, kind=kind, amplitude=amplitude)
            same = np.allclose(*(model.predict(inputs, verbose=0) for inputs in (records, louder)), atol=1e-5)
            assert same is not amplitude

    def test_a_record_of_zeros_is_no_trouble(self):
        model = cnn_lstm.repaired(600, channels=3)
        assert np.isfinite(model.predict(np.zeros((1, 600, 3)), verbose=0)).all()

    def test_unknown_kind(self):
        with pytest.raises(GmtoolsError, match=r"kind = 'gru' is not a choice\. Choose among cnn_lstm, cnn, lstm"):
            cnn_lstm.repaired(kind="gru")

    def test_frames_that_do_not_fit(self):
        with pytest.raises(GridError, match="620 samples are no whole number of frames of 50"):
            cnn_lstm.repaired(620, kind="lstm")

    @pytest.mark.parametrize("kind", ["cnn_lstm", "cnn"])
    def test_finds_ground_that_rings_at_a_frequency(self, kind):
        """Records of any size whose frequency is planted: VS30 is seen, an unseen half is predicted."""
        keras.utils.set_random_seed(6)
        random = np.random.default_rng(7)
        target = random.uniform(-1.7, 1.7, (256, 1))
        phase = random.uniform(0, 6, (256, 1, 3)) + np.arange(400)[:, None] * 0.25 * np.exp(0.5 * target[:, None])
        records = np.exp(random.normal(0, 2, (256, 1, 1))) * (np.sin(phase) + 0.3 * random.normal(size=(256, 400, 3)))
        model = cnn_lstm.repaired(400, 3, kind=kind, filters=(8, 8), hidden=8)
        model.compile(keras.optimizers.Adam(0.02), "mse")
        model.fit(records[:128], target[:128], batch_size=32, epochs=25, verbose=0)
        error = model.predict(records[128:], verbose=0) - target[128:]
        assert error.std() < 0.4 * target[128:].std()
