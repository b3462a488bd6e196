// The page without a kernel: a model that stands in for anywidget's, and the search for places to render into.

import { decode } from "./payload.js";
import { readState } from "./state.js";

/** What render() uses of anywidget's model, without a kernel. */
export class PageModel {
  constructor(values) {
    this.values = { ...values };
    this.listeners = new Map();
    this.changed = new Set();
    this.onPage = true; // no kernel: links carry the state
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    if (this.values[name] === value) return;
    this.values[name] = value;
    this.changed.add(name);
  }

  /** Tell those who listen about all changes since the last call, as anywidget does when a value is set. */
  save_changes() {
    const names = [...this.changed];
    this.changed.clear();
    for (const name of names) for (const call of this.listeners.get(`change:${name}`) ?? []) call();
  }

  on(event, call) {
    if (!this.listeners.has(event)) this.listeners.set(event, new Set());
    this.listeners.get(event).add(call);
  }

  off(event, call) {
    if (call) this.listeners.get(event)?.delete(call);
    else this.listeners.delete(event);
  }
}

/** Render an explorer into each <div class="gmtools-explorer" data-explorer="NAME"> of this page. */
export function mount(name, explorer) {
  const places = document.querySelectorAll(`div.gmtools-explorer[data-explorer="${name}"]`);
  const head = document.querySelector(".bd-header-article"); // stays on top in the book: figures are pinned below it
  if (head) document.documentElement.style.setProperty("--gmx-top", `${head.offsetHeight}px`);
  for (const place of places) {
    const own = place.dataset.payload ?? window.gmtoolsPayloads?.[name];
    const payload = own === undefined ? undefined : new DataView(decode(own).buffer);
    const written = JSON.parse(place.dataset.state || "{}");
    const linked = readState(name, explorer.defaults ?? {});
    const values = { ...explorer.defaults, ...written, ...linked };
    place.replaceChildren();
    place.removeAttribute("data-payload");
    explorer.render({ model: new PageModel({ ...values, payload }), el: place });
    if (place === places[0] && Object.keys(linked).length) requestAnimationFrame(() => place.scrollIntoView());
  }
}
