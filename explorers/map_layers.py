"""Layers of a network that draws maps, as the page evaluates them: a list of steps made from Keras' description."""

from gmtools.errors import FormatError

_IDLE = ("Dropout", "SpatialDropout2D", "GaussianNoise")  # nothing at prediction
_ACTIVATIONS = ("linear", "relu", "tanh", "sigmoid")


def members(described):
    """Steps of each network of an ensemble, or of the only one, from the card's ``layers``: a functional model of
    layers, or of functional models side by side on one input. FormatError for a layer that the page does not know.

    A step has ``kind`` ("input", "convolution", "up", "pool", "concatenate", "add", "activation"), ``from`` (numbers of
    steps), and what its kind needs; ``weights`` is the number of its kernel among the arrays of all networks in Keras'
    order, and its bias is the next one.
    """
    layers = described["config"]["layers"]
    inner = [layer for layer in layers if layer["class_name"] in ("Functional", "Sequential")]
    count, found = 0, []
    for model in inner or [described]:
        steps, count = _steps(model["config"], count)
        found.append(steps)
    return found


def _steps(config, count):
    """Steps of one functional model, and the number of arrays used up so far."""
    steps, number = [], {}
    for layer in config["layers"]:
        origins = [number[name] for name in _origins(layer)]
        if layer["class_name"] in _IDLE:
            number[layer["name"]] = origins[0]
            continue
        step = {"kind": "input"} if layer["class_name"] == "InputLayer" else _step(layer)
        if step["kind"] in ("convolution", "up"):
            step["weights"], count = count, count + 2
        number[layer["name"]] = len(steps)
        steps.append({**step, "from": origins})
    (output,) = _names(config["output_layers"])
    if number[output] != len(steps) - 1:
        raise FormatError(f"The network ends with {output}, which is not its last layer: the page cannot draw it.")
    return steps, count


def _step(layer):
    kind, config = layer["class_name"], layer["config"]
    if kind == "Conv2D" and config["padding"] == "same" and list(config["strides"]) == [1, 1] and config["use_bias"]:
        (size, _), activation = config["kernel_size"], config["activation"]
        if size in (1, 3) and activation in _ACTIVATIONS:
            return {"kind": "convolution", "size": size, "filters": config["filters"], "activation": activation}
    if kind == "Conv2D" and list(config["kernel_size"]) == [1, 1] and config["activation"] in _ACTIVATIONS:
        return {"kind": "convolution", "size": 1, "filters": config["filters"], "activation": config["activation"]}
    if kind == "Conv2DTranspose" and list(config["kernel_size"]) == list(config["strides"]) == [2, 2]:
        return {"kind": "up", "filters": config["filters"], "activation": config["activation"]}
    if kind == "MaxPooling2D" and list(config["pool_size"]) == [2, 2]:
        return {"kind": "pool"}
    if kind in ("Concatenate", "Add"):
        return {"kind": kind.lower()}
    if kind == "LeakyReLU":
        return {"kind": "activation", "activation": "leaky_relu", "slope": config["negative_slope"]}
    if kind == "ReLU" and not config.get("max_value") and not config.get("threshold"):
        return {"kind": "activation", "activation": "leaky_relu", "slope": config.get("negative_slope") or 0.0}
    if kind == "Activation" and config["activation"] in _ACTIVATIONS:
        return {"kind": "activation", "activation": config["activation"]}
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


def _names(ends):
    """Names of output layers, which Keras writes as one triple or as a list of triples."""
    return [ends[0]] if isinstance(ends[0], str) else [end[0] for end in ends]
