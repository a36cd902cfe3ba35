// A table that sorts, filters and draws only the rows in sight.

import { h, moment, shown, uniqueId } from "./dom.js";

export const ROW_HEIGHT = 26;
const ROWS_IN_SIGHT = 14;
const ROWS_AROUND = 8;

/** Return the text of a value in its column. */
export function cellText(column, value) {
  return column.kind === "time" && typeof value === "number" ? moment(value) : shown(value);
}

/** Return the rows whose texts hold every word; `name=value` looks at one column. */
export function filtered(columns, rows, text) {
  const words = text.toLowerCase().split(/\s+/).filter(word => word);
  if (words.length === 0) return rows;
  const labels = columns.map(column => column.label.toLowerCase());
  const tests = words.map(word => {
    const at = labels.indexOf(word.split("=")[0]);
    const wanted = word.slice(word.indexOf("=") + 1);
    return word.includes("=") && at >= 0
      ? row => cellText(columns[at], row[at]).toLowerCase() === wanted
      : row => columns.some((column, i) => cellText(column, row[i]).toLowerCase().includes(word));
  });
  return rows.filter(row => tests.every(test => test(row)));
}

/** Return the rows sorted by a column; what has no value, or is no number, comes last. */
export function sorted(rows, at, descending) {
  const sign = descending ? -1 : 1;
  const missing = value => value === null || value === undefined || value === "nan";
  return [...rows].sort((one, two) => {
    const [a, b] = [one[at], two[at]];
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
  });
}

/** Return which rows to draw: the first, and the one after the last. */
export function inSight(top, height, count) {
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - ROWS_AROUND);
  const last = Math.ceil((top + height) / ROW_HEIGHT) + ROWS_AROUND;
  return [Math.min(first, count), Math.min(last, count)];
}

/**
 * Return a table as `element`, and `update`, which takes other rows and keeps sort and filter.
 *
 * @param {object} options `label`, `noun` of the rows, `columns` ({label, kind}: kind is text,
 *   number, time or status), `rows` (arrays), and `open`, called with the row that is chosen.
 */
export function table(options) {
  const { columns, open, noun = "rows" } = options;
  const state = { rows: options.rows, found: options.rows, text: "", by: -1, descending: false };
  let drawnRows = [-1, -1];
  const body = h("tbody");
  const count = h("span", { class: "mlops-count", role: "status" });
  const headers = columns.map((column, at) => header(column, () => sortBy(at)));
  const grid = h(
    "table",
    { "aria-label": options.label },
    h("thead", {}, h("tr", { "aria-rowindex": 1 }, ...headers)),
    body,
  );
  const scroller = h(
    "div",
    { class: "mlops-scroller", tabindex: 0, role: "group", "aria-label": options.label },
    grid,
  );
  scroller.style.maxHeight = `${ROW_HEIGHT * (ROWS_IN_SIGHT + 1)}px`;
  scroller.addEventListener("scroll", scrolled, { passive: true });

  function scrolled() {
    // Rows are drawn beyond what is in sight, so that most steps need none.
    const top = Math.floor(scroller.scrollTop / ROW_HEIGHT);
    const bottom = Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW_HEIGHT);
    const [from, to] = drawnRows;
    if (top < from || Math.min(bottom, state.found.length) > to) draw();
  }

  function sortBy(at) {
    // Numbers and times are looked at from the greatest down.
    const first = ["number", "time"].includes(columns[at].kind);
    state.descending = state.by === at ? !state.descending : first;
    state.by = at;
    headers.forEach((cell, i) => {
      const order = state.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", i === at ? order : "none");
    });
    find();
  }

  function find() {
    const kept = filtered(columns, state.rows, state.text);
    state.found = state.by < 0 ? kept : sorted(kept, state.by, state.descending);
    const all = state.rows.length.toLocaleString("en");
    const some = `${state.found.length.toLocaleString("en")} of ${all} ${noun}`;
    count.textContent = state.found.length === state.rows.length ? `${all} ${noun}` : some;
    grid.setAttribute("aria-rowcount", state.found.length + 1);
    scroller.scrollTop = 0;
    draw();
  }

  function draw() {
    const height = scroller.clientHeight || ROW_HEIGHT * ROWS_IN_SIGHT;
    const [from, to] = inSight(scroller.scrollTop, height, state.found.length);
    drawnRows = [from, to];
    const rows = state.found.slice(from, to).map((row, i) => drawn(row, from + i));
    body.replaceChildren(space(from), ...rows, space(state.found.length - to));
  }

  function space(rows) {
    const cell = h("td", { colspan: columns.length });
    const line = h("tr", { "aria-hidden": "true", class: "mlops-space" }, cell);
    line.style.height = `${rows * ROW_HEIGHT}px`;
    return line;
  }

  function drawn(row, at) {
    const cells = columns.map((column, i) => cell(column, row[i], i === 0 && open, row));
    return h("tr", { "aria-rowindex": at + 2 }, ...cells);
  }

  function cell(column, value, opens, row) {
    const text = cellText(column, value);
    const name = column.kind === "status" ? `mlops-status-${text.toLowerCase()}` : column.kind;
    const inside = opens ? h("button", { type: "button", onclick: () => open(row) }, text) : text;
    return h("td", { class: name, title: text.length > 24 ? text : null }, inside);
  }

  find();
  return {
    element: h("div", { class: "mlops-table" }, filterLine(), scroller),
    update(rows) {
      const top = scroller.scrollTop;
      state.rows = rows;
      find();
      scroller.scrollTop = top;
    },
  };

  function filterLine() {
    const id = uniqueId();
    const input = h("input", {
      id,
      type: "search",
      placeholder: "words, or column=value",
      oninput: () => {
        state.text = input.value;
        find();
      },
    });
    return h("p", { class: "mlops-filter" }, h("label", { for: id }, "Filter"), input, count);
  }
}

function header(column, sort) {
  const button = h("button", { type: "button", onclick: sort }, column.label);
  return h("th", { scope: "col", "aria-sort": "none", class: column.kind }, button);
}
