// Labeled native inputs. Every function returns {element, get value, set(value)}; set() does not call onInput.

let count = 0;
const nextId = () => `gmx-${++count}`;

/** An element with attributes and children; attributes that are functions become listeners. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A slider with a number box beside it. step: of the box, and of a linear slider; scale "log" needs min + offset > 0; range(low, high) marks
    the part of the way that the data cover. */
export function slider({ label, unit = "", min, max, step, value, scale = "linear", offset = 0, onInput }) {
  const id = nextId();
  const steps = 200;
  const log = scale === "log";
  const start = Math.log(min + offset);
  const span = Math.log(max + offset) - start;
  const toWay = (v) => (log ? (steps * (Math.log(v + offset) - start)) / span : v);
  const round = (v) => Math.min(max, Math.max(min, Number((Math.round(v / step) * step).toFixed((String(step).split(".")[1] ?? "").length))));
  const fromWay = (w) => round(log ? Math.exp(start + (w / steps) * span) - offset : w);
  const text = unit ? `${label} (${unit})` : label;
  const spoken = (v) => `${v}${unit ? ` ${unit}` : ""}`;

  const way = make("input", { type: "range", id, class: "gmx-way", min: log ? 0 : min, max: log ? steps : max, step: log ? 1 : step });
  const box = make("input", { type: "number", class: "gmx-box", min, max, step, "aria-label": `${text}, number` });
  const bar = make("div", { class: "gmx-range", "aria-hidden": "true" });
  const element = make("div", { class: "gmx-slider" }, make("label", { for: id }, text), box, make("div", { class: "gmx-track" }, way, bar));
  let current = value;

  function show(from) {
    if (from !== way) way.value = toWay(current);
    if (from !== box) box.value = current;
    way.setAttribute("aria-valuetext", spoken(current));
    box.removeAttribute("aria-invalid");
  }
  function moved(to, from) {
    if (to === current) return show(from);
    current = to;
    show(from);
    onInput(current);
  }
  way.addEventListener("input", () => moved(fromWay(Number(way.value)), way));
  way.addEventListener("keydown", (event) => {
    // A step of a logarithmic way can be smaller than one of the number box, and JupyterLab keeps the browser from moving any.
    const direction = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    const along = log ? fromWay(toWay(current) + direction) : current;
    moved(along === current ? round(current + direction * step) : along, null);
  });
  box.addEventListener("input", () => {
    const typed = box.value === "" ? NaN : Number(box.value);
    if (typed >= min && typed <= max) moved(typed, box);
    else box.setAttribute("aria-invalid", "true");
  });
  box.addEventListener("change", () => {
    const typed = box.value === "" ? current : Math.min(max, Math.max(min, Number(box.value)));
    moved(typed, null);
  });
  show(null);
  return {
    element,
    get value() { return current; },
    set(to) {
      current = to;
      show(document.activeElement === box ? box : null);
    },
    range(low, high) {
      const share = (v) => (100 * (toWay(Math.min(max, Math.max(min, v))) - toWay(min))) / (toWay(max) - toWay(min));
      bar.style.setProperty("--low", share(low).toFixed(2));
      bar.style.setProperty("--high", share(high).toFixed(2));
      bar.classList.add("gmx-range-set");
    },
  };
}

/** A drop-down list; options: pairs of value and text. */
export function select({ label, options, value, onInput }) {
  const id = nextId();
  const list = make("select", { id, change: () => onInput(options[list.selectedIndex][0]) });
  list.append(...options.map(([key, text]) => make("option", { value: String(key) }, text)));
  const set = (to) => (list.selectedIndex = options.findIndex(([one]) => one === to));
  set(value);
  const element = make("div", { class: "gmx-select" }, make("label", { for: id }, label), list);
  return { element, set, get value() { return options[list.selectedIndex]?.[0]; } };
}

/** A box to tick; swatch is drawn between the box and its label. */
export function checkbox({ label, value, onInput, swatch = null }) {
  const box = make("input", { type: "checkbox", change: () => onInput(box.checked) });
  box.checked = value;
  return {
    element: make("label", { class: "gmx-check" }, box, swatch, make("span", {}, label)),
    get value() { return box.checked; },
    set: (to) => (box.checked = to),
  };
}

/** A button. */
export function button({ label, onClick }) {
  return { element: make("button", { type: "button", class: "gmx-button", click: onClick }, label) };
}

/** Inputs that belong together, with a legend. */
export function group(legend, ...elements) {
  return make("fieldset", { class: "gmx-group" }, make("legend", {}, legend), ...elements);
}

/** A table in a box that scrolls; fill(rows, caption, header) with cells of text or nodes; a row's key is its data-row. */
export function table({ label, caption, header, name = "" }) {
  const title = make("caption", {}, caption);
  const [head, body] = [make("thead"), make("tbody")];
  const scope = (cells) => head.replaceChildren(make("tr", {}, ...cells.map((text) => make("th", { scope: "col" }, text))));
  scope(header);
  const inner = make("table", { class: name }, title, head, body);
  return {
    element: make("div", { class: "gmx-table", tabindex: "0", role: "region", "aria-label": label }, inner),
    body,
    fill(rows, words, columns) {
      if (words) title.textContent = words;
      if (columns) scope(columns);
      const made = rows.map(({ key, cells: [first, ...rest] }) =>
        make("tr", { "data-row": key }, make("th", { scope: "row" }, first), ...rest.map((cell) => make("td", {}, cell))),
      );
      body.replaceChildren(...made);
    },
  };
}
