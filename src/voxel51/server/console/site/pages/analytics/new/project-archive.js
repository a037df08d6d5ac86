/** Archive of a project folder: a tar file (POSIX ustar), compressed by gzip, as the platform takes it. */

const BLOCK = 512;
const EXCLUDED = new Set([".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", "__MACOSX", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".idea", ".vscode", ".ipynb_checkpoints"]);
const EXCLUDED_FILES = /(^\.DS_Store|^Thumbs\.db|\.pyc|\.pyo)$/;
const [NAME_BYTES, PREFIX_BYTES] = [100, 155];

/** Return whether a file of a chosen folder belongs to the source of a project. */
export function isSource({ webkitRelativePath: path }) {
  const parts = path.split("/");
  return !parts.slice(0, -1).some((part) => EXCLUDED.has(part)) && !EXCLUDED_FILES.test(parts.at(-1));
}

/** Pack the files of a folder; resolves to a file `<folder>.tar.gz`. */
export async function packFolder(files) {
  if (files.length === 0) throw new Error("the folder has no files");
  const pieces = files.flatMap((file) => [header(file.webkitRelativePath, file.size), file, new Uint8Array((BLOCK - (file.size % BLOCK)) % BLOCK)]);
  const packed = new Blob([...pieces, new Uint8Array(2 * BLOCK)]).stream().pipeThrough(new CompressionStream("gzip"));
  const folder = files[0].webkitRelativePath.split("/")[0];
  return new File([await new Response(packed).blob()], `${folder}.tar.gz`, { type: "application/gzip" });
}

/** Return the header of a regular file: fields of text and octal numbers at fixed places, and their checksum. */
export function header(path, bytes) {
  const block = new Uint8Array(BLOCK);
  const put = (text, offset) => block.set(new TextEncoder().encode(text), offset);
  const octal = (number, length) => `${number.toString(8).padStart(length - 1, "0")}\0`;
  const [prefix, name] = splitPath(path);
  put(name, 0);
  put(octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(bytes, 12) + octal(0, 12), 100);
  put("        0", 148); // the checksum counts as spaces; "0" is a regular file
  put("ustar\x0000", 257);
  put(prefix, 345);
  put(`${octal(block.reduce((sum, byte) => sum + byte, 0), 7)} `, 148);
  return block;
}

/** Split a path so that both parts fit into their fields. */
function splitPath(path) {
  const length = (text) => new TextEncoder().encode(text).length;
  if (length(path) <= NAME_BYTES) return ["", path];
  for (let cut = path.indexOf("/"); cut > 0; cut = path.indexOf("/", cut + 1)) {
    if (length(path.slice(0, cut)) <= PREFIX_BYTES && length(path.slice(cut + 1)) <= NAME_BYTES) return [path.slice(0, cut), path.slice(cut + 1)];
  }
  throw new Error(`the path is too long for an archive: ${path}`);
}
