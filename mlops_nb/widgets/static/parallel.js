// Parallel coordinates: one axis a parameter or metric, one line a run.

import { COLOURS, legend, scale } from "./chart.js";
import { h, s, shown } from "./dom.js";

const AREA = { width: 560, height: 220, side: 50, top: 14, bottom: 26 };

/** Return where each value of an axis stands; texts stand at even distances in their order. */
export function places(values) {
  const known = values.filter(value => value !== null);
  if (known.every(value => typeof value === "number")) {
    const { place } = scale(known, AREA.height - AREA.bottom, AREA.top);
    return values.map(value => (value === null ? null : place(value)));
  }
  const texts = [...new Set(known.map(String))].sort();
  const { place } = scale(texts.map((_, i) => i), AREA.height - AREA.bottom, AREA.top);
  return values.map(value => (value === null ? null : place(texts.indexOf(String(value)))));
}

/** Return the chart, null with fewer than two axes that tell the runs apart. */
export function parallel(names, axes) {
  const told = axes.filter(axis => new Set(axis.values).size > 1);
  if (told.length < 2) return null;
  const gap = (AREA.width - 2 * AREA.side) / (told.length - 1);
  const heights = told.map(axis => places(axis.values));
  const rails = told.flatMap((axis, i) => rail(axis, heights[i], AREA.side + i * gap, i === told.length - 1));
  const runs = names.map((name, run) => {
    const path = told
      .map((_, i) => [AREA.side + i * gap, heights[i][run]])
      .filter(([, y]) => y !== null)
      .map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`);
    const style = { points: path.join(" "), stroke: COLOURS[run % COLOURS.length] };
    return s("polyline", { ...style, fill: "none", "stroke-width": 2 }, s("title", {}, name));
  });
  const picture = s(
    "svg",
    { viewBox: `0 0 ${AREA.width} ${AREA.height}`, role: "img", "aria-label": "Parallel coordinates of the runs" },
    ...rails,
    ...runs,
  );
  return h(
    "figure",
    { class: "mlops-chart" },
    h("figcaption", {}, h("strong", {}, "Parameters and metrics")),
    h("div", { class: "mlops-plot" }, picture),
    legend(names),
  );
}

function rail(axis, heights, x, isLast) {
  const beside = isLast ? { x: x - 4, "text-anchor": "end" } : { x: x + 4 };
  const labels = new Map(axis.values.map((value, i) => [heights[i], value]));
  const texts = [...labels]
    .filter(([height]) => height !== null)
    .map(([height, value]) => s("text", { ...beside, y: height - 3 }, shown(value).slice(0, 14)));
  return [
    s("line", { class: "mlops-rail", x1: x, x2: x, y1: AREA.top, y2: AREA.height - AREA.bottom }),
    s("text", { x, y: AREA.height - 8, "text-anchor": "middle" }, axis.label.slice(0, 18)),
    ...texts,
  ];
}
