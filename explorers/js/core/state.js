// Settings of an explorer in the address of the page: #explorer=ground_motion&magnitude=6.5

const KEY = "explorer";

/**
 * Settings that the page's address carries for an explorer.
 * @param {string} name
 * @param {object} defaults what each setting looks like: number, string, boolean or list
 * @returns {object} only settings that are named, of the right kind
 */
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

/**
 * Address of this page that carries settings.
 * @param {string} name
 * @param {object} state
 */
export function link(name, state, address = globalThis.location.href) {
  const given = new URLSearchParams({ [KEY]: name });
  for (const [key, value] of Object.entries(state)) given.set(key, Array.isArray(value) ? value.join(",") : String(value));
  return `${address.replace(/#.*$/, "")}#${given.toString().replaceAll("%2C", ",")}`;
}

/** All settings of a model that are named in defaults. */
export function stateOf(model, defaults) {
  return Object.fromEntries(Object.keys(defaults).map((key) => [key, model.get(key)]));
}

/**
 * Settings made harmless, for an address can carry anything: numbers within their limits, words that there are.
 * @param {object} state
 * @param {object} defaults taken for what is no number, or none of the choices
 * @param {Object<string, [number, number]>} limits lowest and highest value of each number
 * @param {Object<string, Array>} [choices] values that a setting can take
 * @returns {object} a copy
 */
export function harmless(state, defaults, limits, choices = {}) {
  const safe = { ...state };
  for (const [name, [low, high]] of Object.entries(limits)) {
    const value = Number(state[name]);
    safe[name] = Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : defaults[name];
  }
  for (const [name, values] of Object.entries(choices)) {
    if (!values.includes(state[name])) safe[name] = defaults[name];
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
