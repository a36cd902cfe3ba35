// Jobs while they run: one line each, in the order in which they began.

import { duration, h } from "./dom.js";

export function job(root, data) {
  function draw(next) {
    const items = next.jobs.map(one => {
      const at = one.cells ? `cell ${one.cell} of ${one.cells}` : "starting the kernel";
      const bar = h("progress", { max: one.cells || 1, "aria-label": `Progress of ${one.job}` });
      if (one.cells || one.status !== "running") bar.value = one.status === "running" ? one.cell - 1 : one.cell;
      const word = h("span", { class: `mlops-status-${one.status}` }, one.status.replace("_", " "));
      const facts = [at, duration(one.seconds), one.peak].filter(text => text).join(" · ");
      return h("li", {}, h("strong", {}, one.job), bar, h("span", {}, word, ` · ${facts}`));
    });
    root.replaceChildren(h("ul", { class: "mlops-jobs" }, ...items));
  }

  draw(data);
  return draw;
}
