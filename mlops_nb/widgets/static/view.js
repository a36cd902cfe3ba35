// What anywidget calls: one view, drawn by its kind.

import { compare } from "./compare.js";
import { drift } from "./drift.js";
import { h } from "./dom.js";
import { job } from "./job.js";
import { lifecycle } from "./lifecycle.js";
import { live } from "./live.js";
import { runs } from "./runs.js";

const KINDS = { compare, drift, job, lifecycle, live, runs };

export function render({ model, el }) {
  const root = h("div", { class: "mlops-view" });
  el.append(root);
  // A kind returns what takes its next data; one that does not is drawn anew.
  const kind = KINDS[model.get("kind")];
  const update = kind(root, model.get("data")) ?? (data => kind(root, data));
  const change = () => update(model.get("data"));
  model.on("change:data", change);
  return () => model.off("change:data", change);
}

export default { render };
