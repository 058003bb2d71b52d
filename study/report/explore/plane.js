/* The plane: points and boundaries as SVG, and the way between its pixels and the points' units. */
const SIZE = 600;
const svg = (name, attributes = {}, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

const Plane = (() => {
  const node = document.getElementById("plane");
  const layers = Object.fromEntries(["axes", "sides", "lines", "points", "played"].map((name) => [name, node.appendChild(svg("g"))]));
  const FARTHEST = 1000; // coordinates reach from there to here, and every view shows a part of them
  let view = { x: 0, y: 0, half: 1 }, marks = [], places = [];

  const toPixel = ([x, y]) => [((x - view.x) / view.half + 1) * SIZE / 2, (1 - (y - view.y) / view.half) * SIZE / 2];
  const toPoint = ([px, py]) => [view.x + (2 * px / SIZE - 1) * view.half, view.y + (1 - 2 * py / SIZE) * view.half];
  const fromEvent = (event) => {
    const box = node.getBoundingClientRect();
    return [(event.clientX - box.left) * SIZE / box.width, (event.clientY - box.top) * SIZE / box.height];
  };
  const within = (v, low, high) => Math.min(Math.max(v, low), high);
  const near = (v) => within(v, -FARTHEST, FARTHEST);
  const inside = ([x, y]) => [within(x, view.x - view.half, view.x + view.half), within(y, view.y - view.half, view.y + view.half)].map(near);
  /** The view that can be drawn and is closest to one: neither too far out nor too close. */
  const framed = ({ x, y, half }) => ({ x: near(x), y: near(y), half: within(half, 0.05, FARTHEST) });

  /** Show a part of the plane, and what its axes are called. */
  function look(next, names = []) {
    view = next;
    const step = [1, 2, 5, 10, 20, 50, 100, 0.1, 0.2, 0.5, 0.01, 0.02, 0.05].sort((a, b) => a - b).find((s) => 2 * view.half / s <= 6) || view.half / 2;
    const drawn = [], digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
    for (const axis of [0, 1]) {
      const middle = axis ? view.y : view.x;
      const first = Math.ceil((middle - view.half) / step), last = Math.floor((middle + view.half) / step);
      for (let k = 0; k <= last - first; k++) {
        const value = (first + k) * step, at = toPixel([value, value])[axis];
        drawn.push(svg("path", { class: "axis", d: axis ? `M0 ${at}H${SIZE}` : `M${at} 0V${SIZE}` }));
        if (at < 30 || at > SIZE - 30) continue;
        const text = svg("text", axis ? { x: 7, y: at - 5 } : { x: at + 5, y: SIZE - 8 });
        text.textContent = value.toFixed(digits);
        drawn.push(text);
      }
    }
    names.forEach((name, axis) => {
      const text = svg("text", axis ? { x: 18, y: 18, class: "name" } : { x: SIZE - 8, y: SIZE - 26, class: "name", "text-anchor": "end" });
      text.textContent = name && (axis ? `↑ ${name}` : `${name} →`);
      drawn.push(text);
    });
    layers.axes.replaceChildren(...drawn);
  }

  /** The view that holds all points, square, with room around. */
  function around(points) {
    const range = [0, 1].map((j) => points.map(({ x }) => x[j])).map((v) => [Math.min(...v), Math.max(...v)]);
    const half = 0.56 * Math.max(range[0][1] - range[0][0], range[1][1] - range[1][0], 1);
    return framed({ x: (range[0][0] + range[0][1]) / 2, y: (range[1][0] + range[1][1]) / 2, half });
  }

  /** The part of the view where w.(x, 1) >= 0, and the stretch of the boundary that is seen. */
  function cut(w) {
    const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([i, j]) => [view.x + i * view.half, view.y + j * view.half]);
    const height = ([x, y]) => w[0] * x + w[1] * y + w[2];
    const side = [], line = [];
    corners.forEach((a, k) => {
      const b = corners[(k + 1) % 4], ha = height(a), hb = height(b);
      if (ha >= 0) side.push(a);
      if (ha * hb < 0) {
        const t = ha / (ha - hb), crossing = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
        side.push(crossing);
        line.push(crossing);
      }
    });
    return { side, line };
  }
  const path = (points, close = "") => (points.length > 1 ? `M${points.map((x) => toPixel(x).map((v) => v.toFixed(2)).join(" ")).join("L")}${close}` : "");

  function draw(points, chosen, fits) {
    if (marks.length !== points.length) {
      marks = points.map(() => svg("g"));
      places = [];
      layers.points.replaceChildren(...marks);
    }
    const size = points.length > 400 ? 3 : points.length > 60 ? 4.5 : 7;
    points.forEach((point, i) => {
      const key = [point.y, point.spoiler, i === chosen, fits.perceptron.lost[i], fits.unit.lost[i], size].join();
      if (marks[i].dataset.key !== key) mark(marks[i], point, key, i === chosen, fits, i, size);
      const place = `translate(${toPixel(point.x).map((v) => v.toFixed(2)).join(" ")})`;
      if (places[i] !== place) marks[i].setAttribute("transform", places[i] = place);
    });
    const seen = { perceptron: cut(fits.perceptron.w), unit: cut(fits.unit.w) };
    layers.sides.replaceChildren(svg("path", { class: "side", d: path(seen.unit.side, "Z") }));
    layers.lines.replaceChildren(...["perceptron", "unit"].map((rule) => svg("path", { class: `line ${rule}`, d: path(seen[rule].line) })));
  }

  /** The boundary of a rule that is under way, and the point that it has just looked at. */
  function play(rule, w, point) {
    const ring = point && svg("circle", { class: `looked ${rule}`, r: 15, transform: `translate(${toPixel(point.x).join(" ")})` });
    layers.lines.classList.toggle("aside", Boolean(w));
    layers.played.replaceChildren(...(w ? [svg("path", { class: `line ${rule} now`, d: path(cut(w).line) })] : []), ...(ring ? [ring] : []));
  }

  function mark(group, point, key, isChosen, fits, i, size) {
    group.dataset.key = key;
    group.setAttribute("class", `point ${point.y > 0 ? "plus" : "minus"}`);
    const shape = point.y > 0 ? svg("circle", { class: "mark", r: size }) : svg("rect", { class: "mark", x: -size, y: -size, width: 2 * size, height: 2 * size });
    const arm = size < 4 ? 6 : size + 5, crosses = ["perceptron", "unit"].filter((rule) => fits[rule].lost[i])
      .map((rule, k) => svg("path", { class: `cross ${rule}`, d: k ? `M0 ${-arm - 3}V${arm + 3}M${-arm - 3} 0H${arm + 3}` : `M${-arm} ${-arm}L${arm} ${arm}M${-arm} ${arm}L${arm} ${-arm}` }));
    group.replaceChildren(
      shape, ...crosses,
      ...(point.spoiler ? [svg("circle", { class: "ring", r: size + 7 })] : []),
      ...(isChosen ? [svg("circle", { class: "chosen", r: size + 13 })] : []),
    );
  }

  /** The point nearest to an event, or -1 where none is within a finger's breadth. */
  function nearest(points, event) {
    const at = fromEvent(event), reach = event.pointerType === "touch" ? 34 : 20;
    const far = points.map(({ x }) => Math.hypot(...toPixel(x).map((v, j) => v - at[j])));
    const best = far.indexOf(Math.min(...far));
    return far[best] <= reach ? best : -1;
  }

  return { FARTHEST, node, look, around, framed, draw, play, nearest, inside, view: () => view, pointOf: (event) => inside(toPoint(fromEvent(event))) };
})();
