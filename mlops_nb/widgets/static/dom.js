// Elements and texts. Names and values come from anybody: they are set as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element; `on…` are listeners, children are elements or texts. */
export function h(name, attributes = {}, ...children) {
  const element = fill(document.createElement(name), attributes, children);
  // A key that is pressed here is no shortcut of the notebook around, where two d delete a cell.
  if (element.tabIndex >= 0) element.setAttribute("data-lm-suppress-shortcuts", "true");
  return element;
}

/** Return an element of an SVG. */
export function s(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

let made = 0;

/** Return an id that no other element of the page has. */
export function uniqueId() {
  made += 1;
  return `mlops-view-${made}-${Math.random().toString(36).slice(2, 8)}`;
}

/** Return a value short enough for a cell of a table. */
export function shown(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(3);
  return String(Number(value.toPrecision(5)));
}

/** Return a moment, given in ms since 1970, as local time. */
export function moment(milliseconds) {
  const at = new Date(milliseconds);
  const two = number => String(number).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Return seconds as `m:ss`, or `h:mm:ss`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = number => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** Return a choice with a label; `choose` is called with the index chosen. */
export function choice(label, names, choose) {
  const id = uniqueId();
  const select = h("select", { id, onchange: () => choose(select.selectedIndex) });
  select.append(...names.map(name => h("option", {}, name)));
  return h("p", { class: "mlops-choice" }, h("label", { for: id }, label), select);
}
