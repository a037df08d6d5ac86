import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { isSource, packFolder } from "../../../src/voxel51/server/console/site/pages/analytics/new/project-archive.js";

function file(path, content) {
  const made = new File([content], path.split("/").at(-1));
  Object.defineProperty(made, "webkitRelativePath", { value: path });
  return made;
}

test("a folder is packed so that tar reads it", async () => {
  const long = `cars/${"deep/".repeat(25)}module.py`;
  const files = [file("cars/pyproject.toml", "[project]\n"), file("cars/größe.py", "x = 1\n".repeat(200)), file("cars/empty.py", ""), file(long, "y = 2\n")];

  const packed = await packFolder(files);

  assert.equal(packed.name, "cars.tar.gz");
  const listed = spawnSync("tar", ["tzvf", "-", "--quoting-style=literal"], { input: Buffer.from(await packed.arrayBuffer()), encoding: "utf8" });
  assert.equal(listed.status, 0, listed.stderr);
  const entries = listed.stdout.trim().split("\n").map((line) => line.split(/\s+/));
  assert.deepEqual(entries.map((entry) => [entry[5], entry[2]]), [["cars/pyproject.toml", "10"], ["cars/größe.py", "1200"], ["cars/empty.py", "0"], [long, "6"]]);
});

test("caches, environments and version control are left out", () => {
  const paths = ["cars/cars.py", "cars/.git/config", "cars/.venv/lib/x.py", "cars/__pycache__/cars.pyc", "cars/a.pyc", "cars/.DS_Store", "cars/venv.py"];

  const kept = paths.filter((path) => isSource({ webkitRelativePath: path }));

  assert.deepEqual(kept, ["cars/cars.py", "cars/venv.py"]);
});

test("a path that does not fit is refused by its name", async () => {
  const path = `cars/${"x".repeat(101)}.py`;

  await assert.rejects(packFolder([file(path, "")]), /too long for an archive: cars\/xxx/);
});
