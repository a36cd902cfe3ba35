// Drift: the verdict, the columns by severity, and of one of them the distributions.

import { bars } from "./chart.js";
import { h } from "./dom.js";
import { table } from "./table.js";

export function drift(root, data) {
  const details = h("div", { class: "mlops-details", role: "status" });
  const open = row => {
    const found = data.details[row[0]];
    const parts = [h("p", {}, h("strong", {}, found.message)), found.advice ? h("p", {}, found.advice) : null];
    if (found.names.length) parts.push(bars(row[0], found.names, found.shares));
    details.replaceChildren(...parts.filter(part => part !== null));
  };
  const word = h("strong", { class: `mlops-status-${data.status}` }, data.drifted ? "drift" : "no drift");
  root.replaceChildren(
    h("p", { class: "mlops-headline" }, word, ` · ${data.headline}`),
    h("p", { class: "mlops-mute" }, data.sizes),
    ...data.warnings.map(text => h("p", { class: "mlops-mute" }, text)),
    table({ label: "Columns", noun: "columns", columns: data.columns, rows: data.rows, open }).element,
    details,
  );
  if (data.drifted) open(data.rows[0]);
}
