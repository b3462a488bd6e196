// Ground-motion maps of an earthquake that the reader places: the U-Nets of Italy and Kanto, run in the page.

import { checkbox, group, make } from "./core/controls.js";
import { liveText } from "./core/live.js";
import { explorer } from "./core/shell.js";
import { colors, onTheme } from "./core/theme.js";
import { drawMap, widthFor } from "./map_canvas.js";
import { evaluate, inside, outside, pixel, place, regions } from "./map_region.js";
import { disagreement, look, reading, sources, summary, table } from "./map_words.js";

const defaults = { region: "italy", quantity: "mean", magnitude: 6.1, latitude: 42.34, longitude: 13.38, depth_km: 8.3 };
const KANTO = { region: "kanto", latitude: 35.58, longitude: 140.14, depth_km: 70 };
const SCENES = [
  ["In the Po plain", { latitude: 45, longitude: 11, depth_km: 10 }],
  ["U-Net over classical", { quantity: "difference" }],
  ["Sigma beyond the data", { quantity: "sigma", magnitude: 7.5 }],
  ["Kanto, M 5 below Chiba", { ...KANTO, magnitude: 5 }],
];
const QUANTITIES = [
  ["mean", "Mean of the U-Net"],
  ["sigma", "Sigma of the U-Net"],
  ["classical", "Classical model"],
  ["difference", "U-Net / classical model"],
];
const ARROWS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const HELP =
  "Click on the map to place the earthquake; on a touch screen the first tap reads a pixel, a second one on it places the earthquake " +
  "there. With the keyboard: arrow keys move the epicenter by one pixel, Shift and arrow keys move the reading frame, Enter brings " +
  "the epicenter to it.";
const NO_READING = "Point at the map to read a pixel.";
const EDGE = 0.01; // pixels: an epicenter that is moved stays this far inside

function open(view) {
  const { controls, model, change } = view;
  const shown = { view, all: regions(view.content), region: null, maps: null, cursor: null };
  const kind = make("p", { class: "gmx-kind" });
  const toRegion = (name) => {
    const { grid, first } = shown.all[name];
    const here = inside(grid, pixel(grid, model.get("longitude"), model.get("latitude")));
    change({ region: name, ...(here ? {} : first) });
  };
  const options = Object.values(shown.all).map(({ name, title }) => [name, title]);
  const region = view.select("region", { label: "Region", options, onInput: toRegion }, null);
  const quantity = view.select("quantity", { label: "Map of", options: QUANTITIES }, null);
  shown.records = checkbox({ label: "Pixels with training records", value: false, onInput: () => map.draw() });
  controls.before(kind);
  controls.after(group("What to show", quantity.element, region.element, shown.records.element));
  const map = makeMap(shown);
  const source = make("p");
  view.notes.append(map.help, source);
  const endTheme = onTheme(map.fit);

  function update(state) {
    if (shown.region !== shown.all[state.region]) {
      Object.assign(shown, { region: shown.all[state.region], maps: null, cursor: null });
      map.fit();
      eventSliders(shown);
      source.textContent = sources(shown.region);
      kind.textContent = shown.region.kind;
    }
    shown.maps = evaluate(shown.region, state);
    const beyond = outside(shown.region, state, shown.maps).join("; ");
    const extrapolated = beyond && `Extrapolation: ${beyond}.`;
    map.tell(state);
    return { spoken: summary(shown.region, shown.maps, state), warning: `${extrapolated} ${disagreement(shown.region, shown.maps)}`.trim() };
  }
  return {
    update,
    table: () => table(shown.region, shown.maps),
    picture: () => {
      const { region, maps } = shown;
      const title = `${look(region, view.state().quantity).title}: ${region.title}`;
      map.draw({ ink: "#1d232b", dark: false }); // a picture is for paper
      const panels = [{ image: map.canvas.toDataURL(), width: map.canvas.clientWidth, height: map.canvas.clientHeight }];
      map.draw();
      return { title, panels, legend: [], lines: [summary(region, maps, view.state()), region.kind, sources(region)] };
    },
    stop() {
      map.stop();
      endTheme();
    },
  };
}

/** Magnitude, depth and place, as far as the region goes, with the range of the training events marked. */
function eventSliders({ view, region }) {
  const { grid, network, deepest_km: deepest } = region;
  const corners = [[0, 0], [grid.nx, 0], [0, grid.ny], [grid.nx, grid.ny]].map((corner) => place(grid, ...corner));
  const span = (axis) => {
    const ends = corners.map((corner) => corner[axis]);
    return [Math.floor(Math.min(...ends)), Math.ceil(Math.max(...ends))];
  };
  view.controls.replaceChildren();
  const entry = (name, label, unit, [min, max], step, column) =>
    view.slider(name, { label, unit, min, max, step }).range(...network.ranges[column]);
  entry("magnitude", "Magnitude M", "", [3, 8], 0.1, "magnitude");
  entry("depth_km", "Depth", "km", [0, deepest], 0.1, "hypocentral_depth_km");
  entry("latitude", "Latitude", "°N", span(1), 0.01, "event_latitude");
  entry("longitude", "Longitude", "°E", span(0), 0.01, "event_longitude");
}

function makeMap(shown) {
  const { root, figures } = shown.view;
  const help = make("p", { class: "gmx-note", id: `gmx-help-${Math.random().toString(36).slice(2)}` }, HELP);
  const canvas = make("canvas", { role: "img", style: "width: 100%; display: block; cursor: crosshair" });
  const pad = make("div", {
    tabindex: "0", role: "application", "aria-label": "Map; arrow keys move the epicenter", "aria-describedby": help.id,
    class: "gmx-map",
  }, canvas);
  const under = make("p", { class: "gmx-legend" });
  figures.append(pad, under);
  const liveUnder = liveText(root);
  liveUnder.element.classList.add("gmx-hidden");

  let [ink, width] = [null, 0]; // to ask for them at each move costs a layout
  function fit() {
    pad.style.maxWidth = `${widthFor(shown.region.grid, 0.6 * window.innerHeight)}px`;
    [ink, width] = [colors(root), canvas.clientWidth];
    draw();
  }
  function draw(theme = ink) {
    const { maps, region, cursor, records } = shown;
    const { quantity, longitude, latitude } = shown.view.state();
    if (!maps || !width) return;
    drawMap(canvas, {
      width, grid: region.grid, values: maps[quantity], look: look(region, quantity), outline: region.outline, far: region.far,
      records: records.value ? region.records : null, epicenter: pixel(region.grid, longitude, latitude), cursor,
      support: maps.support, tag: region.tag, theme,
    });
  }
  function read() {
    const { maps, region, cursor } = shown;
    const p = cursor && Math.floor(cursor[1]) * region.grid.nx + Math.floor(cursor[0]);
    under.textContent = cursor ? reading(region, maps, p) : NO_READING;
    if (cursor) liveUnder.say(under.textContent);
    draw();
  }
  function tell(state) {
    const text = summary(shown.region, shown.maps, state);
    canvas.setAttribute("aria-label", `Map: ${look(shown.region, state.quantity).title}. ${text}`);
    read();
  }
  listen(shown, pad, canvas, read);
  const size = new ResizeObserver(fit);
  size.observe(pad);
  return { canvas, help, draw, fit, tell, stop: () => [liveUnder.stop(), size.disconnect()] };
}

/** Pointer and keys move the reading frame (then read() is called) and the epicenter. */
function listen(shown, pad, canvas, read) {
  const moveTo = (to) => {
    const { grid } = shown.region;
    const held = to.map((value, axis) => Math.min(Math.max(value, EDGE), [grid.nx, grid.ny][axis] - EDGE));
    const [longitude, latitude] = place(grid, ...held);
    shown.view.change({ longitude: Number(longitude.toFixed(2)), latitude: Number(latitude.toFixed(2)) });
  };
  const lookAt = (to) => {
    if (!inside(shown.region.grid, to)) return;
    shown.cursor = to;
    read();
  };
  let touched = ""; // the pixel that was tapped last
  const pointed = (event) => {
    const box = canvas.getBoundingClientRect();
    const { nx, ny } = shown.region.grid;
    return [((event.clientX - box.left) / box.width) * nx, ny - ((event.clientY - box.top) / box.width) * nx];
  };
  canvas.addEventListener("pointermove", (event) => lookAt(pointed(event)));
  canvas.addEventListener("click", (event) => {
    const to = pointed(event);
    if (!inside(shown.region.grid, to)) return;
    const [before, now] = [touched, String(to.map(Math.floor))];
    touched = now;
    if (event.pointerType === "touch" && before !== now) lookAt(to);
    else moveTo(to);
  });
  pad.addEventListener("keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step && !(event.key === "Enter" && shown.cursor)) return;
    event.preventDefault();
    const { longitude, latitude } = shown.view.state();
    const epicenter = pixel(shown.region.grid, longitude, latitude);
    if (!step) moveTo(shown.cursor);
    else if (event.shiftKey) lookAt((shown.cursor ?? epicenter).map((value, axis) => Math.floor(value) + 0.5 + step[axis]));
    else moveTo(epicenter.map((value, axis) => value + step[axis]));
  });
}

export default explorer({
  name: "event_map",
  python: "EventMap",
  label: "Ground-motion map",
  defaults,
  choices: ({ meta }) => ({ region: Object.keys(meta.regions), quantity: QUANTITIES.map(([name]) => name) }),
  scenes: SCENES,
  plays: { setting: "magnitude", label: "magnitude", from: 4, to: 6.5 },
  open,
});
