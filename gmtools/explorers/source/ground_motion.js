// What a magnitude, a distance and a VS30 do to a spectrum: networks and classical models side by side.

import { make, slider } from "./core/controls.js";
import { liveText } from "./core/live.js";
import { plot } from "./core/plot.js";
import { unpack } from "./core/payload.js";
import { useTheme } from "./core/theme.js";

const defaults = { magnitude: 6, rjb_km: 20, vs30_m_s: 400 };

function render({ model, el }) {
  useTheme();
  const { meta } = unpack(model.get("payload"));
  const root = make("section", { class: "gmx", "aria-label": "Ground motion" });
  el.append(root);
  const magnitude = slider({
    label: "Magnitude M", min: 3, max: 8, step: 0.05, value: model.get("magnitude"),
    onInput: (value) => { model.set("magnitude", value); model.save_changes(); },
  });
  root.append(magnitude.element);
  const figure = plot(root, {
    caption: "Spectrum", x: { label: "period (s)", log: true, range: [0.02, 4] }, y: { label: "PSA (g)", log: true, range: [1e-4, 1] },
  });
  const live = liveText(root);
  function update() {
    magnitude.set(model.get("magnitude"));
    const values = meta.periods.map((t) => 0.001 * 10 ** (model.get("magnitude") / 3) * Math.exp(-t));
    figure.draw({ x: meta.periods, lines: [{ values, color: "#0072B2" }], alt: "A line." });
    live.say(`Magnitude ${model.get("magnitude")}`);
  }
  model.on("change:magnitude", update);
  update();
  return () => { live.stop(); figure.destroy(); };
}

export default { render, defaults };
