/* The demo page: takes a recording or the microphone, shows and plays what became of it. */
import { captureClean } from "../unecho/index.js";
import { Player } from "./player.js";
import { draw, loudest, spectra } from "./spectrogram.js";
import { encodeWav } from "./wav.js";

const LIVE_SECONDS = 30;
const MEETING_RATE = 16000;
const FILE_RATE = 48000;
/** The meters' range. */
const FLOOR_DB = -80;

const $ = (id) => document.getElementById(id);
const dark = matchMedia("(prefers-color-scheme: dark)");

let player;
let take; // { mic, far, clean, rate, looks, look } and what is derived from it
let live; // while the microphone is open: its stop function

function say(text, wrong = false) {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
}

// ---- Meters and figures ----

const level = (samples) => {
  let sum = 0;
  for (const x of samples) sum += x * x;
  return 10 * Math.log10(sum / Math.max(1, samples.length));
};

const db = (value) => (value > FLOOR_DB ? `${value.toFixed(0)} dB` : "silent");

function meter(name, value) {
  const share = Math.min(1, Math.max(0, 1 - value / FLOOR_DB));
  const bar = $(`${name}-meter`);
  bar.firstElementChild.style.transform = `scaleX(${share})`;
  bar.setAttribute("aria-valuemin", FLOOR_DB);
  bar.setAttribute("aria-valuemax", 0);
  bar.setAttribute("aria-valuenow", Math.round(Math.max(FLOOR_DB, Math.min(0, value))));
  bar.setAttribute("aria-valuetext", db(value));
  $(`${name}-level`).textContent = db(value);
}

function figures({ levels, stats, load, latency, kernels }) {
  for (const name of ["mic", "far", "out"]) meter(name, levels[name]);
  const talks = levels.far > -50 && levels.mic > -70;
  $("reduction").textContent = talks ? `${Math.max(0, levels.mic - levels.out).toFixed(0)} dB` : "–";
  $("delay").textContent = !stats.aligned ? "not found yet"
    : stats.confidence < 0.3 ? "no echo" : `${stats.delayMs.toFixed(1)} ms`;
  $("erle").textContent = stats.erleDb ? `${stats.erleDb.toFixed(1)} dB` : "–";
  $("cpu").textContent = load > 0 ? `${(100 * load).toFixed(1)} %` : "–";
  $("cpu").title = `of one core, ${kernels === "simd128" ? "with" : "without"} vector instructions`;
  $("latency").textContent = `${(1000 * latency).toFixed(0)} ms`;
}

// ---- The result ----

/** What the meters show at a time of the recording. */
function showTime(seconds) {
  const { rate, look, looks } = take;
  $("position").value = seconds;
  $("position").setAttribute("aria-valuetext", `${seconds.toFixed(1)} seconds`);
  const whole = Math.floor(seconds);
  const digits = (n) => String(n % 60).padStart(2, "0");
  const length = Math.floor(player.duration);
  $("time").textContent =
    `${Math.floor(whole / 60)}:${digits(whole)} of ${Math.floor(length / 60)}:${digits(length)}`;
  const place = seconds / player.duration;
  $("cursor").style.left = `${place * $("pictures").clientWidth}px`;
  const from = Math.max(0, Math.round((seconds - 0.1) * rate));
  const part = (samples) => level(samples.subarray(from, from + Math.round(0.1 * rate)));
  figures({
    levels: { mic: part(take.mic), far: part(take.far), out: part(take.clean) },
    stats: looks[Math.min(looks.length - 1, Math.floor(seconds / look))],
    load: take.load,
    latency: take.latency,
    kernels: take.kernels,
  });
}

function drawAll() {
  if (!take) return;
  take.spectra ??= Object.fromEntries(["mic", "clean", "far"].map((name) =>
    [name, spectra(take[name], 1000)]));
  const top = Math.max(...Object.values(take.spectra).map(loudest));
  for (const [name, levels] of Object.entries(take.spectra))
    draw($(`${name}-picture`), levels, top, dark.matches);
}

function show(result) {
  player?.close();
  take = result;
  const { mic, far, clean, rate } = take;
  player = new Player({ mic, clean, far }, rate, chosen("listen"));
  player.addEventListener("change", () => {
    $("play").textContent = player.playing ? "Pause" : "Play";
    showTime(player.position);
    if (player.playing) requestAnimationFrame(follow);
  });
  $("position").max = player.duration;
  $("top").textContent = rate / 2000;
  URL.revokeObjectURL($("download").href);
  $("download").href = URL.createObjectURL(encodeWav(clean, rate));
  $("now").hidden = $("result").hidden = false;
  drawAll();
  showTime(0);
}

function follow() {
  if (!player.playing) return;
  showTime(player.position);
  requestAnimationFrame(follow);
}

const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;

const settings = () => ({
  suppression: Number($("suppression").value),
  noiseReductionDb: Number($("noise").value),
});

// ---- Recordings ----

async function decode(bytes, rate, name) {
  try {
    const audio = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
    const mono = new Float32Array(audio.length);
    for (let c = 0; c < audio.numberOfChannels; c++)
      audio.getChannelData(c).forEach((x, i) => (mono[i] += x / audio.numberOfChannels));
    return mono;
  } catch {
    throw new Error(`${name} is not a recording that this browser can read`);
  }
}

async function bundled(end, rate) {
  const response = await fetch(`meeting_${end}.flac`);
  if (!response.ok) throw new Error(`meeting_${end}.flac cannot be loaded`);
  return decode(await response.arrayBuffer(), rate, `meeting_${end}.flac`);
}

async function chosenFile(id, what) {
  const [file] = $(id).files;
  if (!file) throw new Error(`Choose a file for the ${what}.`);
  return decode(await file.arrayBuffer(), FILE_RATE, file.name);
}

function clean(mic, far, rate) {
  const worker = new Worker("worker.js", { type: "module" });
  const result = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.type === "progress") $("progress").value = data.value;
      if (data.type === "failed") reject(new Error(data.message));
      if (data.type === "done") resolve(data);
    };
    worker.onerror = ({ message }) => reject(new Error(message ?? "the worker cannot be loaded"));
  });
  worker.postMessage({ mic, far, rate, settings: settings() });
  return result.finally(() => worker.terminate());
}

async function recording(source) {
  const [mic, far, rate] = source === "meeting"
    ? [...(await Promise.all(["mic", "far"].map((end) => bundled(end, MEETING_RATE)))), MEETING_RATE]
    : [await chosenFile("mic-file", "microphone"), await chosenFile("far-file", "far end"), FILE_RATE];
  say("Cancelling the echo …");
  $("progress").value = 0;
  $("progress").hidden = false;
  const result = await clean(mic, far, rate);
  const whole = new Float32Array(mic.length);
  whole.set(far.subarray(0, mic.length));
  show({ ...result, mic, far: whole, rate });
  const seconds = (mic.length / rate).toFixed(0);
  const took = (result.load * mic.length) / rate;
  say(`Done: ${seconds} seconds of sound took ${took.toFixed(1)} s. Play it, and switch between before and after.`);
}

// ---- The microphone ----

const REASONS = {
  suspended: "The browser has stopped the sound: click anywhere.",
  overload: "This machine is too slow at the moment: the microphone is passed unchanged.",
  failed: "The canceller failed: the microphone is passed unchanged.",
  denied: "Access to the microphone was denied.",
  ended: "The microphone is gone.",
};

async function openLive() {
  const context = new AudioContext();
  await context.audioWorklet.addModule("recorder.js");
  const far = new AudioBufferSourceNode(context, {
    buffer: await context.decodeAudioData(await (await fetch("meeting_far.flac")).arrayBuffer()),
    loop: true,
  });
  let stream;
  try {
    stream = await captureClean({ reference: far, ...settings() });
  } catch (error) {
    context.close();
    throw error;
  }
  const recorder = new AudioWorkletNode(context, "recorder", { numberOfInputs: 3, channelCount: 1,
    channelCountMode: "explicit" });
  const microphone = context.createMediaStreamSource(new MediaStream([stream.microphoneTrack]));
  microphone.connect(recorder, 0, 0);
  far.connect(recorder, 0, 1);
  (stream.canceller ?? microphone).connect(recorder, 0, 2);
  recorder.connect(context.destination);
  far.connect(context.destination);
  far.start();
  return { context, stream, recorder };
}

async function record() {
  const { context, stream, recorder } = await openLive();
  const rate = context.sampleRate;
  const parts = [[], [], []];
  const looks = [];
  const { canceller } = stream;
  const describe = () => say(
    stream.reason === "bypass" ? "The echo is not cancelled: the microphone is passed unchanged."
      : REASONS[stream.reason] ?? "Listening. Talk while the voice is playing.",
    stream.reason !== null && stream.reason !== "bypass");
  const apply = () => {
    if (!canceller) return;
    canceller.bypass.value = $("cancel").checked ? 0 : 1;
    for (const [name, value] of Object.entries(settings())) canceller[name].value = value;
  };
  $("choice").addEventListener("input", apply);
  apply();
  stream.addEventListener("state", describe);
  describe();
  for (const name of ["mic", "far", "out"]) meter(name, -Infinity);
  $("now").hidden = false;
  stream.addEventListener("stats", ({ detail }) => {
    looks.push(detail);
    figures({ levels: detail.levels, stats: detail, load: detail.load, latency: canceller.latency,
      kernels: canceller.kernels });
  });

  await new Promise((done) => {
    live = done;
    recorder.port.onmessage = ({ data }) => {
      data.forEach((samples, i) => parts[i].push(samples));
      if (parts[0].length * parts[0][0].length >= LIVE_SECONDS * rate) done();
    };
  });
  live = undefined;
  $("choice").removeEventListener("input", apply);
  const latency = canceller?.latency ?? 0;
  const kernels = canceller?.kernels;
  stream.close();
  await context.close();
  if (looks.length === 0) {
    say("That was too short to show anything.");
    return;
  }
  const [mic, far, out] = parts.map((list) => {
    const whole = new Float32Array(list.reduce((n, part) => n + part.length, 0));
    list.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
    return whole;
  });
  const late = new Float32Array(out.length);
  late.set(out.subarray(Math.round(latency * rate)));
  const load = Math.max(...looks.map((look) => look.load));
  show({ mic, far, clean: late, rate, looks, look: 0.25, latency, kernels, load });
  say("Stopped. Play it, and switch between before and after.");
}

// ---- The form ----

for (const input of document.querySelectorAll("input[name=source]"))
  input.addEventListener("change", () => {
    for (const panel of document.querySelectorAll(".panel"))
      panel.hidden = panel.id !== chosen("source");
    live?.();
    say("");
  });

for (const [id, unit] of [["suppression", ""], ["noise", " dB"]])
  $(id).addEventListener("input", () => {
    document.querySelector(`output[for=${id}]`).textContent = $(id).value + unit;
  });

$("choice").addEventListener("submit", async (event) => {
  event.preventDefault();
  const source = chosen("source");
  if (live) {
    live();
    return;
  }
  const buttons = document.querySelectorAll("#choice button");
  player?.pause();
  say("Loading …");
  try {
    if (source === "microphone") {
      $("result").hidden = true;
      $("live").textContent = "Stop";
      await record();
    } else {
      for (const button of buttons) button.disabled = true;
      await recording(source);
    }
  } catch (error) {
    say(error.message, true);
  } finally {
    for (const button of buttons) button.disabled = false;
    $("live").textContent = "Start";
    $("progress").hidden = true;
  }
});

$("play").addEventListener("click", () => (player.playing ? player.pause() : player.play()));
$("position").addEventListener("input", () => (player.position = Number($("position").value)));
for (const input of document.querySelectorAll("input[name=listen]"))
  input.addEventListener("change", () => player.listen(input.value));
for (const canvas of document.querySelectorAll("canvas"))
  canvas.addEventListener("click", ({ offsetX }) =>
    (player.position = (offsetX / canvas.clientWidth) * player.duration));
dark.addEventListener("change", drawAll);
addEventListener("resize", () => take && showTime(player.position));
