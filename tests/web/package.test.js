/* What is in the package: sizes, types, version, names of settings. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import * as unecho from "unecho";

const { createCanceller, loadAssets } = unecho;

const folder = "node_modules/unecho";
const read = (name) => readFileSync(join(folder, name), "utf8");
const size = (name) => statSync(join(folder, name)).size;

/** The names of an interface's fields. */
function fields(name) {
  const [, body] = new RegExp(`interface ${name}[^{]*\\{\n([^}]*)\n\\}`).exec(
    read("types.d.ts").replace(/\{ [^}]* \}/g, "object"));
  return [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, field]) => field);
}

test("sizes: a module 400 KB at most, the package 1.1 MB", () => {
  const total = readdirSync(folder).reduce((sum, name) => sum + size(name), 0);
  console.log(`simd ${size("unecho-simd.wasm")}, scalar ${size("unecho-scalar.wasm")}, ` +
    `model ${size("unecho-post.onnx")}, package ${total} bytes`);
  for (const kind of ["simd", "scalar"]) assert.ok(size(`unecho-${kind}.wasm`) <= 400e3);
  assert.ok(total < 1.1e6);
});

test("the worklet is complete in itself", () => {
  assert.doesNotMatch(read("worklet.js"), /^(import|export) /m);
});

test("the version is the library's", async () => {
  const { wasm } = await loadAssets();
  const module = await WebAssembly.compile(wasm);
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = () => -1;
  const { exports } = new WebAssembly.Instance(module, imports);
  const bytes = Buffer.from(exports.memory.buffer, exports.version());
  assert.equal(JSON.parse(read("package.json")).version, bytes.toString("latin1", 0, bytes.indexOf(0)));
});

test("the same names in Node, where pages are rendered, and in browsers", async () => {
  const browsers = await import(new URL("index.js", import.meta.resolve("unecho")));
  assert.deepEqual(Object.keys(unecho), Object.keys(browsers));
  await assert.rejects(unecho.captureClean({}), ReferenceError);
});

test("a strict TypeScript program", () => {
  execFileSync("tsc", ["--strict", "--noEmit", "--target", "es2022", "--module", "node16",
    "program.ts"], { stdio: "inherit" });
});

test("the types have all settings and statistics", async () => {
  const error = await createCanceller({ unknown: 1 }).catch((refused) => refused);
  const known = error.message.replace(/^.*expected one of /, "").split(", ");
  assert.ok(known.length > 10);
  assert.deepEqual([...fields("CommonSettings"), ...fields("Settings")].sort(), known.sort());
  const { stats } = await createCanceller();
  assert.deepEqual(fields("Stats").sort(), Object.keys(stats).sort());
});
