// The panel: RGB565 frames, high byte first, behind a head of 12 bytes, onto a canvas of the panel's own size.

const HEAD_BYTES = 12;
const MAGIC = 0x3146584d; // "MXF1", little-endian
const canvas = document.getElementById("panel");
const blank = document.getElementById("blank");
const pen = canvas.getContext("2d", { alpha: false });
const little = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const colours = new Uint32Array(65536);

for (let word = 0; word < 65536; word += 1) {
  const red = word >> 11, green = (word >> 5) & 63, blue = word & 31;
  const r = (red << 3) | (red >> 2), g = (green << 2) | (green >> 4), b = (blue << 3) | (blue >> 2);
  colours[word] = little ? (255 << 24) | (b << 16) | (g << 8) | r : (r << 24) | (g << 16) | (b << 8) | 255;
}

export function showFrame(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < HEAD_BYTES || view.getUint32(0, true) !== MAGIC) return;
  const width = view.getUint16(4, true), height = view.getUint16(6, true);
  canvas.hidden = !width;
  blank.hidden = Boolean(width);
  if (!width || buffer.byteLength !== HEAD_BYTES + width * height * 2) return;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const bytes = new Uint8Array(buffer, HEAD_BYTES);
  const image = pen.createImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  for (let at = 0; at < words.length; at += 1) words[at] = colours[(bytes[2 * at] << 8) | bytes[2 * at + 1]];
  pen.putImageData(image, 0, 0);
  canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
}
