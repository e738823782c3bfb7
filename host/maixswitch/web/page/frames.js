// The frames of the panel: unpacks them in turn, and leaves out those that a newer one has replaced meanwhile.

const HEAD_BYTES = 12;
const DEFLATED = 0x5a46584d, JPEG = 0x4a46584d; // "MXFZ" and "MXFJ", little-endian

// Returns the bytes that zlib compressed.
async function inflated(contents) {
  const stream = new Blob([contents]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpacked(buffer) {
  const head = new DataView(buffer), kind = head.getUint32(0, true);
  const frame = { width: head.getUint16(4, true), height: head.getUint16(6, true) };
  const contents = new Uint8Array(buffer, HEAD_BYTES);
  if (kind === DEFLATED) return { ...frame, bytes: await inflated(contents) };
  if (kind === JPEG) return { ...frame, bitmap: await createImageBitmap(new Blob([contents], { type: "image/jpeg" })) };
  return null;
}

// Returns a function that takes the messages; `show` gets {width, height} with `bytes` (RGB565) or a `bitmap`.
export function openFrames(show) {
  let waiting = null, busy = false;
  return async (buffer) => {
    waiting = buffer;
    if (busy) return;
    busy = true;
    try {
      while (waiting) {
        const next = waiting;
        waiting = null;
        const frame = next.byteLength < HEAD_BYTES ? null : await unpacked(next);
        if (frame) show(frame);
      }
    } finally { // a frame that cannot be read must not stop the later ones
      busy = false;
    }
  };
}
