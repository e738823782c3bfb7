// The KPU's AI RAM over one inference; the server draws it, in the page's language.

import { at, make, set } from "./dom.js";

// The drawing has a size in pixels: it may grow with the page, but below its width its letters would be too small.
function picture(text) {
  const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  svg.style.minWidth = `${svg.getAttribute("width")}px`;
  return document.importNode(svg, true);
}

function entry([kind, name]) {
  const line = make("li");
  line.append(make("i", "", { className: kind }), make("span", name));
  return line;
}

export function showAiRam(message) {
  set(at("airam-text"), message.text);
  at("airam").hidden = !message.picture;
  at("airam").replaceChildren(...(message.picture ? [picture(message.picture)] : []));
  at("airam-legend").replaceChildren(...message.legend.map(entry));
}
