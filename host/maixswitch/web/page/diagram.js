// Draws the table of the state machine as a diagram; marks the live state and the last transition.

import { at, draw, onWidth } from "./dom.js";
import { arrowsOf, placeStates, sharedEvents } from "./layout.js";

const MARKED_MS = 1600;
const EDGE = 58; // room for a loop and its text above the highest state and below the lowest
const NODE_TALL = 34, LETTER = 7.6, SMALL = 6.7, LINE = 13;
let arrows = [];
let shared = new Map();
let width = 0;
let live = "";
let fading = 0;

const nodeWidth = (state) => Math.max(state.length * LETTER, (shared.get(state) ?? "").length * SMALL + 16) + 18;

function wrap(events, wide) {
  const lines = [];
  for (const event of events) {
    const joined = lines.length ? `${lines.at(-1)}, ${event}` : event;
    if (lines.length && joined.length <= wide) lines[lines.length - 1] = joined;
    else lines.push(event);
  }
  return lines;
}

function boxOf(state, centre) {
  const half = nodeWidth(state) / 2, tall = (NODE_TALL + (shared.get(state) ? 16 : 0)) / 2;
  return { left: centre.x - half, right: centre.x + half, top: centre.y - tall, bottom: centre.y + tall };
}

const inside = (box, { x, y }, more = 0) =>
  x > box.left - more && x < box.right + more && y > box.top - more && y < box.bottom + more;
const overlap = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left))
  * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

function curve(a, b, bend) {
  const dx = b.x - a.x, dy = b.y - a.y, long = Math.hypot(dx, dy) || 1;
  const c = { x: (a.x + b.x) / 2 - dy / long * bend, y: (a.y + b.y) / 2 + dx / long * bend };
  return (s) => ({
    x: (1 - s) ** 2 * a.x + 2 * s * (1 - s) * c.x + s ** 2 * b.x,
    y: (1 - s) ** 2 * a.y + 2 * s * (1 - s) * c.y + s ** 2 * b.y,
  });
}

// Returns the part of a curve between two boxes, as short straight pieces, because a cut curve has no simple path.
function between(along, from, to) {
  const points = Array.from({ length: 61 }, (_, step) => along(step / 60));
  const outside = points.filter((point) => !inside(from, point, 1) && !inside(to, point, 4));
  return outside.length > 1 ? outside : [along(0.4), along(0.6)];
}

// Returns the least bent path that meets no other state.
function around(a, b, both, boxes, { from, to }) {
  const others = [...boxes].filter(([state]) => state !== from && state !== to).map(([, box]) => box);
  const long = Math.hypot(a.x - b.x, a.y - b.y), least = both ? 0.2 : 0.1;
  const ways = [least, 0.25, -0.12, 0.35, -0.25, -0.35, 0.5].map((bend) =>
    between(curve(a, b, bend * long), boxes.get(from), boxes.get(to)));
  return ways.find((points) => !points.some((point) => others.some((box) => inside(box, point, 10)))) ?? ways[0];
}

const SIDES = [[0, -1], [0, 1], [1, 0], [-1, 0], [-1, -1], [1, -1], [-1, 1], [1, 1]];

// Returns a loop at the side of the box where the other arrows leave most room, and the box of its text.
function loop(state, box, centres, lines, frame, ways) {
  const here = centres.get(state), others = [];
  for (const { from, to } of arrows) {
    const other = from === state ? to : to === state ? from : state;
    if (other !== state) others.push(centres.get(other));
  }
  const wide = labelAt(lines, here).right - here.x, tall = lines.length * LINE / 2;
  const candidates = SIDES.map(([dx, dy]) => {
    const half = (box.right - box.left) / 2, level = dy === 0;
    const foot = { x: here.x + dx * (level ? half : half - 24), y: level ? here.y : dy < 0 ? box.top : box.bottom };
    const out = level ? { x: dx, y: 0 } : { x: 0, y: dy }, along = { x: out.y ? 1 : 0, y: out.x ? 1 : 0 };
    const spot = (aside, off) => ({ x: foot.x + along.x * aside + out.x * off, y: foot.y + along.y * aside + out.y * off });
    const near = level ? 9 : 14, ends = [spot(-near, 0), spot(-near - 9, 34), spot(near + 9, 34), spot(near, 4)];
    const text = labelAt(lines, spot(0, 27 + (level ? wide : tall)));
    const aside = Math.max(0, 2 - text.left) - Math.max(0, text.right - frame.w + 2);
    const room = Math.min(2, ...others.map((other) => {
      const x = other.x - here.x, y = other.y - here.y;
      return Math.acos((x * dx + y * dy) / Math.hypot(x, y) / Math.hypot(dx, dy));
    }));
    const label = { ...text, left: text.left + aside, right: text.right + aside };
    const tip = spot(0, 26);
    const reach = {
      left: Math.min(foot.x, tip.x) - 14, right: Math.max(foot.x, tip.x) + 14,
      top: Math.min(foot.y, tip.y) - 10, bottom: Math.max(foot.y, tip.y) + 10,
    };
    const met = ways.reduce((sum, { points, quiet }) => sum + (crossed(reach, points) + crossed(label, points)) * (quiet ? 0.3 : 1), 0);
    return { ends, label, room: room + (level ? 0.15 : 0) - Math.abs(aside) / (level ? 20 : 80) - met / 12 };
  });
  const { ends: [a, c, d, b], label } = candidates.reduce((best, one) => (one.room > best.room + 0.01 ? one : best));
  const points = Array.from({ length: 25 }, (_, step) => {
    const s = step / 24, r = 1 - s;
    return {
      x: r ** 3 * a.x + 3 * r * r * s * c.x + 3 * r * s * s * d.x + s ** 3 * b.x,
      y: r ** 3 * a.y + 3 * r * r * s * c.y + 3 * r * s * s * d.y + s ** 3 * b.y,
    };
  });
  return { points, label };
}

function labelAt(lines, { x, y }) {
  const half = Math.max(...lines.map((line) => line.length)) * SMALL / 2 + 2, tall = lines.length * LINE / 2;
  return { left: x - half, right: x + half, top: y - tall, bottom: y + tall };
}

// Counts the short pieces of a path that run through a box.
const crossed = (box, way) => way.reduce((count, point) => count + inside(box, point, 2), 0);

// Returns the best box for a text: on its arrow or right beside it, off the states and the other texts, and off the
// other arrows if possible.
function placeLabel(lines, points, others, taken, frame) {
  let best = null, least = Infinity;
  const own = labelAt(lines, { x: 0, y: 0 }), wide = own.right - 2, tall = own.bottom;
  const beside = [[0, 0], [0, -tall], [0, tall], ...[-1, -0.5, 0.5, 1].map((part) => [part * wide, 0]),
    [-wide, -tall], [wide, -tall], [-wide, tall], [wide, tall]];
  for (const share of [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78]) {
    const point = points[Math.round(share * (points.length - 1))];
    for (const [dx, dy] of beside) {
      const box = labelAt(lines, { x: point.x + dx, y: point.y + dy });
      const out = Math.max(0, 2 - box.left) + Math.max(0, box.right - frame.w + 2) + Math.max(0, 2 - box.top) + Math.max(0, box.bottom - frame.h + 2);
      const cost = taken.reduce((sum, other) => sum + overlap({ ...box, left: box.left - 9, right: box.right + 9 }, other), 0) + out * 60 + Math.abs(share - 0.5) * 60
        + Math.hypot(dx, dy) + others.reduce((sum, { points: way, quiet }) => sum + crossed(box, way) * (quiet ? 5 : 25), 0);
      if (cost < least) [best, least] = [box, cost];
    }
  }
  return best;
}

function textOf(lines, box) {
  const x = (box.left + box.right) / 2;
  return draw("text", { class: "label", "text-anchor": "middle" }, ...lines.map((line, row) =>
    draw("tspan", { x: x.toFixed(1), y: (box.top + 10 + row * LINE).toFixed(1) }, line)));
}

function head() {
  const marks = ["plain", "quiet", "hot"].map((name) => {
    const mark = draw("marker", { id: `tip-${name}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto", markerUnits: "userSpaceOnUse" });
    mark.append(draw("path", { d: "M0 0.5 L8 4 L0 7.5 z", class: `tip-${name}` }));
    return mark;
  });
  return draw("defs", {}, ...marks);
}

function paint() {
  if (!width || !arrows.length) return;
  const w = width, h = width < 520 ? 640 : 540;
  const states = [...new Set(arrows.flatMap(({ from, to }) => [from, to]))];
  const widest = Math.max(...states.map(nodeWidth));
  const inner = placeStates(arrows, w - widest - 16, h - 2 * EDGE);
  const centres = new Map([...inner].map(([state, { x, y }]) => [state, { x: x + widest / 2 + 8, y: y + EDGE }]));
  const boxes = new Map([...centres].map(([state, centre]) => [state, boxOf(state, centre)]));
  const picture = draw("svg", { width: w, height: h, role: "img", "aria-labelledby": "diagram-title" });
  picture.append(head());
  const taken = [...boxes.values()], labels = [], drawn = [], ways = [];
  const known = new Set(arrows.map(({ from, to }) => `${from} ${to}`));
  for (const arrow of arrows.filter(({ from, to }) => from !== to)) {
    const { from, to } = arrow, points = around(centres.get(from), centres.get(to), known.has(`${to} ${from}`), boxes, arrow);
    ways.push({ arrow, points, quiet: Boolean(shared.get(to)) });
  }
  for (const arrow of arrows) {
    const { from, to, events } = arrow, lines = wrap(events, 16);
    const own = from === to && loop(from, boxes.get(from), centres, lines, { w, h }, ways);
    const { points, quiet } = own || ways.find((way) => way.arrow === arrow);
    const tip = quiet ? "url(#tip-quiet)" : "url(#tip-plain)";
    const path = draw("path", {
      d: points.map(({ x, y }, index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join(""),
      class: quiet ? "way quiet" : "way", "marker-end": tip,
    });
    Object.assign(path.dataset, { from, to, tip });
    path.append(draw("title", {}, `${from} \u2014 ${events.join(", ")} \u2192 ${to}`));
    picture.append(path);
    if (own) {
      taken.push(own.label);
      labels.push(textOf(lines, own.label));
    } else if (!quiet) drawn.push({ points, lines });
  }
  for (const { points, lines } of drawn) { // after the loops, whose texts have fewer positions
    const box = placeLabel(lines, points, ways.filter((way) => way.points !== points), taken, { w, h });
    taken.push(box);
    labels.push(textOf(lines, box));
  }
  picture.append(...states.map((state) => node(state, boxes.get(state))), ...labels);
  at("states").replaceChildren(picture);
  mark();
}

function node(state, box) {
  const group = draw("g", { class: "node" }), event = shared.get(state), x = (box.left + box.right) / 2;
  group.dataset.state = state;
  group.append(draw("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top, rx: 9 }));
  group.append(draw("text", { x, y: box.top + 22, "text-anchor": "middle" }, state));
  if (event) group.append(draw("text", { x, y: box.top + 39, "text-anchor": "middle", class: "shared" }, `\u2192 ${event}`));
  return group;
}

function mark() {
  for (const group of at("states").querySelectorAll(".node")) {
    if (group.dataset.state === live) group.setAttribute("aria-current", "true");
    else group.removeAttribute("aria-current");
  }
}

export function showDiagram(rows) {
  arrows = arrowsOf(rows);
  shared = sharedEvents(arrows);
  paint();
}

export function markDiagram(state) {
  if (state === live) return;
  live = state;
  mark();
}

// Marks the arrow of a transition for a moment.
export function markWay([from, , to]) {
  clearTimeout(fading);
  for (const path of at("states").querySelectorAll(".way")) {
    const hot = path.dataset.from === from && path.dataset.to === to;
    path.toggleAttribute("data-hot", hot);
    path.setAttribute("marker-end", hot ? "url(#tip-hot)" : path.dataset.tip);
  }
  fading = setTimeout(() => {
    for (const path of at("states").querySelectorAll("[data-hot]")) {
      path.removeAttribute("data-hot");
      path.setAttribute("marker-end", path.dataset.tip);
    }
  }, MARKED_MS);
}

onWidth(at("states"), (newWidth) => { width = newWidth; paint(); });
