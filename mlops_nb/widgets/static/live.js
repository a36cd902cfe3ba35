// The metrics of a run, as they come.

import { lines } from "./chart.js";
import { duration, h, shown } from "./dom.js";

export function live(root, data) {
  const status = h("p", { class: "mlops-headline" });
  const figures = h("p");
  const charts = h("div", { class: "mlops-charts" });
  root.replaceChildren(status, figures, charts);

  function draw(next) {
    const word = h("span", { class: `mlops-status-${next.status.toLowerCase()}` }, next.status.toLowerCase());
    status.replaceChildren(next.name, " · ", word, ` · ${duration(next.seconds)}`);
    // Who reads a value with the keys keeps the place.
    const at = [...charts.children].findIndex(chart => chart.contains(document.activeElement));
    const metrics = Object.entries(next.curves);
    const curves = metrics.filter(([, points]) => points.length > 1);
    charts.replaceChildren(...curves.map(([name, points]) => lines(name, [{ name, points }])));
    const single = metrics.filter(([, points]) => points.length === 1);
    const none = next.status === "RUNNING" ? "no metric yet" : "no metric was logged";
    const values = single.map(([name, [[, value]]]) => `${name} ${shown(value)}`);
    figures.textContent = metrics.length ? values.join(" · ") : none;
    if (at >= 0) charts.children[at]?.querySelector("[tabindex]")?.focus();
  }

  draw(data);
  return draw;
}
