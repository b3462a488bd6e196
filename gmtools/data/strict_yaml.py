"""YAML as the project's own files are written: plain values, and each key once."""

import yaml

# About ten times faster where PyYAML was built with libyaml.
_BASE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):
    def construct_mapping(self, node, deep=False):
        names = [key.value for key, _ in node.value]
        double = next((key for key, _ in node.value if names.count(key.value) > 1), None)
        if double is not None:  # YAML forbids it, PyYAML would keep the last one without a word
            problem = f"the key {double.value!r} stands twice"
            raise yaml.constructor.ConstructorError(None, None, problem, double.start_mark)
        return super().construct_mapping(node, deep)


def load(text):
    """Parse YAML without running anything; yaml.YAMLError, naming the line, also where a mapping has a key twice."""
    return yaml.load(text, Loader=_Loader)
