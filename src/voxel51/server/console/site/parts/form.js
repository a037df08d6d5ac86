/** Forms: labelled fields that show their own errors, and buttons that say while they work. */

import { h } from "../core/dom.js";
import { signal } from "../core/reactive.js";
import { complain, textOf } from "./notices.js";
import { icon } from "./icons.js";

let made = 0;

/**
 * A labelled control.
 *
 * @param {string} title
 * @param {Element} control an input, select or textarea; it gets an id, and its description
 * @param {object} more `hint` (text below it), `error` (a signal of text; empty: none)
 */
export function field(title, control, { hint, error } = {}) {
  made += 1;
  control.id ||= `field-${made}`;
  const [hintId, errorId] = [`${control.id}-hint`, `${control.id}-error`];
  const described = [hint && hintId, error && errorId].filter(Boolean).join(" ");
  if (described) control.setAttribute("aria-describedby", described);
  return h(
    "div.field",
    { class: () => (error?.value ? "wrong" : "") },
    h("label", { for: control.id }, title, control.required && h("span.required", { title: "needed" }, " *")),
    control,
    hint && h("p.hint", { id: hintId }, hint),
    error && h("p.error", { id: errorId, role: "alert" }, () => error.value),
  );
}

/** A box to tick, with its text. */
export function checkbox(title, attributes = {}) {
  return h("label.check", {}, h("input", { type: "checkbox", ...attributes }), h("span", {}, title));
}

/** A choice among `options`, each a text or `[value, title]`. */
export function select(options, attributes = {}) {
  const { value, ...others } = attributes;
  const pairs = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  return h(
    "select",
    others,
    pairs.map(([key, title]) => h("option", { value: key, selected: key === value }, title)),
  );
}

/**
 * A form that is sent by `submit(values, formElement)`; what is refused is told above its buttons.
 *
 * `values` holds each named control's value, of boxes whether they are ticked. Where it is not `isChecked`, the browser does
 * not look at the values first: `submit` does, and tells at the fields what is wrong.
 */
export function form(content, { submit, verb, isDangerous = false, cancel, buttons = [], isChecked = true }) {
  const failure = signal("");
  const isBusy = signal(false);
  return h(
    "form",
    {
      novalidate: !isChecked,
      onsubmit: async (event) => {
        event.preventDefault();
        if (isBusy.value) return;
        failure.value = "";
        isBusy.value = true;
        try {
          await submit(valuesOf(event.target), event.target);
        } catch (error) {
          failure.value = textOf(error);
        } finally {
          isBusy.value = false;
        }
      },
    },
    content,
    h("p.error.form-error", { role: "alert" }, () => failure.value),
    h(
      "footer",
      {},
      buttons,
      cancel && h("button", { type: "button", onclick: cancel }, "Cancel"),
      h(isDangerous ? "button.danger" : "button.primary", { type: "submit", "aria-busy": () => isBusy.value && "true" }, verb),
    ),
  );
}

/**
 * A button that runs `work` and cannot be pressed again meanwhile; where that fails, it is told.
 *
 * @param {object} look `symbol` (a pictogram), `kind` (primary, danger, plain, link), and attributes
 */
export function button(title, work, { symbol, kind = "", isIconOnly = false, ...attributes } = {}) {
  const isBusy = signal(false);
  return h(
    `button${kind && `.${kind}`}`,
    {
      type: "button",
      "aria-busy": () => isBusy.value && "true",
      "aria-label": isIconOnly ? title : null,
      title: isIconOnly ? title : null,
      ...attributes,
      onclick: async (event) => {
        if (isBusy.value) return;
        isBusy.value = true;
        try {
          await work(event);
        } catch (error) {
          complain(error);
        } finally {
          isBusy.value = false;
        }
      },
    },
    symbol && icon(symbol),
    !isIconOnly && title,
  );
}

function valuesOf(element) {
  const values = {};
  for (const control of element.elements) {
    if (control.name && !control.disabled && !(control.type === "radio" && !control.checked)) {
      values[control.name] = control.type === "checkbox" ? control.checked : control.value;
    }
  }
  return values;
}
