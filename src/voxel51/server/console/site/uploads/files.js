/** Files as they are dropped or chosen, those in folders included. */

/** What systems leave in folders and nobody means. */
const isClutter = (name) => name.startsWith(".") || ["Thumbs.db", "desktop.ini"].includes(name);

/**
 * All files of a drop. To be called while the event is being told: afterwards browsers forget what was dropped.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<Array<{file: File, path: string}>>} `path` is that within the folder that was dropped
 */
export async function droppedFiles(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  const found = await Promise.all(items.map(({ entry, file }) => (entry?.isDirectory ? filesOf(entry) : file ? [{ file, path: file.name }] : [])));
  return found.flat();
}

/** All files of an input, whether it takes files or a folder. */
export function chosenFiles(input) {
  const files = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  return input.webkitdirectory ? files.filter(({ file }) => !isClutter(file.name)) : files;
}

/** Let somebody choose files, or a folder with all that is in it; nothing where they do not. */
export function choose({ isFolder = false } = {}) {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.webkitdirectory = isFolder;
  return new Promise((resolve) => {
    input.addEventListener("change", () => resolve(chosenFiles(input)));
    input.addEventListener("cancel", () => resolve([]));
    input.click();
  });
}

async function filesOf(folder) {
  const found = [];
  for (const entry of await entriesOf(folder)) {
    if (isClutter(entry.name)) continue;
    if (entry.isDirectory) found.push(...(await filesOf(entry)));
    else found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path: entry.fullPath.replace(/^\//, "") });
  }
  return found;
}

/** Browsers give the entries of a folder by the hundred, until there are none. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
