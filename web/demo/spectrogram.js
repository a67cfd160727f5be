/* Spectrograms on canvases, in the colours of the page. */

const SIZE = 512;
/** What is this far below the loudest has the colour of nothing. */
const RANGE_DB = 80;

/** From nothing to loud. */
const COLOURS = {
  light: [[246, 246, 250], [196, 190, 238], [120, 100, 214], [70, 40, 130], [20, 8, 45]],
  dark: [[24, 24, 34], [62, 46, 120], [150, 70, 170], [240, 130, 110], [255, 236, 170]],
};

const window_ = Float32Array.from({ length: SIZE }, (_, i) =>
  0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / SIZE));
const turn = Array.from({ length: SIZE / 2 }, (_, k) =>
  [Math.cos((2 * Math.PI * k) / SIZE), -Math.sin((2 * Math.PI * k) / SIZE)]);

/** The transform of SIZE values, in place. */
function transform(re, im) {
  for (let i = 1, j = 0; i < SIZE; i++) {
    let bit = SIZE >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let half = 1; half < SIZE; half *= 2)
    for (let start = 0; start < SIZE; start += 2 * half)
      for (let k = 0; k < half; k++) {
        const [c, s] = turn[(k * SIZE) / (2 * half)];
        const a = start + k;
        const b = a + half;
        const r = re[b] * c - im[b] * s;
        const m = re[b] * s + im[b] * c;
        re[b] = re[a] - r;
        im[b] = im[a] - m;
        re[a] += r;
        im[a] += m;
      }
}

/** Levels in dB, `columns` spectra of SIZE / 2 bins over the whole signal. */
export function spectra(samples, columns) {
  const levels = new Float32Array(columns * (SIZE / 2));
  const re = new Float32Array(SIZE);
  const im = new Float32Array(SIZE);
  for (let column = 0; column < columns; column++) {
    const middle = Math.round(((column + 0.5) / columns) * samples.length);
    for (let i = 0; i < SIZE; i++) re[i] = (samples[middle - SIZE / 2 + i] ?? 0) * window_[i];
    im.fill(0);
    transform(re, im);
    for (let k = 0; k < SIZE / 2; k++)
      levels[column * (SIZE / 2) + k] = 10 * Math.log10(re[k] * re[k] + im[k] * im[k] + 1e-12);
  }
  return levels;
}

/** The loudest of all, by which several pictures share a scale. */
export const loudest = (levels) => levels.reduce((most, level) => Math.max(most, level), -120);

export function draw(canvas, levels, top, dark) {
  const height = SIZE / 2;
  const width = levels.length / height;
  canvas.width = width;
  canvas.height = height;
  const colours = COLOURS[dark ? "dark" : "light"];
  const table = Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (colours.length - 1);
    const from = Math.min(colours.length - 2, Math.floor(place));
    return colours[from].map((value, c) => value + (place - from) * (colours[from + 1][c] - value));
  });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let x = 0; x < width; x++)
    for (let k = 0; k < height; k++) {
      const share = (levels[x * height + k] - top + RANGE_DB) / RANGE_DB;
      const colour = table[Math.max(0, Math.min(255, Math.round(255 * share)))];
      image.data.set([...colour, 255], 4 * ((height - 1 - k) * width + x));
    }
  context.putImageData(image, 0, 0);
}
