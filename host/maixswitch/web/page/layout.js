// Places the states of a machine: the busiest in the middle, the others around it with the fewest crossing arrows.

const MOST_TRIED = 7; // states in a ring: 720 orders; a larger machine keeps the order of its table

// Rows [from, event, actions, to] -> arrows [{from, to, events}], one for each pair of states.
export function arrowsOf(rows) {
  const arrows = new Map();
  for (const [from, event, , to] of rows) {
    const pair = `${from} ${to}`;
    if (!arrows.has(pair)) arrows.set(pair, { from, to, events: [] });
    arrows.get(pair).events.push(event);
  }
  return [...arrows.values()];
}

// Some states are reached from everywhere by one event. It is written once, at the state, instead of at every arrow.
// Returns state -> that event, "" for none.
export function sharedEvents(arrows) {
  const shared = new Map();
  for (const { from, to } of arrows) {
    if (from === to || shared.has(to)) continue;
    const into = arrows.filter((arrow) => arrow.to === to && arrow.from !== to);
    const events = new Map();
    for (const event of into.flatMap((arrow) => arrow.events)) events.set(event, (events.get(event) ?? 0) + 1);
    const common = [...events].filter(([, count]) => count >= 3 && count === into.length).map(([event]) => event);
    shared.set(to, common.length === 1 && into.every((arrow) => arrow.events.length === 1) ? common[0] : "");
  }
  return shared;
}

function orders(items) {
  if (items.length < 2) return [items];
  return items.flatMap((item) => orders(items.filter((other) => other !== item)).map((others) => [item, ...others]));
}

function side(a, b, c) {
  return Math.sign((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
}

function cross(a, b, c, d) {
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

// Moves points of a circle towards its square: the corners give room to the texts at the arrows.
const towardsCorner = (share) => Math.sign(share) * Math.abs(share) ** 0.6;

// Returns state -> centre. `middle` may be null; the first of `order` is at the left of the ring.
function ring(order, middle, w, h) {
  const centres = new Map(), count = order.length;
  const turn = w < h / 2 ? 0.3 : 0; // in a narrow picture no two states are side by side
  if (middle) centres.set(middle, { x: w / 2, y: h / 2 });
  for (const [index, name] of order.entries()) {
    const angle = Math.PI * (1 + 2 * index / count) + turn;
    centres.set(name, { x: w / 2 * (1 + towardsCorner(Math.cos(angle))), y: h / 2 * (1 + towardsCorner(Math.sin(angle))) });
  }
  return centres;
}

// A crossing of two labelled arrows costs more than one with an arrow whose event is written elsewhere.
function cost(centres, links) {
  let sum = 0;
  for (const [index, one] of links.entries()) {
    const a = centres.get(one.from), b = centres.get(one.to);
    sum += one.weight * Math.hypot(a.x - b.x, a.y - b.y) / 4000;
    for (const two of links.slice(index + 1)) {
      const c = centres.get(two.from), d = centres.get(two.to);
      if (a === c || a === d || b === c || b === d) continue;
      if (cross(a, b, c, d)) sum += one.weight * two.weight;
    }
  }
  return sum;
}

export function placeStates(arrows, w, h) {
  const states = [...new Set(arrows.flatMap(({ from, to }) => [from, to]))];
  const shared = sharedEvents(arrows);
  const links = new Map();
  for (const { from, to } of arrows) {
    if (from === to) continue;
    const pair = [from, to].sort().join(" ");
    const weight = Math.max(shared.get(to) ? 1 : 3, links.get(pair)?.weight ?? 0);
    links.set(pair, { from, to, weight });
  }
  const busy = (state) => [...links.values()].reduce((sum, { from, to, weight }) => sum + (from === state || to === state ? weight : 0), 0);
  const middle = states.length > 4 ? states.reduce((best, state) => (busy(state) > busy(best) ? state : best)) : null;
  const [first, ...others] = states.filter((state) => state !== middle);
  const tried = others.length < MOST_TRIED ? orders(others) : [others];
  let best = null, least = Infinity;
  for (const order of tried) {
    const centres = ring([first, ...order], middle, w, h);
    const sum = cost(centres, [...links.values()]);
    if (sum < least) [best, least] = [centres, sum];
  }
  return best;
}
