/** Making elements. No text ever becomes markup: there is no way here to set HTML. */

import { Scope, currentScope, effect, onEnd, signal, untracked } from "./reactive.js";

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "indeterminate", "selected", "disabled", "muted", "currentTime", "open"]);

/**
 * An element.
 *
 * @param {string} kind tag, and classes after dots: `button.primary`; tags of SVG begin with `svg:`
 * @param {object} attributes by name. `onclick` and the like are listeners; a function as a value is an effect that keeps
 *   the attribute up to date; false, null and undefined leave it out; `style` is an object of properties; `ref` is
 *   called with the element
 * @param {...*} children nodes, texts, arrays of them, or functions that return them (kept up to date)
 */
export function h(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = tag.startsWith("svg:") ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  const { value, ...others } = attributes ?? {};
  for (const [name, given] of Object.entries(others)) setAttribute(element, name, given, classes);
  append(element, children);
  // A value counts only within the limits of a range, and for a select only where there is such an option.
  if (value !== undefined) setAttribute(element, "value", value, classes);
  return element;
}

/** Put `children` into `element`; functions among them are kept up to date. */
export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (typeof child === "function") element.append(changing(child));
    else if (isShown(child)) element.append(child);
  }
}

/** Replace what is in `element`. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/**
 * The nodes of a list, kept up to date: each entry's node is made once and moved, not made again.
 *
 * @param {() => Array} entries read in an effect
 * @param {(entry) => string} key unique in the list
 * @param {(entry: {value}, key: string) => Node} make from a signal that follows the entry
 */
export function each(entries, key, make) {
  const end = document.createComment("");
  const fragment = document.createDocumentFragment();
  fragment.append(end);
  const known = new Map();
  effect(() => {
    const present = entries() ?? [];
    untracked(() => arrange(present, key, make, known, end));
  });
  onEnd(() => {
    for (const { scope } of known.values()) scope.end();
  });
  return fragment;
}

function arrange(present, key, make, known, end) {
  const keys = new Set(present.map(key));
  for (const [name, item] of known) {
    if (!keys.has(name)) {
      item.scope.end();
      item.node.remove();
      known.delete(name);
    }
  }
  let next = end;
  for (const entry of [...present].reverse()) {
    const name = key(entry);
    let item = known.get(name);
    if (item) item.entry.value = entry;
    else {
      const scope = new Scope();
      const follows = signal(entry);
      item = { scope, entry: follows, node: scope.run(() => make(follows, name)) };
      known.set(name, item);
    }
    if (item.node.nextSibling !== next || item.node.parentNode !== end.parentNode) end.parentNode.insertBefore(item.node, next);
    next = item.node;
  }
}

function changing(make) {
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

function isShown(child) {
  return child !== null && child !== undefined && child !== false && child !== true;
}

function setAttribute(element, name, value, classes) {
  if (name === "ref") value(element);
  else if (name.startsWith("on")) {
    const scope = currentScope();
    // What a listener begins (an effect, a timer) belongs to where its element was made.
    element.addEventListener(name.slice(2), (event) => (scope ? scope.run(() => value(event)) : value(event)));
  } else if (typeof value === "function") effect(() => assign(element, name, value(), classes));
  else assign(element, name, value, classes);
}

function assign(element, name, value, classes) {
  if (name === "style") for (const [property, text] of Object.entries(value)) setProperty(element, property, text);
  else if (name === "class") element.setAttribute("class", [...classes, value].filter(Boolean).join(" "));
  else if (PROPERTIES.has(name) && name in element && !isOpenEnded(element, value)) element[name] = value ?? "";
  else if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : value);
}

/** A progress bar without a value is one of which nobody knows the end; its property cannot say so. */
const isOpenEnded = (element, value) => element instanceof HTMLProgressElement && (value === null || value === undefined);

function setProperty(element, property, text) {
  if (property.startsWith("--")) element.style.setProperty(property, text);
  else element.style[property] = text;
}
