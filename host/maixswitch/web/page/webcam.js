// Sends the webcam of this device to the board's camera: only while it is on, and only to the simulator's server.

import { t } from "./text.js";

const WIDTH = 320, HEIGHT = 240, EVERY_MS = 66, QUALITY = 0.8;
const canvas = document.createElement("canvas");
canvas.width = WIDTH;
canvas.height = HEIGHT;
const pen = canvas.getContext("2d", { alpha: false });
const video = document.createElement("video");
video.muted = true;
video.playsInline = true;
let stream = null;
let ticking = 0;
let busy = false;
let turn = 0; // counts starts and stops, so that a permission that comes too late starts nothing
let changed = () => {};

export const isOn = () => stream !== null;

function whyNot(error) {
  if (error.name === "NotAllowedError") return t("the browser did not allow the webcam; allow it beside the address and try again");
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return t("no webcam was found; plug one in and try again");
  if (error.name === "NotReadableError") return t("another program uses the webcam; close it and try again");
  return t("the webcam did not start: {error}", { error: error.message });
}

// Draws the largest part of the picture with 4:3, from its middle.
function snap() {
  const { videoWidth: w, videoHeight: h } = video;
  const wide = Math.min(w, h * WIDTH / HEIGHT), tall = wide * HEIGHT / WIDTH;
  pen.drawImage(video, (w - wide) / 2, (h - tall) / 2, wide, tall, 0, 0, WIDTH, HEIGHT);
}

function tick(link, most) {
  if (busy || document.hidden || !video.videoWidth || link.waiting() !== 0) return;
  busy = true;
  snap();
  canvas.toBlob((blob) => {
    busy = false;
    if (stream && blob && blob.size <= most) link.give("MXW1", blob);
  }, "image/jpeg", QUALITY);
}

export async function startWebcam(link, most, notice) {
  if (!navigator.mediaDevices?.getUserMedia) {
    notice(t("the browser allows the webcam only on a page of this PC; open it as http://127.0.0.1"));
    return;
  }
  const mine = turn += 1;
  try {
    const opened = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDTH }, height: { ideal: HEIGHT } }, audio: false });
    if (mine !== turn) {
      for (const track of opened.getTracks()) track.stop();
      return;
    }
    stream = opened;
    stream.getVideoTracks()[0].addEventListener("ended", () => {
      if (stream !== opened) return;
      stopWebcam();
      notice(t("the webcam ended; plug it in and start it again"));
    });
    video.srcObject = stream;
    await video.play();
    if (mine !== turn) return;
    link.ask("film");
    ticking = setInterval(() => tick(link, most), EVERY_MS);
  } catch (error) {
    if (mine !== turn) return;
    stopWebcam();
    notice(whyNot(error));
  }
  changed();
}

export function stopWebcam() {
  turn += 1;
  clearInterval(ticking);
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
  changed();
}

export function onWebcam(act) {
  changed = act;
}
