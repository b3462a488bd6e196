"""One training step of the study's U-Net in Keras against the same network in plain PyTorch: time and peak memory.

Run ``python benchmarks/unet_step.py``. PyTorch is no dependency of gmtools: ``pip install torch`` into any environment
with NumPy, this one or another, whose interpreter ``--torch-python`` names. Each library runs in a process of its own,
by turns, several times; printed are the medians over the pairs of runs. Peak memory is that of the whole process, with
what importing the library takes; it is printed as well, because it is a large part of both.

The thesis' own setting is ``--size 768 400 --base 64 --batch 1``; ``--only keras`` needs no PyTorch. The data are
random numbers, because the time of a step does not depend on what is learned.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

RECORDS = 40  # observations of an event


def batches(options):
    """Input maps (batch, height, width, channels), pixels and targets (batch, records)."""
    rng = np.random.default_rng(0)
    maps = rng.random((options.batch, *options.size, options.channels), dtype="float32")
    pixels = rng.integers(0, 16, (options.batch, RECORDS)).astype("int32")
    return maps, pixels, rng.normal(size=(options.batch, RECORDS)).astype("float32")


def keras_step(options):
    """Return a function that makes one training step, and the number of weights."""
    from gmtools.models import keras, resumable, unet

    arguments = {"depth": options.depth, "base": options.base, "padding": options.padding}
    body = unet.build(*options.size, options.channels, **arguments)
    pixels = keras.Input((None,), dtype="int32")
    model = keras.Model([body.input, pixels], unet.AtPixels()(body.output, pixels))
    resumable.compile_network(model, resumable.FitSettings())
    maps, pixels, target = batches(options)
    return lambda: model.train_on_batch([maps, pixels], target), model.count_params()


def torch_step(options):
    """The same in PyTorch."""
    import torch

    network = torch_unet(torch, options)
    optimizer = torch.optim.Adam(network.parameters(), 1e-4, eps=1e-7)
    maps, pixels, target = (torch.from_numpy(array) for array in batches(options))
    maps, pixels = maps.permute(0, 3, 1, 2).contiguous(), pixels.long()

    def step():
        optimizer.zero_grad()
        output = network(maps).flatten(2).gather(2, pixels[:, None].expand(-1, 2, -1))
        mean, ln_variance = output[:, 0], output[:, 1].clamp(-6, 3)
        loss = (ln_variance + (target - mean) ** 2 * torch.exp(-ln_variance)).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, sum(weights.numel() for weights in network.parameters())


def torch_unet(torch, options):
    """U-Net of gmtools.models.unet in PyTorch's own layers."""
    nn = torch.nn
    mode = {"reflect": "reflect", "symmetric": "replicate"}.get(options.padding, "zeros")
    pad = 0 if options.padding == "valid" else 1

    def two(channels, filters):
        layers = []
        for inputs in (channels, filters):
            layers += [nn.Conv2d(inputs, filters, 3, padding=pad, padding_mode=mode), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            filters = [options.base * 2**level for level in range(options.depth + 1)]
            self.down = nn.ModuleList(map(two, [options.channels, *filters[:-1]], filters))
            self.up = nn.ModuleList(nn.ConvTranspose2d(2 * f, f, 2, 2) for f in filters[-2::-1])
            self.merge = nn.ModuleList(two(2 * f, f) for f in filters[-2::-1])
            self.last = nn.Conv2d(options.base, 2, 1)

        def forward(self, values):
            skipped = []
            for level, convolve in enumerate(self.down):
                values = convolve(values if level == 0 else nn.functional.max_pool2d(values, 2))
                skipped.append(values)
            for level, (up, merge) in enumerate(zip(self.up, self.merge, strict=True)):
                values, old = up(values), skipped[-2 - level]
                y, x = ((old.shape[i] - values.shape[i]) // 2 for i in (-2, -1))
                old = old[..., y : old.shape[-2] - y, x : old.shape[-1] - x]
                values = merge(torch.cat([old, values], 1))
            return self.last(values)

    return UNet()


def measure(library, options):
    """Median seconds of a step after warming up, peak memory (MB), memory after the import (MB), number of weights."""
    if library == "keras":
        import gmtools.models  # noqa: F401
    else:
        import torch  # noqa: F401
    imported = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    step, weights = (keras_step if library == "keras" else torch_step)(options)
    for _ in range(3):
        step()
    seconds = []
    for _ in range(options.steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"s": statistics.median(seconds), "peak_mb": peak, "imported_mb": imported, "weights": weights}


def child(library, options):
    """Measure in a process of its own."""
    python = options.torch_python if library == "torch" else sys.executable
    arguments = [python, __file__, *sys.argv[1:], "--child", library]
    answer = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"{library} failed:\n{answer.stderr[-2000:]}\nFor PyTorch: pip install torch, see --help.")
    return json.loads(answer.stdout.splitlines()[-1])


def compare(options):
    """Print each pair of runs, then the medians of their ratios."""
    pairs = []
    for _ in range(options.repeats):
        pairs.append({library: child(library, options) for library in options.only or ("keras", "torch")})
        for library, result in pairs[-1].items():
            print(f"{library:>6}", json.dumps({key: round(value, 4) for key, value in result.items()}), flush=True)
    for key, limit in () if options.only else (("s", 1.15), ("peak_mb", 1.5)):
        ratios = [pair["keras"][key] / pair["torch"][key] for pair in pairs]
        print(f"{key}: Keras / PyTorch {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
              f"at most {limit}")  # fmt: skip
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=[192, 192], metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--channels", type=int, default=9)
    parser.add_argument("--base", type=int, default=16)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--padding", default="symmetric", choices=["valid", "zero", "reflect", "symmetric"])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that has torch")
    parser.add_argument("--only", nargs=1, choices=["keras", "torch"], help="measure one of the two")
    parser.add_argument("--child", choices=["keras", "torch"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child, options)))
    else:
        compare(options)
