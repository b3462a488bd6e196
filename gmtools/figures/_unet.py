"""A U-Net as a picture: its maps level by level, drawn from the layers of a Keras model."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from gmtools.figures import _style as look

DOWN, UP, SKIP = "#0072B2", "#D55E00", "#8c8c8c"
DRAWN = ("Conv2D", "MaxPooling2D", "Conv2DTranspose")


def unet_diagram(model, *, title: str) -> tuple[Axes, str]:
    """The U of a functional Keras model, axes and alt text: a block for each map that a convolution, pooling or
    up-convolution makes, as high as the map and as wide as its filters; arrows carry what is kept on the way down."""
    maps = [("input", *model.input_shape[1:])]
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in DRAWN and layer.name != "regression":
            last = kind == "Conv2D" and tuple(layer.kernel_size) == (1, 1)
            maps.append(("output" if last else kind, *layer.output.shape[1:]))
    axes, x, level, left, right = look.new_axes(title, (7.2, 3.9)), 0.0, 0, {}, {}
    for kind, height, width, filters in maps:
        level += {"MaxPooling2D": 1, "Conv2DTranspose": -1}.get(kind, 0)
        rising = kind == "Conv2DTranspose" or bool(left)
        tall, wide = 0.9 * height / maps[0][1], 0.05 + 0.012 * filters
        middle, low = x + wide / 2, -1.15 * level - tall / 2
        color = look.INK if kind in ("input", "output") else UP if rising else DOWN
        axes.add_patch(Rectangle((x, low), wide, tall, color=color, alpha=0.75, lw=0))
        axes.text(middle, low + tall + 0.04, str(filters), ha="center", va="bottom", fontsize=7.5)
        if kind in ("input", "MaxPooling2D", "output"):
            axes.text(middle, low - 0.05, f"{height} x {width}", ha="center", va="top", fontsize=7.5)
        if rising:
            left.setdefault(level, x)
        elif kind == "Conv2D":
            right[level] = x + wide
        x += wide + 0.16
    for level in left.keys() & right.keys():
        arrow = {"arrowstyle": "->", "color": SKIP, "lw": 1.2}
        axes.annotate("", (left[level], -1.15 * level), (right[level], -1.15 * level), arrowprops=arrow)
    down = [f"{height} x {width}" for kind, height, width, _ in maps if kind in ("input", "MaxPooling2D")]
    axes.set(xlim=(-0.1, x), ylim=(-1.15 * (len(down) - 1) - 0.8, 0.75))
    axes.set_axis_off()
    return axes, (
        f"Diagram of a U-Net with {len(down) - 1} poolings and {model.count_params():,} weights: maps of "
        f"{', '.join(down)} pixels on the way down, blocks as wide as their number of filters, gray arrows for what is "
        f"joined on the way up; {maps[-1][3]} output maps."
    )
