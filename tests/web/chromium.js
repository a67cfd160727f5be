/* Chromium without a screen, driven over its DevTools protocol on two pipes, and a web server. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Serves a folder as users would; resolves to its address and a function that ends it. */
export async function serve(folder) {
  const server = spawn("python3", ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1",
    "--directory", folder], { stdio: ["ignore", "pipe", "ignore"] });
  const first = await new Promise((resolve, reject) => {
    server.stdout.once("data", (data) => resolve(String(data)));
    server.once("exit", (status) => reject(new Error(`the web server ended with ${status}`)));
  });
  return { url: `http://127.0.0.1:${/port (\d+)/.exec(first)[1]}`, close: () => server.kill() };
}

export class Browser {
  #process;
  #profile = mkdtempSync(join(tmpdir(), "unecho-chromium-"));
  #waiting = new Map();
  #listeners = new Set();
  #last = 0;
  #rest = "";

  constructor(...flags) {
    this.#process = spawn("chromium", ["--headless=new", "--no-sandbox", "--disable-gpu",
      "--remote-debugging-pipe", `--user-data-dir=${this.#profile}`, "--no-first-run",
      "--use-fake-device-for-media-stream", "--disable-background-timer-throttling", ...flags,
      "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.#process.stdio[4].on("data", (data) => this.#receive(String(data)));
    this.#process.once("exit", (status) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`Chromium ended with ${status}`));
    });
  }

  #receive(data) {
    const messages = (this.#rest + data).split("\0");
    this.#rest = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (!waiting) for (const listener of this.#listeners) listener(message);
      else if (message.error) waiting.reject(new Error(message.error.message));
      else waiting.resolve(message.result);
    }
  }

  listen(listener) {
    this.#listeners.add(listener);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    this.#process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async open(url) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId);
    await page.open(url);
    return page;
  }

  async close() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    await this.send("Browser.close").catch(() => {});
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }
}

class Page {
  #browser;
  #session;
  /** What went wrong in the page and was not caught. */
  errors = [];

  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
    browser.listen(({ method, params, sessionId }) => {
      if (sessionId !== session) return;
      if (method === "Runtime.exceptionThrown")
        this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
      if (method === "Log.entryAdded" && params.entry.level === "error")
        this.errors.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    });
  }

  send(method, params) {
    return this.#browser.send(method, params, this.#session);
  }

  async open(url) {
    for (const domain of ["Page", "Runtime", "Log"]) await this.send(`${domain}.enable`);
    const loaded = new Promise((resolve) =>
      this.#browser.listen(({ method, sessionId }) => {
        if (sessionId === this.#session && method === "Page.loadEventFired") resolve();
      }));
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** Calls a function, which must be complete in itself, in the page. */
  async call(f, ...values) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression: `(${f})(${values.map((value) => JSON.stringify(value)).join(", ")})`,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async until(f, seconds = 60) {
    for (let i = 0; i < 10 * seconds; i++) {
      if (await this.call(f)) return;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`${f} was not true within ${seconds} s`);
  }

  async press(key, code = key, text = undefined) {
    const event = { key, code, text, windowsVirtualKeyCode: { Tab: 9, Enter: 13, " ": 32 }[key] };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }
}
