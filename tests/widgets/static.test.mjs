// What the modules compute, without a page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest, scale, ticks } from "../../mlops_nb/widgets/static/chart.js";
import { duration, shown } from "../../mlops_nb/widgets/static/dom.js";
import { placed } from "../../mlops_nb/widgets/static/lifecycle.js";
import { places } from "../../mlops_nb/widgets/static/parallel.js";
import { filtered, inSight, sorted } from "../../mlops_nb/widgets/static/table.js";

const columns = [
  { label: "name", kind: "text" },
  { label: "auc", kind: "number" },
  { label: "depth", kind: "text" },
];
const rows = [
  ["forest", 0.9, "3"],
  ["linear", null, "10"],
  ["boosting", "nan", "9"],
  ["forest", 0.95, "10"],
];

test("every word must be found, and name=value looks at one column", () => {
  assert.equal(filtered(columns, rows, "  ").length, 4);
  assert.deepEqual(filtered(columns, rows, "FOREST 0.95"), [rows[3]]);
  assert.deepEqual(filtered(columns, rows, "depth=10"), [rows[1], rows[3]]);
  assert.deepEqual(filtered(columns, rows, "unknown=10"), []);
});

test("what has no value comes last, in both directions", () => {
  assert.deepEqual(sorted(rows, 1, true).map(row => row[1]), [0.95, 0.9, null, "nan"]);
  assert.deepEqual(sorted(rows, 1, false).map(row => row[1]), [0.9, 0.95, null, "nan"]);
});

test("texts that hold numbers are sorted by them, and the rows given stay as they are", () => {
  assert.deepEqual(sorted(rows, 2, false).map(row => row[2]), ["3", "9", "10", "10"]);
  assert.equal(rows[0][0], "forest");
});

test("only the rows in sight are drawn, and none beyond the last", () => {
  const [from, to] = inSight(26_000, 364, 10_000);
  assert.ok(from <= 1000 && from > 980 && to >= 1014 && to < 1035);
  assert.deepEqual(inSight(0, 364, 3), [0, 3]);
  assert.deepEqual(inSight(260_000, 364, 3), [3, 3]);
});

test("ticks are round, inside of the bounds, and exist for a single value", () => {
  assert.deepEqual(ticks(0, 1), [0, 0.5, 1]);
  assert.deepEqual(ticks(0.13, 0.47), [0.2, 0.3, 0.4]);
  assert.deepEqual(ticks(5, 5), [5]);
});

test("a scale passes over what is no number, and puts equal values in the middle", () => {
  const { place, low, high } = scale([1, NaN, 3, null], 0, 100);
  assert.deepEqual([low, high, place(2)], [1, 3, 50]);
  assert.equal(scale([7, 7], 0, 100).place(7), 50);
});

test("the nearest point is one with a value", () => {
  assert.deepEqual(nearest([[0, 1], [1, null], [5, 2]], 1), [0, 1]);
  assert.equal(nearest([[0, "nan"]], 0), null);
});

test("texts stand at even distances, and a run without a value leaves the axis out", () => {
  const [b, a, none, c] = places(["b", "a", null, "c"]);
  assert.equal(none, null);
  assert.ok(Math.abs(b - (a + c) / 2) < 1e-9);
  assert.ok(places([1, 3])[0] > places([1, 3])[1], "more stands higher");
});

test("numbers are short, and what is missing is told from nought", () => {
  assert.equal(shown(0.123456789), "0.12346");
  assert.equal(shown(0), "0");
  assert.equal(shown(null), "–");
  assert.equal(shown(1.5e-7), "1.500e-7");
  assert.equal(duration(3725), "1:02:05");
});

test("a stage is as wide as it lasted, none is invisible, and what worked is inside", () => {
  const span = (label, start, end, worked) => ({ label, start, end, worked, stage: "deploy" });
  const spans = [span("m 1", 0, 50, 25), span("m 2", 50, 100, 0), span("m 1", 50, 50, 0)];
  const { labels, boxes, low, high } = placed(spans);
  assert.deepEqual([labels, low, high], [["m 1", "m 2"], 0, 100]);
  assert.deepEqual(boxes.map(box => box.line), [0, 1, 0]);
  assert.equal(boxes[0].width, boxes[1].width);
  assert.equal(boxes[0].busy, boxes[0].width / 2);
  assert.equal(boxes[1].busy, 0);
  assert.ok(boxes[2].width > 0);
});
