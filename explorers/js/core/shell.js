// What all explorers share: figures first, then legend, warning and controls; scenes, one slider that plays, and four
// buttons. An explorer says what is its own and hands back {render, defaults}.

import { button, checkbox, group, make, select, slider } from "./controls.js";
import { liveText } from "./live.js";
import { unpack } from "./payload.js";
import { plot, swatch } from "./plot.js";
import { copy, csv, download } from "./share.js";
import { rasterized, sheet } from "./sheet.js";
import { harmless, link, python, stateOf } from "./state.js";
import { useTheme } from "./theme.js";

const NARROW_PX = 560;
const PLAY = { steps: 50, every_ms: 120 };

/* What an explorer says: name (as in links), python (its class), label, defaults of the settings (the payload has limits of the numbers), choices(content) of
   the words, scenes [text, settings], plays {setting, label, from, to}, and open(view): {update(state): {spoken, warning, lines of the legend}, table():
   arguments of csv(), picture(): {title, legend, lines, panels where they are not the figures}, stop()}. */

/** An explorer for anywidget and for the page. */
export function explorer(spec) {
  return { defaults: spec.defaults, render: ({ model, el }) => render(spec, model, el) };
}

function render(spec, model, el) {
  useTheme();
  const box = (name, ...children) => make("div", { class: `gmx-${name}` }, ...children);
  const content = unpack(model.get("payload"));
  const [figures, controls, rest, notes] = [box("plots"), box("controls"), box("rest"), box("note")];
  const warning = make("p", { class: "gmx-warning", role: "note" });
  const legend = makeLegend();
  const stage = box("stage", figures, legend.element, warning);
  const root = make("section", { class: "gmx", "aria-label": spec.label }, stage, controls);
  el.append(root);
  const live = liveText(root);
  root.append(rest);

  const fields = {};
  const { limits } = content.meta;
  const choices = spec.choices?.(content) ?? {};
  const change = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const field = (kind) => (name, options, parent = controls) => {
    const [min, max] = limits[name] ?? [];
    fields[name] = kind({ min, max, value: view.state()[name], onInput: (value) => change({ [name]: value }), ...options });
    parent?.append(fields[name].element);
    return fields[name];
  };
  const plots = [];
  const view = {
    model, content, root, stage, figures, controls, rest, notes, fields, change, plots, redraw: update,
    slider: field(slider),
    select: field(select),
    checkbox: field(checkbox),
    state: () => harmless(stateOf(model, spec.defaults), spec.defaults, limits, choices),
    plot(options, parent = figures) {
      const made = plot(parent, { ...options, onHover: (at) => legend.read(made.describe(), at) });
      plots.push(made);
      return made;
    },
    say: (text) => live.say(`${warning.textContent} ${text}`.trim()),
  };
  const parts = spec.open(view);

  function update() {
    const state = view.state();
    for (const [name, one] of Object.entries(fields)) if (one.value !== state[name]) one.set(state[name]);
    const { spoken, warning: warned = "", lines = [] } = parts.update(state);
    if (warning.textContent !== warned) warning.textContent = warned;
    legend.show(lines);
    view.say(spoken);
  }
  const soon = together(update);
  const player = makePlayer(spec.plays, view);
  root.append(makeScenes(spec, view, player), makeButtons(spec, view, parts), notes);
  const names = Object.keys(spec.defaults);
  for (const name of names) model.on(`change:${name}`, soon);
  update();
  // On a narrow page one figure is pinned, the others come after the controls.
  const size = new ResizeObserver(([{ contentRect }]) => {
    const narrow = contentRect.width < NARROW_PX;
    for (const { element } of plots.filter((one) => one.second)) {
      const home = narrow ? rest : figures;
      if (element.parentNode !== home) home[narrow ? "prepend" : "append"](element);
    }
  });
  size.observe(root);
  return () => {
    for (const name of names) model.off(`change:${name}`, soon);
    player.stop();
    live.stop();
    size.disconnect();
    parts.stop?.();
    for (const one of plots) one.destroy();
  };
}

/** Several settings change at once: call only once, when all have. */
function together(call) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      call();
    });
  };
}

/** Names of the lines, and their values where the pointer or a finger is. */
function makeLegend() {
  const element = make("p", { class: "gmx-legend" });
  let shown = "";
  let values = new Map();
  const at = make("span");
  return {
    element,
    show(lines) {
      const key = JSON.stringify(lines.map(({ name, color, dash }) => [name, color, dash]));
      if (key === shown) return;
      shown = key;
      values = new Map(lines.map(({ name }) => [name, make("b")]));
      element.replaceChildren(...lines.map((line) => make("span", {}, swatch(line), ` ${line.name} `, values.get(line.name))), at);
    },
    read({ shown: { x, lines }, words }, place) {
      for (const value of values.values()) value.textContent = "";
      at.textContent = place ? `at ${words.x(x[place.index])}` : "";
      if (place) for (const line of lines) if (values.has(line.name)) values.get(line.name).textContent = words.y(line.values[place.index]);
    },
  };
}

/** Moves one setting along its way, as a hand would. */
function makePlayer({ setting, label, from, to }, view) {
  let timer = null;
  const words = { true: `■ Stop`, false: `▶ Play ${label}` };
  const toggle = button({ label: words.false, onClick: () => (timer ? stop() : start()) }).element;
  function stop() {
    clearInterval(timer);
    timer = null;
    toggle.textContent = words.false;
  }
  function start() {
    let step = 0;
    toggle.textContent = words.true;
    timer = setInterval(() => {
      view.change({ [setting]: Number((from + ((to - from) * step) / PLAY.steps).toFixed(2)) });
      if (++step > PLAY.steps) stop();
    }, PLAY.every_ms);
  }
  return { element: toggle, stop };
}

function makeScenes({ scenes, defaults }, view, player) {
  const set = (values) => () => {
    player.stop();
    view.change({ ...defaults, ...values });
  };
  const all = [...scenes, ["Reset", {}]].map(([label, values]) => button({ label, onClick: set(values) }).element);
  return group("Things to try", player.element, ...all);
}

function makeButtons({ name, python: className, defaults }, view, parts) {
  const said = make("span", { class: "gmx-note", role: "status" });
  const place = make("div");
  const state = () => view.state();
  const give = async (text, what) => {
    said.textContent = (await copy(text, place)) ? `${what} copied.` : `${what}: select it below and copy.`;
  };
  const code = () => python(className, Object.fromEntries(Object.keys(defaults).map((key) => [key, state()[key]])));
  const picture = () => {
    const own = parts.picture();
    const panels = own.panels ?? view.plots.map((one) => one.describe());
    return sheet({ panels, ...own, lines: [...own.lines, `Explorer ${name}: ${code()}`] });
  };
  const table = () => {
    const [header, rows, comments = []] = parts.table();
    return csv(header, rows, [...comments, code()]);
  };
  const one = (label, onClick) => button({ label, onClick }).element;
  const bar = make("div", { class: "gmx-buttons" },
    one("Copy as CSV", () => give(table(), "Table")),
    one("Save as PNG", async () => download(await rasterized(picture()), `${name}.png`)),
    one("Save as SVG", () => download(new Blob([picture()], { type: "image/svg+xml" }), `${name}.svg`)),
    view.model.onPage ? one("Copy link", () => give(link(name, state(), defaults), "Link")) : one("Copy as Python", () => give(code(), "Line of Python")),
    said,
  );
  return make("div", {}, bar, place);
}
