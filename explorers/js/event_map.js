// Ground-motion maps of an earthquake that the reader places: the U-Nets of Italy and Kanto, run in the page.

import { button, checkbox, group, make, select, slider } from "./core/controls.js";
import { liveText } from "./core/live.js";
import { unpack } from "./core/payload.js";
import { copy, savePng } from "./core/share.js";
import { harmless, link, python, stateOf } from "./core/state.js";
import { colors, onTheme, useTheme } from "./core/theme.js";
import { drawMap } from "./map_canvas.js";
import { evaluate, inside, outside, pixel, place, regions } from "./map_region.js";
import { disagreement, look, reading, sources, summary, table } from "./map_words.js";

const NAME = "event_map";
const defaults = { region: "italy", quantity: "mean", magnitude: 6.1, latitude: 42.34, longitude: 13.38, depth_km: 8.3 };
const QUANTITIES = [
  ["mean", "Mean of the U-Net"],
  ["sigma", "Sigma of the U-Net"],
  ["classical", "Classical model"],
  ["difference", "U-Net / classical model"],
];
const ARROWS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const HELP =
  "Click on the map to place the earthquake. With the keyboard: arrow keys move the epicenter by one pixel, " +
  "Shift and arrow keys move the reading frame, Enter brings the epicenter to it.";
const NO_READING = "Point at the map to read a pixel.";
const EDGE = 0.01; // pixels: an epicenter that is moved stays this far inside

function render({ model, el }) {
  useTheme();
  const root = make("section", { class: "gmx", "aria-label": "Ground-motion map" });
  el.append(root);
  const content = unpack(model.get("payload"));
  const shown = { model, root, all: regions(content), region: null, maps: null, cursor: null };
  const choices = { region: Object.keys(shown.all), quantity: QUANTITIES.map(([name]) => name) };
  shown.state = () => harmless(stateOf(model, defaults), defaults, content.meta.limits, choices);
  shown.change = (values) => {
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    model.save_changes();
  };
  const controls = makeControls(shown);
  const warning = make("p", { class: "gmx-warning", role: "status" });
  root.append(warning);
  const map = makeMap(shown);
  controls.redraw(map.draw);
  const source = make("p", { class: "gmx-note" });
  root.append(makeButtons(shown, map.canvas), map.help, source);

  function update() {
    const state = shown.state();
    if (shown.region !== shown.all[state.region]) {
      Object.assign(shown, { region: shown.all[state.region], cursor: null });
      controls.forRegion();
      source.textContent = sources(shown.region);
    }
    shown.maps = evaluate(shown.region, state);
    controls.set(state);
    const beyond = outside(shown.region, state).join("; ");
    warning.textContent = [
      beyond && `Outside the training earthquakes: ${beyond}. Read the map as extrapolation.`,
      disagreement(shown.region, shown.maps),
    ]
      .filter(Boolean)
      .join(" ");
    map.tell();
  }
  const soon = together(update);
  for (const name of Object.keys(defaults)) model.on(`change:${name}`, soon);
  update();
  const endTheme = onTheme(map.draw);
  return () => {
    map.stop();
    endTheme();
    for (const name of Object.keys(defaults)) model.off(`change:${name}`, soon);
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

function makeControls(shown) {
  const { model, root, all, change } = shown;
  const toRegion = (name) => {
    const { grid, first } = all[name];
    const here = inside(grid, pixel(grid, model.get("longitude"), model.get("latitude")));
    change({ region: name, ...(here ? {} : first) });
  };
  const kind = make("p", { style: "font-weight: 600" });
  const region = select({
    label: "Region", value: model.get("region"), onInput: toRegion,
    options: Object.values(all).map(({ name, title }) => [name, title]),
  });
  const onInput = (quantity) => change({ quantity });
  const quantity = select({ label: "Map of", value: model.get("quantity"), options: QUANTITIES, onInput });
  let draw = () => {};
  shown.records = checkbox({ label: "Pixels with training records", value: false, onInput: () => draw() });
  const style = "grid-template-columns: repeat(auto-fit, minmax(min(12rem, 100%), 1fr))";
  const event = make("div", { class: "gmx-controls", style });
  root.append(kind, group("What to show", region.element, quantity.element, shown.records.element), event);
  let sliders = {};
  return {
    redraw: (call) => (draw = call),
    forRegion() {
      sliders = eventSliders(shown);
      event.replaceChildren(...Object.values(sliders).map(({ element }) => element));
      kind.textContent = shown.region.kind;
    },
    set(state) {
      region.set(state.region);
      quantity.set(state.quantity);
      for (const [name, one] of Object.entries(sliders)) one.set(state[name]);
    },
  };
}

/** Magnitude, depth and place, as far as the region goes, with the range of the training events marked. */
function eventSliders({ model, region, change }) {
  const { grid, network, deepest_km: deepest } = region;
  const corners = [[0, 0], [grid.nx, 0], [0, grid.ny], [grid.nx, grid.ny]].map((corner) => place(grid, ...corner));
  const span = (axis) => {
    const ends = corners.map((corner) => corner[axis]);
    return [Math.floor(Math.min(...ends)), Math.ceil(Math.max(...ends))];
  };
  const entry = (name, label, unit, [min, max], step, column) => {
    const onInput = (value) => change({ [name]: value });
    const made = slider({ label, unit, min, max, step, value: model.get(name), onInput });
    made.range(...network.ranges[column]);
    return made;
  };
  return {
    magnitude: entry("magnitude", "Magnitude M", "", [3, 8], 0.1, "magnitude"),
    depth_km: entry("depth_km", "Depth", "km", [0, deepest], 0.1, "hypocentral_depth_km"),
    latitude: entry("latitude", "Latitude", "°N", span(1), 0.01, "event_latitude"),
    longitude: entry("longitude", "Longitude", "°E", span(0), 0.01, "event_longitude"),
  };
}

function makeMap(shown) {
  const { root } = shown;
  const help = make("p", { class: "gmx-note", id: `gmx-help-${Math.random().toString(36).slice(2)}` }, HELP);
  const canvas = make("canvas", { role: "img", style: "width: 100%; display: block; cursor: crosshair" });
  const pad = make("div", {
    tabindex: "0", role: "application", "aria-label": "Map; arrow keys move the epicenter", "aria-describedby": help.id,
    style: "max-width: 42rem; margin: .6rem auto",
  }, canvas);
  const under = make("p", { style: "min-height: 4.2em" });
  root.append(pad, under);
  const live = liveText(root);
  const liveUnder = liveText(root);
  liveUnder.element.classList.add("gmx-hidden");

  function draw() {
    const { maps, region, cursor, records } = shown;
    const { quantity, longitude, latitude } = shown.state();
    if (!maps || !canvas.clientWidth) return;
    drawMap(canvas, {
      grid: region.grid, values: maps[quantity], look: look(region, quantity), outline: region.outline, far: region.far,
      records: records.value ? region.records : null, epicenter: pixel(region.grid, longitude, latitude), cursor,
      tag: region.tag, theme: colors(root),
    });
  }
  function read() {
    const { maps, region, cursor } = shown;
    const p = cursor && Math.floor(cursor[1]) * region.grid.nx + Math.floor(cursor[0]);
    under.textContent = cursor ? reading(region, maps, p) : NO_READING;
    if (cursor) liveUnder.say(under.textContent);
    draw();
  }
  function tell() {
    const state = shown.state();
    const text = summary(shown.region, shown.maps, state);
    canvas.setAttribute("aria-label", `Map: ${look(shown.region, state.quantity).title}. ${text}`);
    live.say(text);
    read();
  }
  listen(shown, pad, canvas, read);
  const size = new ResizeObserver(draw);
  size.observe(pad);
  const stop = () => {
    live.stop();
    liveUnder.stop();
    size.disconnect();
  };
  return { canvas, help, draw, tell, stop };
}

/** Pointer and keys move the reading frame (then read() is called) and the epicenter. */
function listen(shown, pad, canvas, read) {
  const moveTo = (to) => {
    const { grid } = shown.region;
    const held = to.map((value, axis) => Math.min(Math.max(value, EDGE), [grid.nx, grid.ny][axis] - EDGE));
    const [longitude, latitude] = place(grid, ...held);
    shown.change({ longitude: Number(longitude.toFixed(2)), latitude: Number(latitude.toFixed(2)) });
  };
  const lookAt = (to) => {
    if (!inside(shown.region.grid, to)) return;
    shown.cursor = to;
    read();
  };
  const pointed = (event) => {
    const box = canvas.getBoundingClientRect();
    const { nx, ny } = shown.region.grid;
    return [((event.clientX - box.left) / box.width) * nx, ny - ((event.clientY - box.top) / box.width) * nx];
  };
  canvas.addEventListener("pointermove", (event) => lookAt(pointed(event)));
  canvas.addEventListener("click", (event) => {
    if (inside(shown.region.grid, pointed(event))) moveTo(pointed(event));
  });
  pad.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step && !(event.key === "Enter" && shown.cursor)) return;
    event.preventDefault();
    const { longitude, latitude } = shown.state();
    const epicenter = pixel(shown.region.grid, longitude, latitude);
    if (!step) moveTo(shown.cursor);
    else if (event.shiftKey) lookAt((shown.cursor ?? epicenter).map((value, axis) => Math.floor(value) + 0.5 + step[axis]));
    else moveTo(epicenter.map((value, axis) => value + step[axis]));
  });
}

function makeButtons(shown, canvas) {
  const { model, root } = shown;
  const said = make("span", { role: "status", class: "gmx-note" });
  const take = async (text, what) => {
    said.textContent = (await copy(text, root)) ? `${what} copied.` : "Copy the marked text.";
  };
  const call = () => python("EventMap", shown.state());
  const save = () => {
    const { ground, ink } = colors(root);
    const { region, maps } = shown;
    const lines = [summary(region, maps, shown.state()), region.kind, ...region.layers];
    savePng([canvas], `${NAME}_${region.name}.png`, { background: ground, ink, lines });
  };
  const share = () => (model.onPage ? take(link(NAME, shown.state()), "Link") : take(call(), "Line of Python"));
  return make("div", { class: "gmx-buttons" },
    button({ label: "Copy as CSV", onClick: () => take(table(shown.region, shown.maps, call()), "Table") }).element,
    button({ label: "Save as PNG", onClick: save }).element,
    button({ label: model.onPage ? "Copy link" : "Copy as Python", onClick: share }).element,
    said,
  );
}

export default { render, defaults };
