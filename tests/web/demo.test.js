/* The demo page in Chromium, by keyboard; with UNECHO_SCREENSHOTS, a folder, also pictures of it. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Browser, serve } from "./chromium.js";

let server, browser, page;
before(async () => {
  server = await serve(process.env.UNECHO_SITE);
  browser = new Browser("--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
    `--use-file-for-fake-audio-capture=${join(process.env.UNECHO_SAMPLES, "meeting_mic.wav")}`);
  page = await browser.open(`${server.url}/demo/`);
});
after(async () => {
  await browser.close();
  server.close();
});

async function picture(name, { dark = false, width = 1100 } = {}) {
  const folder = process.env.UNECHO_SCREENSHOTS;
  if (!folder) return;
  await page.send("Emulation.setEmulatedMedia", {
    features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
  });
  await page.send("Emulation.setDeviceMetricsOverride",
    { width, height: 800, deviceScaleFactor: 1, mobile: false });
  await new Promise((done) => setTimeout(done, 500));
  const { data } = await page.send("Page.captureScreenshot", { captureBeyondViewport: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.png`), Buffer.from(data, "base64"));
}

const text = (id) => page.call((id) => document.getElementById(id).textContent, id);

/** Presses Tab until an element has the focus, as somebody without a mouse would. */
async function reach(id) {
  for (let i = 0; i < 40; i++) {
    if (await page.call(() => document.activeElement.id || document.activeElement.value) === id) return;
    await page.press("Tab");
  }
  throw new Error(`Tab does not reach ${id}`);
}

test("the meeting, by keyboard: cleaned, shown, played, compared", async () => {
  await picture("1-start-light");
  await picture("1-start-dark", { dark: true });
  await reach("meeting");
  await page.press("Enter", "Enter", "\r");
  await page.until(() => !document.getElementById("result").hidden);
  assert.match(await text("status"), /Done: 25 seconds/);
  await reach("position");
  for (let i = 0; i < 50; i++) await page.press("ArrowRight");
  assert.match(await text("time"), /^0:05 of 0:25$/);
  assert.match(await text("delay"), /^2[0-4]\.\d ms$/);
  assert.ok(parseFloat(await text("reduction")) >= 25, await text("reduction"));
  assert.ok(parseFloat(await text("cpu")) < 100);
  await page.call(() => (document.getElementById("play").focus()));
  await page.press(" ", "Space", " ");
  await page.until(() => document.getElementById("time").textContent >= "0:06", 20);
  assert.equal(await text("play"), "Pause");
  await page.call(() => document.querySelector("input[name=listen][value=mic]").click());
  await picture("2-meeting-light");
  await picture("2-meeting-dark", { dark: true });
  await picture("2-meeting-narrow", { width: 380 });
  await picture("2-meeting-narrow-dark", { dark: true, width: 380 });
  await page.press(" ", "Space", " ");
});

test("files that are missing or no recordings are named", async () => {
  await page.call(() => document.querySelector("input[value=files]").click());
  await page.call(() => document.querySelector("#files button").click());
  await page.until(() => /Choose a file for the microphone/.test(
    document.getElementById("status").textContent));
  const { root } = await page.send("DOM.getDocument");
  const choose = async (id, file) => {
    const { nodeId } = await page.send("DOM.querySelector", { nodeId: root.nodeId, selector: `#${id}` });
    await page.send("DOM.setFileInputFiles", { nodeId, files: [join(process.env.UNECHO_SAMPLES, file)] });
  };
  await choose("mic-file", "meeting_mic.wav");
  await choose("far-file", "package.json");
  await page.call(() => document.querySelector("#files button").click());
  await page.until(() => /package.json is not a recording/.test(
    document.getElementById("status").textContent));
  await picture("3-files-light");
  await choose("far-file", "meeting_far.wav");
  await page.call(() => document.querySelector("#files button").click());
  await page.until(() => /Done: 25 seconds/.test(document.getElementById("status").textContent));
});

test("the microphone, live: levels, a switch, and a recording to compare", async () => {
  await page.call(() => document.querySelector("input[value=microphone]").click());
  await page.call(() => document.getElementById("live").click());
  await page.until(() => /Listening/.test(document.getElementById("status").textContent));
  // Silent until the first statistics.
  await page.until(() => /dB/.test(document.getElementById("mic-level").textContent));
  await page.until(() => /dB/.test(document.getElementById("far-level").textContent));
  await picture("4-live-light");
  await page.call(() => document.getElementById("cancel").click());
  await page.call(() => (document.querySelector("details").open = true));
  await reach("noise");
  for (let i = 0; i < 20; i++) await page.press("ArrowLeft");
  assert.equal(await page.call(() => document.querySelector("output[for=noise]").textContent), "0 dB");
  await page.until(() => /not cancelled/.test(document.getElementById("status").textContent));
  await page.call(() => document.getElementById("live").click());
  await page.until(() => !document.getElementById("result").hidden);
  assert.equal(await text("live"), "Start");
  await picture("5-recorded-dark", { dark: true });
});

test("everything that can be used has a name", async () => {
  const { nodes } = await page.send("Accessibility.getFullAXTree");
  const roles = new Set(["button", "radio", "slider", "checkbox", "link", "meter", "image", "progressbar"]);
  const used = nodes.filter(({ ignored, role }) => !ignored && roles.has(role?.value));
  assert.ok(used.length > 10);
  const nameless = used.filter(({ name }) => !name?.value).map(({ role }) => role.value);
  assert.deepEqual(nameless, []);
});

test("nothing went wrong unseen", () => {
  assert.deepEqual(page.errors, []);
});
