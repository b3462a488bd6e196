"""An epoch of the published CNN-LSTM in Keras, of the same layers in eager PyTorch, and of the repaired network.

Run ``python benchmarks/cnn_lstm_epoch.py``. PyTorch is no dependency of gmtools: ``pip install torch`` into any
environment with NumPy, this one or another, whose interpreter ``--torch-python`` names. Each network runs in a process
of its own, by turns, several times; printed are the medians over the rounds of the ratios of time, by the clock and by
the processor. The latter holds on a busy machine as well, but counts what a waiting thread burns: take ``--threads 1``
for it.

In PyTorch the network is written as its authors wrote it: record by record cut into windows, one window after the
other through 3x3 convolutions and LSTM, the output layer after each. The data are random numbers, because the time of
a step does not depend on what is learned; the epoch of the study has 13,974 records, of which a few batches are run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

NETWORKS = ("published", "torch", "repaired")
RECORDS, N_SAMPLES, WINDOW, CHANNELS = 13_974, 6000, 500, 4
BOUNDS = (("torch", "published", "at least 2"), ("repaired", "published", "at most 0.33"))


def batch(options):
    """Windows (batch, n_samples, channels) and VS30 (batch, 1)."""
    random = np.random.default_rng(0)
    windows = random.standard_normal((options.batch, N_SAMPLES, CHANNELS), dtype="float32")
    return windows, random.uniform(200, 800, (options.batch, 1)).astype("float32")


def keras_step(network, options):
    """Return a function that makes one training step, and the number of weights."""
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(options.threads)
    from gmtools.models import cnn_lstm, keras

    model = getattr(cnn_lstm, network)()
    model.compile(keras.optimizers.Adam(1e-3), "mse" if network == "published" else "huber")
    windows, target = batch(options)
    return lambda: model.train_on_batch(windows, target), model.count_params()


def torch_step(options):
    """The published network in PyTorch."""
    import torch

    torch.set_num_threads(options.threads)
    network = torch_cnn_lstm(torch)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    windows, target = map(torch.from_numpy, batch(options))
    windows = windows.permute(0, 2, 1)[..., None].contiguous()

    def step():
        optimizer.zero_grad()
        loss = ((network(windows) - target) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, sum(weights.numel() for weights in network.parameters())


def torch_cnn_lstm(torch):
    """gmtools.models.cnn_lstm.published in PyTorch's own layers."""
    nn = torch.nn

    class CNNLSTM(nn.Module):
        def __init__(self):
            super().__init__()
            layers, channels = [], CHANNELS
            for filters, stride in ((16, 2), (32, 2), (16, 4), (4, 3)):
                layers += [nn.Conv2d(channels, filters, 3, stride, 1), nn.ReLU(), nn.MaxPool2d((3, 1), (1, 2))]
                channels = filters
            self.convolutions = nn.Sequential(*layers[:-2])
            self.lstm = nn.LSTM(channels, 256, 2, batch_first=True)
            self.output = nn.Sequential(nn.Linear(256, 1), nn.LeakyReLU())

        def forward(self, records):
            parts = [self.convolutions(part) for part in torch.split(records, WINDOW, 2)]
            state = tuple(torch.zeros(2, len(records), 256) for _ in range(2))
            for part in parts:
                sequence, state = self.lstm(part[..., 0].permute(0, 2, 1), state)
                output = self.output(sequence[:, -1])
            return output

    return CNNLSTM()


def measure(network, options):
    """Seconds of an epoch by the clock and by the processor, after warming up, and the number of weights."""
    step, weights = torch_step(options) if network == "torch" else keras_step(network, options)
    for _ in range(3):
        step()
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(options.steps):
        step()
    factor = RECORDS / options.batch / options.steps
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return {"clock_s": clock * factor, "processor_s": processor * factor, "weights": weights}


def child(network, options):
    """Measure in a process of its own."""
    python = options.torch_python if network == "torch" else sys.executable
    arguments = [python, __file__, *sys.argv[1:], "--child", network]
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    answer = subprocess.run(arguments, capture_output=True, text=True, check=False, env=environment)
    if answer.returncode:
        sys.exit(f"{network} failed:\n{answer.stderr[-2000:]}\nFor PyTorch: pip install torch, see --help.")
    return json.loads(answer.stdout.splitlines()[-1])


def compare(options):
    """Print each round, then the medians of the ratios."""
    networks = [network for network in NETWORKS if network != "torch" or not options.no_torch]
    rounds = []
    for _ in range(options.repeats):
        rounds.append({network: child(network, options) for network in networks})
        for network, result in rounds[-1].items():
            print(f"{network:>9}", json.dumps({key: round(value, 2) for key, value in result.items()}), flush=True)
    for upper, lower, bound in BOUNDS:
        for key in ("clock_s", "processor_s"):
            if upper in networks:
                ratios = [entry[upper][key] / entry[lower][key] for entry in rounds]
                print(f"{key}: {upper} / {lower} {statistics.median(ratios):.2f} "
                      f"({min(ratios):.2f} to {max(ratios):.2f}), wanted {bound}")  # fmt: skip
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32, help="records of a step; the study tried 16, 32 and 64")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that has torch")
    parser.add_argument("--no-torch", action="store_true", help="measure the two networks in Keras alone")
    parser.add_argument("--child", choices=NETWORKS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child, options)))
    else:
        compare(options)
