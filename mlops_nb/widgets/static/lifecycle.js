// The lifecycle: where models wait, each stage of each version on one axis of time.

import { legend, scale } from "./chart.js";
import { h, moment, s } from "./dom.js";
import { table } from "./table.js";

const [SPAN_WIDTH, NAMES_WIDTH, LINE_HEIGHT, FOOT_HEIGHT] = [760, 130, 24, 22];

/** Return each span with its line, its pixels, and those in which something ran. */
export function placed(spans) {
  const labels = [...new Set(spans.map(one => one.label))];
  const { place, low, high } = scale(spans.flatMap(one => [one.start, one.end]), NAMES_WIDTH, SPAN_WIDTH - 10);
  const wide = (from, to) => Math.max(1.5, place(to) - place(from));
  const boxes = spans.map(one => ({
    ...one,
    line: labels.indexOf(one.label),
    x: place(one.start),
    width: wide(one.start, one.end),
    busy: one.worked > 0 ? wide(one.start, one.start + one.worked) : 0,
  }));
  return { labels, boxes, place, low, high };
}

export function lifecycle(root, data) {
  if (!data.begun) {
    root.replaceChildren(h("p", { class: "mlops-headline" }, `${data.project}: ${data.empty}`));
    return;
  }
  const details = h("div", { class: "mlops-details", role: "status" });
  const rows = data.spans.map(one => one.row);
  const open = row => {
    const chosen = data.spans[rows.indexOf(row)];
    details.replaceChildren(h("p", {}, h("strong", {}, chosen.told)), h("p", {}, row.at(-1)));
  };
  const slow = data.bottleneck;
  const word = h("strong", { class: `mlops-status-${slow ? "warned" : "passed"}` }, "bottleneck");
  root.replaceChildren(
    h("p", { class: "mlops-headline" }, word, ` · ${slow ? slow.message : "none"}`),
    slow ? h("p", {}, "next: ", h("code", {}, slow.remedy)) : "",
    h("p", { class: "mlops-mute" }, data.funnel.map(([stage, count]) => `${stage} ${count}`).join(" → ")),
    ...data.headings.map(text => h("p", {}, text)),
    ...data.warnings.map(text => h("p", { class: "mlops-status-warned" }, text)),
    rows.length ? timeline(data) : "",
    rows.length ? table({ label: "Stages", noun: "stages", columns: data.columns, rows, open }).element : "",
    details,
  );
}

function timeline({ spans, colours }) {
  const { labels, boxes, place, low, high } = placed(spans);
  const height = labels.length * LINE_HEIGHT + FOOT_HEIGHT;
  const bar = box => {
    const look = { x: box.x, fill: colours[box.stage] };
    const top = box.line * LINE_HEIGHT;
    return s(
      "g",
      {},
      s("title", {}, box.told),
      s("rect", { ...look, y: top + 4, width: box.width, height: LINE_HEIGHT - 8, "fill-opacity": 0.4 }),
      box.busy ? s("rect", { ...look, y: top + 8, width: box.busy, height: LINE_HEIGHT - 16 }) : "",
    );
  };
  const name = (label, line) =>
    s("text", { x: NAMES_WIDTH - 8, y: line * LINE_HEIGHT + 16, "text-anchor": "end" }, label.slice(-20));
  const days = high - low > 2 * 86_400_000;
  const foot = part => {
    const at = low + (high - low) * part;
    const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
    const text = days ? moment(at).slice(0, 10) : moment(at).slice(5, 16);
    return s("text", { x: place(at), y: height - 6, "text-anchor": anchor }, text);
  };
  const picture = s(
    "svg",
    { viewBox: `0 0 ${SPAN_WIDTH} ${height}`, role: "img", "aria-label": "Timeline; the table below says the same" },
    ...labels.map(name),
    ...boxes.map(bar),
    ...[0, 0.25, 0.5, 0.75, 1].map(foot),
  );
  const used = Object.keys(colours).filter(stage => spans.some(one => one.stage === stage));
  return h(
    "figure",
    { class: "mlops-chart mlops-timeline" },
    h("figcaption", {}, h("strong", {}, "Timeline"), " pale: waiting, full: runs and jobs at work"),
    h("div", { class: "mlops-plot" }, picture),
    legend(used, used.map(stage => colours[stage])),
  );
}
