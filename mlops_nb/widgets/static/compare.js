// Runs side by side: what differs, how the metrics went, which code changed.

import { lines } from "./chart.js";
import { choice, h, shown } from "./dom.js";
import { parallel } from "./parallel.js";

export function compare(root, data) {
  root.replaceChildren(
    ...[
      h("p", { class: "mlops-headline" }, data.summary),
      settings(data),
      chart(data),
      parallel(data.names, data.axes),
      code(data),
    ].filter(part => part !== null),
  );
}

function settings({ names, rows }) {
  const head = h("tr", {}, h("td"), ...names.map(name => h("th", { scope: "col" }, name)));
  const body = rows.map(([label, ...values]) => {
    const cells = values.map(value => h("td", {}, shown(value)));
    const differs = new Set(values.map(shown)).size > 1;
    return h("tr", { class: differs ? "mlops-differs" : null }, h("th", { scope: "row" }, label), ...cells);
  });
  const grid = h("table", { "aria-label": "What differs" }, h("thead", {}, head), h("tbody", {}, ...body));
  return h("div", { class: "mlops-scroller", tabindex: 0, role: "group", "aria-label": "What differs" }, grid);
}

function chart({ names, curves }) {
  const metrics = Object.keys(curves);
  if (metrics.length === 0) return null;
  const place = h("div");
  const draw = at => {
    const series = names.map((name, i) => ({ name, points: curves[metrics[at]][i] }));
    place.replaceChildren(lines(metrics[at], series));
  };
  draw(0);
  return h("section", {}, metrics.length > 1 ? choice("Metric", metrics, draw) : null, place);
}

function code({ names, diffs }) {
  const changed = diffs.map((diff, i) => [names[i + 1], diff]).filter(([, diff]) => diff);
  if (changed.length === 0) return null;
  const place = h("div");
  const draw = at => place.replaceChildren(marked(...changed[at]));
  draw(0);
  const others = changed.map(([name]) => name);
  return h("section", {}, choice(`Code, ${names[0]} against`, others, draw), place);
}

/** Return a unified diff, what was added and taken away marked. */
function marked(name, diff) {
  const label = `Difference to the code of ${name}`;
  const parts = diff.split("\n").flatMap(text => {
    const kind = { "+": "ins", "-": "del" }[text[0]];
    return [kind ? h(kind, {}, text) : text, "\n"];
  });
  return h("pre", { tabindex: 0, role: "group", "aria-label": label }, ...parts);
}
