// The panel: draws frames on a canvas of the panel's size, exact ones (RGB565, high byte first) pixel by pixel.

import { at, onWidth } from "./dom.js";

const LEAST_SHARE = 0.85; // of the room: below that a crisp panel would be too small
const LEAST_TALL = 200; // px
const AROUND = 250; // px above and below the panel: the page's header and controls, the board's edge and keys
const canvas = at("panel");
const blank = at("blank");
const pen = canvas.getContext("2d", { alpha: false });
const little = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const colours = new Uint32Array(65536);

for (let word = 0; word < 65536; word += 1) {
  const red = word >> 11, green = (word >> 5) & 63, blue = word & 31;
  const r = (red << 3) | (red >> 2), g = (green << 2) | (green >> 4), b = (blue << 3) | (blue >> 2);
  colours[word] = little ? (255 << 24) | (b << 16) | (g << 8) | r : (r << 24) | (g << 16) | (b << 8) | 255;
}

// Shows each pixel as a whole number of device pixels if the panel is then large enough, else as wide as there is room.
function fit() {
  const edge = getComputedStyle(at("board")), dots = devicePixelRatio || 1;
  const room = at("desk").clientWidth - ["paddingLeft", "paddingRight", "borderLeftWidth", "borderRightWidth"]
    .reduce((sum, side) => sum + parseFloat(edge[side]), 0);
  const tall = Math.max(LEAST_TALL, innerHeight - AROUND);
  const most = Math.min(room, tall * canvas.width / canvas.height);
  const zoom = Math.floor(most * dots / canvas.width);
  const crisp = zoom >= 1 && zoom * canvas.width / dots >= LEAST_SHARE * most;
  canvas.style.width = `${crisp ? zoom * canvas.width / dots : Math.floor(most)}px`;
  canvas.toggleAttribute("data-crisp", crisp);
}

function paint(bytes, width, height) {
  const image = pen.createImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < words.length; i += 1) words[i] = colours[(bytes[2 * i] << 8) | bytes[2 * i + 1]];
  pen.putImageData(image, 0, 0);
}

export function showFrame({ width, height, bytes, bitmap }) {
  canvas.hidden = !width;
  blank.hidden = Boolean(width);
  if (!width || (bytes && bytes.length !== width * height * 2)) return;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    fit();
  }
  if (bytes) paint(bytes, width, height);
  else pen.drawImage(bitmap, 0, 0);
  bitmap?.close();
  canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
  canvas.dataset.exact = Boolean(bytes);
}

onWidth(at("desk"), fit);
addEventListener("resize", fit);
fit();
