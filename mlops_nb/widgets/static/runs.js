// A list of runs; the name of one opens what it holds.

import { cellText, table } from "./table.js";
import { h } from "./dom.js";

export function runs(root, data) {
  const details = h("div", { class: "mlops-details", role: "status" });
  let list = null;

  function open(row) {
    const values = data.columns
      .map((column, i) => [column, row[i]])
      .filter(([, value]) => value !== null && value !== undefined)
      .flatMap(([column, value]) => [h("dt", {}, column.label), h("dd", {}, cellText(column, value))]);
    details.replaceChildren(h("dl", {}, ...values));
  }

  function draw() {
    list = table({ label: "Runs", noun: "runs", columns: data.columns, rows: data.rows, open });
    root.replaceChildren(data.rows.length ? list.element : h("p", {}, "no runs yet"), details);
  }

  draw();
  return next => {
    const same = JSON.stringify(next.columns) === JSON.stringify(data.columns);
    const grown = same && data.rows.length > 0;
    data = next;
    if (grown) list.update(data.rows);
    else draw();
  };
}
