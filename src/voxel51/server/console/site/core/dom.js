/** DOM elements that follow signals. Text never becomes markup: nothing here can set HTML. */

import { Scope, currentScope, effect, onEnd, signal, untracked } from "./reactive.js";

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "indeterminate", "selected", "disabled", "muted", "currentTime", "open"]);

/**
 * Create an element.
 *
 * @param {string} kind tag, and classes after dots: `button.primary`; tags of SVG begin with `svg:`
 * @param {object} attributes by name. `onclick` and other names with `on` are listeners; any other function is an effect that keeps the
 *   attribute up to date; false, null and undefined omit the attribute; `style` is an object of properties; `ref` is
 *   called with the element
 * @param {...*} children nodes, texts, arrays of them, or functions that return them (kept up to date by an effect)
 */
export function h(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  const { value, ...others } = attributes ?? {};
  for (const [name, given] of Object.entries(others)) setAttribute(element, name, given, classes);
  append(element, children);
  // Set `value` last: a range clamps it to `min` and `max`, and a select ignores it until the option exists.
  if (value !== undefined) setAttribute(element, "value", value, classes);
  return element;
}

/** Append `children` to `element`; functions among them are kept up to date. */
export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (typeof child === "function") element.append(dynamicChild(child));
    else if (isRendered(child)) element.append(child);
  }
}

/** Replace the children of `element`. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/**
 * Nodes of a keyed list, kept up to date. The node of an entry is made once; later it is moved, not made again, so that
 * focus, selection and open menus inside it survive a reload of the list.
 *
 * @param {() => Array} entries read in an effect
 * @param {(entry) => string} key unique in the list
 * @param {(entry: {value}, key: string) => Node} make called with a signal of the entry
 */
export function each(entries, key, make) {
  const end = document.createComment("");
  const fragment = document.createDocumentFragment();
  fragment.append(end);
  const known = new Map();
  effect(() => {
    const present = entries() ?? [];
    untracked(() => reconcile(present, key, make, known, end));
  });
  onEnd(() => {
    for (const { scope } of known.values()) scope.end();
  });
  return fragment;
}

function reconcile(present, key, make, known, end) {
  const keys = new Set(present.map(key));
  for (const [name, item] of known) {
    if (!keys.has(name)) {
      item.scope.end();
      item.node.remove();
      known.delete(name);
    }
  }
  // From the last entry to the first: each node belongs before the one that was placed last.
  let next = end;
  for (const entry of [...present].reverse()) {
    const name = key(entry);
    let item = known.get(name);
    if (item) item.entry.value = entry;
    else {
      const scope = new Scope();
      const current = signal(entry);
      item = { scope, entry: current, node: scope.run(() => make(current, name)) };
      known.set(name, item);
    }
    if (item.node.nextSibling !== next || item.node.parentNode !== end.parentNode) end.parentNode.insertBefore(item.node, next);
    next = item.node;
  }
}

/** A child that an effect replaces whenever `make` reads something that changed; two comments mark its place. */
function dynamicChild(make) {
  const begin = document.createComment("");
  const end = document.createComment("");
  const fragment = document.createDocumentFragment();
  fragment.append(begin, end);
  effect(() => {
    const children = make();
    while (begin.nextSibling && begin.nextSibling !== end) begin.nextSibling.remove();
    const made = document.createDocumentFragment();
    append(made, [children]);
    end.before(made);
  });
  return fragment;
}

function isRendered(child) {
  return child !== null && child !== undefined && child !== false && child !== true;
}

function setAttribute(element, name, value, classes) {
  if (name === "ref") value(element);
  else if (name.startsWith("on")) {
    const scope = currentScope();
    // Effects and timers that a listener starts belong to the scope in which its element was made.
    element.addEventListener(name.slice(2), (event) => (scope ? scope.run(() => value(event)) : value(event)));
  } else if (typeof value === "function") effect(() => assign(element, name, value(), classes));
  else assign(element, name, value, classes);
}

function assign(element, name, value, classes) {
  if (name === "style") for (const [property, text] of Object.entries(value)) setProperty(element, property, text);
  else if (name === "class") element.setAttribute("class", [...classes, value].filter(Boolean).join(" "));
  else if (PROPERTIES.has(name) && name in element && !isIndeterminate(element, value)) element[name] = value ?? "";
  else if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : value);
}

/** A progress bar is indeterminate while it has no `value` attribute; the property cannot express that. */
const isIndeterminate = (element, value) => element instanceof HTMLProgressElement && (value === null || value === undefined);

function setProperty(element, property, text) {
  if (property.startsWith("--")) element.style.setProperty(property, text);
  else element.style[property] = text;
}
