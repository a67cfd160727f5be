/* convert.js MODULE FROM TO: rewrites a post-filter with int8 matrices. */
import { readFileSync, writeFileSync } from "node:fs";

const [modulePath, from, to] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(modulePath));
const imports = {};
for (const { module: host, name } of WebAssembly.Module.imports(module))
  (imports[host] ??= {})[name] = () => -1;
const { exports } = new WebAssembly.Instance(module, imports);
exports._initialize();

const model = readFileSync(from);
const address = exports.allocate(model.length);
new Uint8Array(exports.memory.buffer).set(model, address);
const size = exports.convert(address, model.length);
const memory = Buffer.from(exports.memory.buffer);
if (!size) {
  const start = exports.message();
  const text = memory.toString("latin1", start, memory.indexOf(0, start));
  console.error(`${from}: ${text || "out of memory"}`);
  process.exit(1);
}
writeFileSync(to, memory.subarray(exports.bytes(), exports.bytes() + size));
