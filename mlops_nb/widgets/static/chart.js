// Lines over steps, and bars of shares, as SVG.

import { h, s, shown } from "./dom.js";

export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a"];
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [560, 190, 58, 10, 10, 24];

/** Return round numbers between two bounds, at most about `count` of them. */
export function ticks(low, high, count = 4) {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(n => n * unit).find(n => n >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i++) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

/** Return the function that places a number between two pixels, and the bounds it spans. */
export function scale(values, from, to) {
  const known = values.filter(Number.isFinite);
  const [low, high] = known.reduce(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
  const place = value => (high > low ? from + ((value - low) / (high - low)) * (to - from) : (from + to) / 2);
  return { place, low, high };
}

/** Return the point of a line that is nearest to a step. */
export function nearest(points, x) {
  let best = null;
  for (const point of points) {
    if (!Number.isFinite(point[1])) continue;
    if (best === null || Math.abs(point[0] - x) < Math.abs(best[0] - x)) best = point;
  }
  return best;
}

/**
 * Return a chart of lines; a pointer or the arrow keys read their values.
 *
 * @param {string} title What is drawn.
 * @param {{name: string, points: [number, number | string | null][]}[]} series The lines.
 */
export function lines(title, series) {
  const drawn = series.filter(one => one.points.some(point => Number.isFinite(point[1])));
  if (drawn.length === 0) return h("p", { class: "mlops-mute" }, `${title}: no value yet`);
  const every = drawn.flatMap(one => one.points.filter(point => Number.isFinite(point[1])));
  const x = scale(every.map(point => point[0]), LEFT, WIDTH - RIGHT);
  const y = scale(every.map(point => point[1]), HEIGHT - BOTTOM, TOP);
  const steps = [...new Set(every.map(point => point[0]))].sort((a, b) => a - b);
  const cursor = s("line", { class: "mlops-cursor", y1: TOP, y2: HEIGHT - BOTTOM, hidden: true });
  const picture = s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
    ...axes(x, y),
    ...series.map((one, i) => line(one, COLOURS[i % COLOURS.length], x, y)),
    cursor,
  );
  const reading = h("span", { class: "mlops-reading", role: "status" }, last(drawn));
  let at = steps.length - 1;

  function read(index) {
    at = Math.max(0, Math.min(steps.length - 1, index));
    const place = x.place(steps[at]);
    cursor.setAttribute("x1", place);
    cursor.setAttribute("x2", place);
    cursor.removeAttribute("hidden");
    const points = drawn.map(one => nearest(one.points, steps[at]));
    reading.textContent = `step ${shown(steps[at])}: ${told(drawn, points)}`;
  }

  function key(event) {
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: steps.length - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    event.stopPropagation();
    read(moves[event.key]);
  }

  function point(event) {
    const box = picture.getBoundingClientRect();
    const wanted = ((event.clientX - box.left) / box.width) * WIDTH;
    const away = steps.map(step => Math.abs(x.place(step) - wanted));
    read(away.indexOf(Math.min(...away)));
  }

  const area = h(
    "div",
    {
      class: "mlops-plot",
      tabindex: 0,
      role: "group",
      "aria-label": `${title}: line chart; arrow keys read values`,
      onkeydown: key,
      onmousemove: point,
    },
    picture,
  );
  return h(
    "figure",
    { class: "mlops-chart" },
    h("figcaption", {}, h("strong", {}, title), " ", reading),
    area,
    drawn.length > 1 ? legend(series.map(one => one.name)) : null,
  );
}

function last(drawn) {
  return told(drawn, drawn.map(one => one.points.findLast(point => Number.isFinite(point[1]))));
}

/** Return the value of each line; a line that is alone needs no name. */
function told(drawn, points) {
  const values = points.map(point => shown(point[1]));
  return drawn.length > 1 ? drawn.map((one, i) => `${one.name} ${values[i]}`).join(", ") : values[0];
}

function line(one, colour, x, y) {
  // A value that is no number leaves a gap.
  let pen = "M";
  const path = [];
  for (const [step, value] of one.points) {
    if (Number.isFinite(value)) {
      path.push(`${pen}${x.place(step).toFixed(1)},${y.place(value).toFixed(1)}`);
      pen = "L";
    } else pen = "M";
  }
  const known = one.points.filter(point => Number.isFinite(point[1]));
  const dots = known.length > 30 ? [] : known;
  return s(
    "g",
    { stroke: colour, fill: colour },
    s("path", { d: path.join(""), fill: "none", "stroke-width": 1.8 }),
    ...dots.map(point => s("circle", { cx: x.place(point[0]), cy: y.place(point[1]), r: 2.2 })),
  );
}

function axes(x, y) {
  const level = value => [
    s("line", { class: "mlops-gridline", x1: LEFT, x2: WIDTH - RIGHT, y1: y.place(value), y2: y.place(value) }),
    s("text", { x: LEFT - 6, y: y.place(value) + 4, "text-anchor": "end" }, shown(value)),
  ];
  const foot = value =>
    s("text", { x: x.place(value), y: HEIGHT - 6, "text-anchor": "middle" }, shown(value));
  return [...ticks(y.low, y.high).flatMap(level), ...ticks(x.low, x.high, 6).map(foot)];
}

/** Return names beside their colours. */
export function legend(names, colours = COLOURS) {
  const items = names.map((name, i) => {
    const mark = h("span", { class: "mlops-mark", "aria-hidden": "true" });
    mark.style.background = colours[i % colours.length];
    return h("li", {}, mark, name);
  });
  return h("ul", { class: "mlops-legend" }, ...items);
}

/** Return a chart of shares, two bars a name: the reference beside the current ones. */
export function bars(title, names, pairs) {
  const most = Math.max(...pairs.flat(), 1e-12);
  const each = (WIDTH - LEFT - RIGHT) / names.length;
  const bar = (share, i, side) => {
    const height = (share / most) * (HEIGHT - TOP - BOTTOM);
    const place = { x: LEFT + each * (i + 0.1 + 0.4 * side), y: HEIGHT - BOTTOM - height };
    const size = { width: Math.max(1, each * 0.38), height, fill: COLOURS[side] };
    const text = `${names[i]}: ${["reference", "current"][side]} ${(share * 100).toFixed(1)} %`;
    return s("rect", { ...place, ...size }, s("title", {}, text));
  };
  const every = Math.ceil(names.length / 6);
  const labels = names.map((name, i) =>
    i % every
      ? null
      : s("text", { x: LEFT + each * (i + 0.5), y: HEIGHT - 6, "text-anchor": "middle" }, name.slice(0, 12)),
  );
  const levels = ticks(0, most).flatMap(value => {
    const at = HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
    return [
      s("line", { class: "mlops-gridline", x1: LEFT, x2: WIDTH - RIGHT, y1: at, y2: at }),
      s("text", { x: LEFT - 6, y: at + 4, "text-anchor": "end" }, `${shown(value * 100)} %`),
    ];
  });
  const drawn = pairs.flatMap(([one, two], i) => [bar(one, i, 0), bar(two, i, 1)]);
  const picture = s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: shares of rows` },
    ...levels,
    ...drawn,
    ...labels,
  );
  return h(
    "figure",
    { class: "mlops-chart" },
    h("figcaption", {}, h("strong", {}, title)),
    h("div", { class: "mlops-plot" }, picture),
    legend(["reference", "current"]),
  );
}
