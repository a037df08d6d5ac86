/**
 * What the document says about the console: `BASE`, the URL below which its files are, and `SECTIONS` (see `routes.js`).
 *
 * Modules that are loaded by their path (pages, workers) are addressed below `BASE`: relative to the module that loads them
 * they would be somewhere else in the bundle.
 */

export const { base: BASE, sections: SECTIONS } = JSON.parse(document.getElementById("site").textContent);
