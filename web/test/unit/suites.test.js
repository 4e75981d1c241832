// @ts-check
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const folder = (/** @type {string} */ name) => new URL(`../${name}/`, import.meta.url);

test("every suite is run", () => {
  const lists = readdirSync(folder("all")).map((name) => readFileSync(new URL(name, folder("all")), "utf8"));
  for (const place of ["browser", "."]) {
    for (const name of readdirSync(folder(place)).filter((file) => file.endsWith(".test.js"))) {
      const wanted = `import "../${place === "." ? "" : `${place}/`}${name}";`;
      assert.equal(lists.filter((list) => list.includes(wanted)).length, 1, wanted);
    }
  }
});
