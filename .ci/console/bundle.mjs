/**
 * Bundle the console: `node bundle.mjs SITE OUTPUT DIGEST` joins, minifies and compresses the modules and styles in the
 * folder SITE into the folder OUTPUT.
 *
 * OUTPUT has `main.js`, the pages, the worker and the editor at the paths of their sources; `chunks/` with the modules that they share;
 * `console.css`; and `manifest.json`: DIGEST, the styles, and for each entry the chunks that it imports.
 */

import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";

const [site, output, digest] = process.argv.slice(2);
const WORKER = "viewer/loading/label-worker.js";
const EDITOR = "editor/code-mirror.js";
const PACKAGES = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const STYLES = "console.css";
const WORTH_COMPRESSING_BYTES = 1024;
const OPTIONS = { bundle: true, minify: true, format: "esm", target: "es2022", outdir: output, absWorkingDir: site, write: false, metafile: true, logLevel: "warning" };

const sections = JSON.parse(readFileSync(join(site, "routes.json"), "utf8"));
const pages = sections.flatMap(({ pages }) => pages.map(({ module }) => module));

/**
 * Modules that exist only here: the entries of pages, and one style sheet that imports all.
 *
 * The entry of a page imports `main.js` as well, although that runs already. So whatever `main.js` needs is needed by all
 * entries, and esbuild, which makes a chunk for each set of entries, puts it into a single one.
 */
const virtualModules = {
  name: "virtual-modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(page|styles):/ }, ({ path }) => ({ path, namespace: "virtual" }));
    onLoad({ filter: /^page:/, namespace: "virtual" }, ({ path }) => ({ contents: `import "./main.js"; export * from "./pages/${path.slice("page:".length)}";`, resolveDir: site }));
    onLoad({ filter: /^styles:/, namespace: "virtual" }, () => ({ contents: readdirSync(join(site, "styles")).sort().map((name) => `@import "./styles/${name}";`).join("\n"), resolveDir: site, loader: "css" }));
  },
};

const withoutSuffix = (path) => path.replace(/\.\w+$/, "");
const modules = await build({
  ...OPTIONS,
  splitting: true,
  chunkNames: "chunks/[hash]",
  plugins: [virtualModules],
  entryPoints: [{ in: "./main.js", out: "main" }, ...pages.map((module) => ({ in: `page:${module}`, out: withoutSuffix(`pages/${module}`) }))],
});
// By itself: a worker that shared a chunk with the pages would run them.
const worker = await build({ ...OPTIONS, entryPoints: [{ in: `./${WORKER}`, out: withoutSuffix(WORKER) }] });
// By itself, too: only the page with the editor loads it, and its packages share no module with the console.
const editor = await build({ ...OPTIONS, entryPoints: [{ in: `./${EDITOR}`, out: withoutSuffix(EDITOR) }], nodePaths: [PACKAGES], legalComments: "none" });
const styles = await build({ ...OPTIONS, plugins: [virtualModules], entryPoints: [{ in: "styles:", out: withoutSuffix(STYLES) }] });

for (const { path, contents } of [modules, worker, editor, styles].flatMap(({ outputFiles }) => outputFiles)) write(path, contents);
write(join(output, dirname(EDITOR), "licences.txt"), licencesOf(editor.metafile));
cpSync(join(site, "icon.svg"), join(output, "icon.svg"));
write(join(output, "manifest.json"), Buffer.from(JSON.stringify({ sources: digest, styles: [STYLES], imports: importsOf(modules.metafile) })));

/** Return the licences of all packages in a build, which their authors require to be distributed with it. */
function licencesOf({ inputs }) {
  const names = Object.keys(inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const texts = [...new Set(names)].filter(Boolean).sort().map((name) => `${name}\n\n${readFileSync(join(PACKAGES, name, "LICENSE"), "utf8").trim()}\n`);
  return Buffer.from(texts.join("\n\n"));
}

/** Write a file, and beside it what Brotli makes of it. The platform makes what gzip would, for the few who ask for that. */
function write(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
  if (contents.length <= WORTH_COMPRESSING_BYTES || path.endsWith(".json")) return;
  writeFileSync(`${path}.br`, brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: contents.length } }));
}

/** For each entry, the paths of all chunks that it imports, directly or not. */
function importsOf({ outputs }) {
  const nameOf = (path) => relative(output, join(site, path));
  const importedBy = new Map(Object.entries(outputs).map(([path, { imports }]) => [nameOf(path), imports.filter(({ kind }) => kind === "import-statement").map((each) => nameOf(each.path))]));
  const closure = (name, found) => {
    for (const each of importedBy.get(name)) if (!found.has(each)) closure(each, found.add(each));
    return found;
  };
  const entries = Object.entries(outputs).filter(([, { entryPoint }]) => entryPoint).map(([path]) => nameOf(path));
  return Object.fromEntries(entries.sort().map((name) => [name, [...closure(name, new Set())].sort()]));
}
