/**
 * What the document says about the console: `BASE`, the URL below which its files are, `IS_BUNDLED`, whether they are a
 * bundle and not the plain modules, and `SECTIONS` (see `routes.js`).
 *
 * Modules that are loaded by their path (pages, workers) are addressed below `BASE`: relative to the module that loads them
 * they would be somewhere else in the bundle.
 */

export const { base: BASE, isBundled: IS_BUNDLED, sections: SECTIONS } = JSON.parse(document.getElementById("site").textContent);
