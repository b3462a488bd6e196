// Settings of an explorer in the address of the page: #explorer=ground_motion&magnitude=6.5

const KEY = "explorer";

/** Settings that the page's address carries for an explorer: only such as are named in defaults, and of the same kind as there. */
export function readState(name, defaults, hash = globalThis.location?.hash ?? "") {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  if (given.get(KEY) !== name) return {};
  const state = {};
  for (const [key, like] of Object.entries(defaults)) {
    if (!given.has(key)) continue;
    const value = parse(given.get(key), like);
    if (value !== undefined) state[key] = value;
  }
  return state;
}

function parse(text, like) {
  if (Array.isArray(like)) return text ? text.split(",") : [];
  if (typeof like === "boolean") return text === "true";
  if (typeof like === "number") {
    const number = Number(text);
    return text !== "" && Number.isFinite(number) ? number : undefined;
  }
  return text;
}

/** Address of this page that carries the settings named in defaults. */
export function link(name, state, defaults, address = globalThis.location.href) {
  const given = new URLSearchParams({ [KEY]: name });
  for (const [key, value] of Object.keys(defaults).map((key) => [key, state[key]])) given.set(key, Array.isArray(value) ? value.join(",") : String(value));
  return `${address.replace(/#.*$/, "")}#${given.toString().replaceAll("%2C", ",")}`;
}

/** All settings of a model that are named in defaults. */
export function stateOf(model, defaults) {
  return Object.fromEntries(Object.keys(defaults).map((key) => [key, model.get(key)]));
}

/** A copy of settings made harmless, for an address can carry anything: numbers within limits ({name: [low, high]}), words and entries of lists
    among choices ({name: [...]}), the default for any other. */
export function harmless(state, defaults, limits, choices = {}) {
  const safe = { ...state };
  for (const [name, [low, high]] of Object.entries(limits)) {
    const value = Number(state[name]);
    safe[name] = Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : defaults[name];
  }
  for (const [name, values] of Object.entries(choices)) {
    if (Array.isArray(state[name])) safe[name] = state[name].filter((value) => values.includes(value));
    else if (!values.includes(state[name])) safe[name] = defaults[name];
  }
  return safe;
}

/** The line of Python that makes an explorer with these settings. */
export function python(className, state) {
  const literal = (value) => {
    if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
    if (typeof value === "boolean") return value ? "True" : "False";
    return JSON.stringify(value);
  };
  const settings = Object.entries(state).map(([key, value]) => `${key}=${literal(value)}`);
  return `${className}(${settings.join(", ")})`;
}
