// The metrics of a run, as they come.

import { lines } from "./chart.js";
import { duration, h } from "./dom.js";

export function live(root, data) {
  const status = h("p", { class: "mlops-headline" });
  const charts = h("div", { class: "mlops-charts" });
  root.replaceChildren(status, charts);

  function draw(next) {
    const word = h("span", { class: `mlops-status-${next.status.toLowerCase()}` }, next.status.toLowerCase());
    status.replaceChildren(next.name, " · ", word, ` · ${duration(next.seconds)}`);
    // Who reads a value with the keys keeps the place.
    const at = [...charts.children].findIndex(chart => chart.contains(document.activeElement));
    const metrics = Object.entries(next.curves);
    charts.replaceChildren(...metrics.map(([name, points]) => lines(name, [{ name, points }])));
    if (metrics.length === 0) charts.replaceChildren(h("p", { class: "mlops-mute" }, "no metric yet"));
    if (at >= 0) charts.children[at]?.querySelector("[tabindex]")?.focus();
  }

  draw(data);
  return draw;
}
