// Where the states of a machine go: the busiest in the middle, the others around it with the fewest arrows crossing.

const MOST_TRIED = 7; // of a ring: 720 orders; a larger machine keeps the order of its table

// Rows [from, event, actions, to] -> arrows [{from, to, events}], one for each pair of states.
export function arrowsOf(rows) {
  const found = new Map();
  for (const [from, event, , to] of rows) {
    const pair = `${from} ${to}`;
    if (!found.has(pair)) found.set(pair, { from, to, events: [] });
    found.get(pair).events.push(event);
  }
  return [...found.values()];
}

// Into some states one event leads from everywhere: it is said once, at the state, rather than at every arrow.
export function sharedEvents(arrows) {
  const found = new Map();
  for (const { from, to } of arrows) {
    if (from === to || found.has(to)) continue;
    const into = arrows.filter((arrow) => arrow.to === to && arrow.from !== to);
    const events = new Map();
    for (const event of into.flatMap((arrow) => arrow.events)) events.set(event, (events.get(event) ?? 0) + 1);
    const common = [...events].filter(([, count]) => count >= 3 && count === into.length).map(([event]) => event);
    found.set(to, common.length === 1 && into.every((arrow) => arrow.events.length === 1) ? common[0] : "");
  }
  return found;
}

function orders(items) {
  if (items.length < 2) return [items];
  return items.flatMap((item) => orders(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

function side(a, b, c) {
  return Math.sign((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
}

function cross(a, b, c, d) {
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

// Between a circle and its square: the corners give room to the texts at the arrows.
const towardsCorner = (share) => Math.sign(share) * Math.abs(share) ** 0.6;

// The middle is free when there is none that most others lead to or from; `start` leads the ring, at the left.
function ring(order, middle, w, h) {
  const places = new Map(), count = order.length, turn = w < h / 2 ? 0.3 : 0; // where it is narrow no two stand side by side
  if (middle) places.set(middle, { x: w / 2, y: h / 2 });
  for (const [index, name] of order.entries()) {
    const angle = Math.PI * (1 + 2 * index / count) + turn;
    places.set(name, { x: w / 2 * (1 + towardsCorner(Math.cos(angle))), y: h / 2 * (1 + towardsCorner(Math.sin(angle))) });
  }
  return places;
}

// A crossing of two labelled arrows is worse than one with an arrow whose event is said elsewhere.
function cost(places, links) {
  let sum = 0;
  for (const [index, one] of links.entries()) {
    const a = places.get(one.from), b = places.get(one.to);
    sum += one.weight * Math.hypot(a.x - b.x, a.y - b.y) / 4000;
    for (const two of links.slice(index + 1)) {
      const c = places.get(two.from), d = places.get(two.to);
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
  const [first, ...rest] = states.filter((state) => state !== middle);
  const tried = rest.length < MOST_TRIED ? orders(rest) : [rest];
  let best = null, least = Infinity;
  for (const order of tried) {
    const places = ring([first, ...order], middle, w, h);
    const found = cost(places, [...links.values()]);
    if (found < least) [best, least] = [places, found];
  }
  return best;
}
