/** Forms: labelled fields with their own errors, checkboxes, selects, and buttons that show when they are busy. */

import { h } from "../core/dom.js";
import { signal } from "../core/reactive.js";
import { showError, errorText } from "./notices.js";
import { icon } from "./icons.js";

let fieldCount = 0;

/**
 * A control with its label, hint and error.
 *
 * @param {string} title
 * @param {Element} control an input, select or textarea; it gets an id and `aria-describedby`
 * @param {object} more `hint` (text below it), `error` (a signal of a text, empty while the value is valid)
 */
export function field(title, control, { hint, error } = {}) {
  fieldCount += 1;
  control.id ||= `field-${fieldCount}`;
  const [hintId, errorId] = [`${control.id}-hint`, `${control.id}-error`];
  const described = [hint && hintId, error && errorId].filter(Boolean).join(" ");
  if (described) control.setAttribute("aria-describedby", described);
  return h(
    "div.field",
    { class: () => (error?.value ? "wrong" : "") },
    h("label", { for: control.id }, title, control.required && h("span.required", { title: "Required" }, " *")),
    control,
    hint && h("p.hint", { id: hintId }, hint),
    error && h("p.error", { id: errorId, role: "alert" }, () => error.value),
  );
}

/** A checkbox with its label. */
export function checkbox(title, attributes = {}) {
  return h("label.check", {}, h("input", { type: "checkbox", ...attributes }), h("span", {}, title));
}

/** A select with `options`, each a text or `[value, title]`. */
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
 * A form that is sent by `submit(values, formElement)`; errors are shown above its buttons.
 *
 * `values` holds the value of each named control, for checkboxes whether they are checked. With `isValidated` false the
 * browser does not validate the controls; `submit` does, and shows the errors at the fields.
 */
export function form(content, { submit, verb, isDangerous = false, cancel, buttons = [], isValidated = true }) {
  const failure = signal("");
  const isBusy = signal(false);
  return h(
    "form",
    {
      novalidate: !isValidated,
      onsubmit: async (event) => {
        event.preventDefault();
        if (isBusy.value) return;
        failure.value = "";
        isBusy.value = true;
        try {
          await submit(valuesOf(event.target), event.target);
        } catch (error) {
          failure.value = errorText(error);
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
 * A button that runs `work`, ignores further clicks meanwhile, and shows a notice if it fails.
 *
 * @param {object} options `symbol` (an icon), `kind` (primary, danger, plain, link), and attributes
 */
export function button(title, work, { symbol, kind = "", isIconOnly = false, ...attributes } = {}) {
  return h(
    `button${kind && `.${kind}`}`,
    {
      type: "button",
      "aria-label": isIconOnly ? title : null,
      title: isIconOnly ? title : null,
      ...attributes,
      onclick: busyWhile(work),
    },
    symbol && icon(symbol),
    !isIconOnly && title,
  );
}

/**
 * Return a click listener that runs `work`, marks its element as busy and ignores further clicks meanwhile, and shows a
 * notice if the work fails.
 */
export function busyWhile(work) {
  return async (event) => {
    const element = event.currentTarget;
    if (element.ariaBusy === "true") return;
    element.ariaBusy = "true";
    try {
      await work(event);
    } catch (error) {
      showError(error);
    } finally {
      element.ariaBusy = null;
    }
  };
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
