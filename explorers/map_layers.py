"""Layers of a network that draws maps, as the page evaluates them: a list of steps made from Keras' description."""

from gmtools.errors import FormatError


def steps(described):
    """Steps of a network from the card's ``layers``: a functional model of layers, or of one such model; FormatError
    for a layer that the page does not know.

    A step has ``kind`` ("input", "convolution", "up", "pool", "concatenate", "add", "activation"), ``from`` (numbers of
    steps), and what its kind needs; ``weights`` is the number of its kernel among the arrays of the network in Keras'
    order, and its bias is the next one.
    """
    layers = described["config"]["layers"]
    inner = [layer["config"]["layers"] for layer in layers if layer["class_name"] == "Functional"]
    found, number, count = [], {}, 0
    for layer in inner[0] if inner else layers:
        origins = [number[name] for name in _origins(layer)]
        if layer["class_name"] == "SpatialDropout2D":  # idle at prediction
            number[layer["name"]] = origins[0]
            continue
        step = {"kind": "input"} if layer["class_name"] == "InputLayer" else _step(layer)
        if "filters" in step:
            step["weights"], count = count, count + 2
        number[layer["name"]] = len(found)
        found.append({**step, "from": origins})
    return found


def _step(layer):
    kind, config = layer["class_name"], layer["config"]
    linear = config.get("activation") == "linear"
    if kind == "Conv2D" and linear and list(config["strides"]) == [1, 1] and config["use_bias"]:
        size = config["kernel_size"][0]
        if size == 1 or (size == 3 and config["padding"] == "same"):
            return {"kind": "convolution", "size": size, "filters": config["filters"]}
    if kind == "Conv2DTranspose" and linear and list(config["kernel_size"]) == list(config["strides"]) == [2, 2]:
        return {"kind": "up", "filters": config["filters"]}
    if kind == "MaxPooling2D" and list(config["pool_size"]) == [2, 2]:
        return {"kind": "pool"}
    if kind in ("Concatenate", "Add"):
        return {"kind": kind.lower()}
    if kind == "LeakyReLU":
        return {"kind": "activation", "slope": config["negative_slope"]}
    raise FormatError(f"The page cannot evaluate the layer {layer['name']} ({kind}): see explorers/map_layers.py.")


def _origins(layer):
    """Names of the layers that a layer takes its input from."""
    return [
        tensor["config"]["keras_history"][0]
        for node in layer.get("inbound_nodes", [])
        for argument in node["args"]
        for tensor in (argument if isinstance(argument, list) else [argument])
        if isinstance(tensor, dict)
    ]
