"""A U-Net as a picture: its maps level by level, drawn from the layers of a Keras model."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from gmtools.figures import _style as look

DOWN, UP, SKIP = "#0072B2", "#D55E00", "#8c8c8c"


def unet_diagram(model, *, title: str) -> tuple[Axes, str]:
    """The U of a functional Keras model, axes and alt text: a block for each map that a convolution, pooling or
    up-convolution makes, as high as the map and as wide as its filters; arrows carry what is kept on the way down."""
    axes = look.new_axes(title, (7.2, 3.9))
    columns = _columns(model)
    tallest = max(height for _, _, height, _, _ in columns)
    x, centers = 0.0, []
    for kind, level, height, width, filters in columns:
        tall, wide = 0.9 * height / tallest, 0.05 + 0.012 * filters
        y = -1.15 * level - tall / 2
        color = {"input": look.INK, "up": UP, "output": look.INK}.get(kind, DOWN)
        axes.add_patch(Rectangle((x, y), wide, tall, color=color, alpha=0.75, lw=0))
        axes.text(x + wide / 2, y + tall + 0.04, str(filters), ha="center", va="bottom", fontsize=7.5)
        if kind in ("input", "pool", "output"):
            axes.text(x + wide / 2, y - 0.05, f"{height} x {width}", ha="center", va="top", fontsize=7.5)
        centers.append((kind, level, x, x + wide))
        x += wide + 0.16
    for level in range(max(level for _, level, *_ in centers)):
        start = [right for kind, here, _, right in centers if here == level and kind == "down"]
        end = [left for kind, here, left, _ in centers if here == level and kind == "up"]
        if start and end:
            arrow = {"arrowstyle": "->", "color": SKIP, "lw": 1.2}
            axes.annotate("", (end[0], -1.15 * level), (start[-1], -1.15 * level), arrowprops=arrow)
    deepest = max(level for _, level, *_ in centers)
    axes.set(xlim=(-0.1, x), ylim=(-1.15 * deepest - 0.8, 0.75))
    axes.set_axis_off()
    weights = model.count_params()
    sizes = ", ".join(f"{height} x {width}" for kind, _, height, width, _ in columns if kind in ("input", "pool"))
    return axes, (
        f"Diagram of a U-Net with {deepest} poolings and {weights:,} weights: maps of {sizes} pixels on the way down, "
        f"blocks as wide as their number of filters, gray arrows for what is joined on the way up; "
        f"{columns[-1][4]} output maps."
    )


def _columns(model):
    """(kind, level, height, width, filters) of each map that is drawn, from left to right."""
    _, height, width, maps = model.input_shape
    found, level, rising = [("input", 0, height, width, maps)], 0, False
    for layer in model.layers:
        kind = type(layer).__name__
        if kind not in ("Conv2D", "MaxPooling2D", "Conv2DTranspose") or layer.name == "regression":
            continue
        _, height, width, filters = layer.output.shape
        if kind == "MaxPooling2D":
            level += 1
            found.append(("pool", level, height, width, filters))
        elif kind == "Conv2DTranspose":
            level, rising = level - 1, True
            found.append(("up", level, height, width, filters))
        elif tuple(layer.kernel_size) == (1, 1):
            found.append(("output", level, height, width, filters))
        else:
            found.append(("up" if rising else "down", level, height, width, filters))
    return found
