/** Files that the user drops or chooses, including those in folders. */

/** Hidden files, and files that operating systems create in folders. */
const isClutter = (name) => name.startsWith(".") || ["Thumbs.db", "desktop.ini"].includes(name);

/**
 * Return all files of a drop. Call it while the event is dispatched: afterwards browsers empty the transfer.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<Array<{file: File, path: string}>>} `path` is the path within the dropped folder
 */
export async function droppedFiles(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  const found = await Promise.all(items.map(({ entry, file }) => (entry?.isDirectory ? filesOf(entry) : file ? [{ file, path: file.name }] : [])));
  return found.flat();
}

/** Return all files of an input for files or for a folder. */
function chosenFiles(input) {
  const files = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  return input.webkitdirectory ? files.filter(({ file }) => !isClutter(file.name)) : files;
}

/** Open the browser's dialog for files, or for a folder; resolves to an empty list if it is cancelled. */
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

/** Return all entries of a folder. The reader returns them in batches (of 100 in Chromium) until a batch is empty. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
