/* The page: what is shown, what the reader does to it, and the address that holds it. */
const $ = (id) => document.getElementById(id);
const KINDS = { p: { y: 1, spoiler: false }, n: { y: -1, spoiler: false }, P: { y: 1, spoiler: true }, M: { y: -1, spoiler: true } };
const kindOf = ({ y, spoiler }) => Object.keys(KINDS).find((k) => KINDS[k].y === y && KINDS[k].spoiler === spoiler);
const TOOLS = [["move", "move"], ["p", "add ●"], ["n", "add □"], ["P", "add spoiler"]];
const MOST = 400, LARGEST = 1e100; // points, and a weight: its products with coordinates stay finite
const short = (v) => (Math.abs(v) >= 1e-3 || v === 0 ? v.toLocaleString("en", { maximumSignificantDigits: 3 }) : v.toExponential(1));
const tidy = (v) => +v.toFixed(3);

let state, chosen = -1, tool = "move", dragged = null, preset = null;

// The address: points, settings and, where training goes on from there, weights.
const written = (s) => new URLSearchParams({
  points: s.points.map((p) => kindOf(p) + p.x.map(tidy).join(",")).join(";"),
  N: s.N, R: s.R, eps: s.eps, loss: s.loss, shape: s.shape, start: s.start,
  ...(s.start === "kept" && s.w ? { w: s.w.map((v) => +v.toPrecision(12)).join(",") } : {}),
  view: [s.view.x, s.view.y, s.view.half].map(tidy).join(","),
});
/** The situation that an address holds, or null: anything may stand there. Numbers that are too large are cut. */
function read(text) {
  const query = new URLSearchParams(text), numbers = (v) => v.split(",").map((part) => (part.trim() ? +part : NaN));
  const items = (query.get("points") || "").split(";", MOST + 1);
  const points = items.map((item) => ({ x: numbers(item.slice(1)).map(tidy), ...KINDS[item[0]] }));
  if (points.length > MOST || !points.every(({ x, y }) => y && x.length === 2 && x.every((v) => Math.abs(v) <= Plane.FARTHEST))) return null;
  if (![1, -1].every((label) => points.some(({ y }) => y === label)) || !points.some((p) => !p.spoiler)) return null;
  const within = (name, low, high, usual) => Math.min(Math.max(+(query.get(name) || usual) || usual, low), high);
  const one = (id) => { const options = [...$(id).options].map((o) => o.value); return options.includes(query.get(id)) ? query.get(id) : options[0]; };
  const w = query.has("w") ? numbers(query.get("w")) : null, view = query.has("view") ? numbers(query.get("view")) : [];
  return {
    points, N: within("N", 1, 1e6, 100), R: within("R", 0.1, 1000, 3), eps: within("eps", 0, 0.4, 0),
    loss: one("loss"), shape: one("shape"), start: one("start"), w: w && w.length === 3 && w.every((v) => Math.abs(v) <= LARGEST) ? w : null,
    view: view.length === 3 && view.every(isFinite) && view[2] > 0 ? Plane.framed({ x: view[0], y: view[1], half: view[2] }) : Plane.around(points),
  };
}
let toWrite = 0;
function remember() {
  clearTimeout(toWrite);
  toWrite = setTimeout(() => history.replaceState(null, "", `#${written(state)}`), 150);
}

/** The problem at a brake, R or C, and a weight N of the base: each base point weighs N over their number, a spoiler 1. */
function problemAt(brake, N) {
  const { points, loss, eps, shape } = state, isSpoiler = points.map((p) => p.spoiler);
  const each = N / isSpoiler.filter((s) => !s).length, weights = Float64Array.from(isSpoiler, (s) => (s ? 1 : each));
  const total = weights.reduce((a, b) => a + b), penalty = shape === "penalty" ? 1 / (brake * total) : 0;
  return { problem: { Z: Rules.rows(points), share: weights.map((v) => v / total), loss, eps, shape, R: brake, penalty }, isSpoiler };
}
const brake = () => (state.shape === "penalty" ? state.C : state.R);

function solved() {
  const { problem } = problemAt(brake(), state.N), widest = Rules.maxMargin(state.points);
  const perceptron = Rules.perceptron(state.points, { maxLooks: widest ? 1e6 : 1e5 });
  const unit = Rules.unit(problem, { w0: state.start === "kept" ? state.w : null, maxSteps: 200 });
  perceptron.lost = Rules.lost(problem.Z, perceptron.w);
  unit.lost = Rules.lost(problem.Z, unit.w);
  return { problem, widest, perceptron, unit, best: Rules.bestSeparator(problem, widest, unit) };
}

function update() {
  const began = performance.now(), fits = solved();
  state.w = fits.unit.w;
  Plane.draw(state.points, chosen, fits);
  report(fits);
  $("time").textContent = `Both rules and the best separator took ${(performance.now() - began).toFixed(1)} ms.`;
  Phase.draw({ ...state, points: state.points.slice() }, problemAt);
  remember();
}

const countOf = (lost) => lost.filter(Boolean).length;
function report({ problem, widest, perceptron, unit, best }) {
  const wrong = countOf(unit.lost), spoilers = countOf(unit.lost.map((l, i) => l && state.points[i].spoiler));
  $("perceptron-verdict").textContent = perceptron.stopped ? "separates" : `${countOf(perceptron.lost)} wrong so far`;
  const allowed = widest && (Rules.longest(problem.Z) * Rules.norm(widest.w)) ** 2;
  $("perceptron-detail").textContent = perceptron.stopped
    ? `after ${perceptron.updates.toLocaleString("en")} update${perceptron.updates === 1 ? "" : "s"}; Novikoff allows ${Math.floor(allowed).toLocaleString("en")}`
    : widest ? `${perceptron.updates.toLocaleString("en")} updates, and it goes on; it will stop` : "no line separates these points: it never stops";
  const all = wrong && spoilers === wrong && state.points.filter((p) => p.spoiler).length === wrong;
  $("unit-verdict").textContent = !wrong ? "separates" : all ? (wrong === 1 ? "loses the spoiler" : "loses the spoilers") : `loses ${wrong} point${wrong === 1 ? "" : "s"}`;
  const ratio = best && best.loss / unit.loss, times = ratio > 1 && ratio < 100 ? `, ${short(ratio)} times` : "";
  $("unit-detail").textContent = `mean loss ${short(unit.loss)}; ${!best ? "no separator exists" : wrong || ratio < 1 - 1e-6 ? `best separator ${short(best.loss)}${times}` : "no separator has less"}`;
  $("reason").textContent = reason(widest, unit, best, wrong);
}
function reason(widest, unit, best, wrong) {
  if (!widest) return "No line separates these points, so no rule can.";
  if (!wrong) return state.shape === "none" && state.eps === 0 ? "Without a bound and with hard targets the loss has no minimum: it falls for ever, towards the widest margin." : "Inside this bound the lowest loss separates. More base points, or a tighter bound, and it will not.";
  if (best.loss > unit.loss) return state.shape === "none" ? "No separator found costs as little: here the minimum itself fails." : "Separators lie inside the bound, but the best of them costs more than giving up.";
  return "A separator with a lower loss exists: the unit is stuck in a minimum that fails. Start it at zero instead.";
}

// Controls.
const logN = () => Math.log10(state.N);
function show() {
  for (const id of ["R", "eps", "loss", "shape", "start"]) $(id).value = state[id];
  $("N").value = logN();
  $("R").disabled = state.shape === "none";
  $("R-value").textContent = state.shape === "none" ? "∞" : state.R.toLocaleString("en");
  $("N-value").textContent = Math.round(state.N).toLocaleString("en");
  $("eps-value").textContent = state.eps.toFixed(2);
  $("law-note").hidden = !Phase.hasLaw(state);
  $("law-note").textContent = `⋯ the law, log N = ${state.loss === "cross-entropy" ? "" : "2 "}γ₀R + constant`;
  for (const button of $("presets").children) button.setAttribute("aria-pressed", button.textContent === preset);
  for (const button of $("tools").children) button.setAttribute("aria-checked", button.dataset.tool === tool);
}
function change(values, keep = false) {
  Object.assign(state, values);
  if (!keep) preset = null;
  show();
  update();
}
for (const id of ["R", "eps"]) $(id).addEventListener("input", () => change({ [id]: +$(id).value }));
for (const id of ["loss", "shape", "start"]) $(id).addEventListener("change", () => change({ [id]: $(id).value }));
$("N").addEventListener("input", () => change({ N: Math.round(10 ** +$("N").value) }));

function open(situation, name = null) {
  state = { ...situation, points: situation.points.map((p) => ({ ...p, x: [...p.x] })) };
  chosen = state.points.findIndex((p) => p.spoiler);
  preset = name;
  Plane.look(state.view);
  change({}, true);
}
for (const [name, address] of Object.entries(PRESETS)) {
  const button = document.createElement("button");
  button.textContent = name;
  button.addEventListener("click", () => open(read(address), name));
  $("presets").append(button);
}
for (const [key, words] of TOOLS) {
  const button = document.createElement("button");
  Object.assign(button, { textContent: words });
  button.dataset.tool = key;
  button.setAttribute("role", "radio");
  button.addEventListener("click", () => { tool = key; show(); });
  $("tools").append(button);
}

// Points: moved, added, removed, turned into spoilers.
const choose = (index) => { chosen = index; change({}, true); };
function move(index, x) {
  state.points[index].x = Plane.inside(x).map(tidy);
  change({});
}
function add(x) {
  if (state.points.length >= MOST) return;
  state.points.push({ ...KINDS[tool === "move" ? "p" : tool], x: x.map(tidy) });
  chosen = state.points.length - 1;
  change({});
}
/** Change or remove a point, unless that leaves a class or the base empty. */
function alter(index, values) {
  const points = state.points.flatMap((p, i) => (i !== index ? [p] : values ? [{ ...p, ...values }] : []));
  const whole = [1, -1].every((label) => points.some(({ y }) => y === label)) && points.some((p) => !p.spoiler);
  if (index < 0 || !whole) return;
  if (!values) chosen = -1;
  change({ points });
}
$("remove").addEventListener("click", () => alter(chosen));

Plane.node.addEventListener("pointerdown", (event) => {
  const index = Plane.nearest(state.points, event);
  dragged = { index, x: event.clientX, y: event.clientY, moved: false };
  if (index < 0) return;
  Plane.node.setPointerCapture(event.pointerId);
  choose(index);
});
Plane.node.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  dragged.moved ||= Math.hypot(event.clientX - dragged.x, event.clientY - dragged.y) > 4;
  if (dragged.index >= 0 && dragged.moved) move(dragged.index, Plane.pointOf(event));
});
Plane.node.addEventListener("pointerup", (event) => {
  if (dragged && dragged.index < 0 && !dragged.moved && tool !== "move") add(Plane.pointOf(event));
  dragged = null;
});
Plane.node.addEventListener("pointercancel", () => { dragged = null; });
Plane.node.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { x, y, half } = Plane.view(), step = half / (event.shiftKey ? 10 : 100), n = state.points.length, point = state.points[chosen];
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  if (arrows[event.key] && point) move(chosen, point.x.map((v, j) => v + step * arrows[event.key][j]));
  else if (event.key === "]") choose((chosen + 1) % n);
  else if (event.key === "[") choose((chosen + n - (chosen < 0 ? 0 : 1)) % n);
  else if (event.key === "a") add([x, y]);
  else if (event.key === "s" && point) alter(chosen, { spoiler: !point.spoiler });
  else if (event.key === "f" && point) alter(chosen, { y: -point.y });
  else if (event.key === "Delete" || event.key === "Backspace") alter(chosen);
  else return;
  event.preventDefault();
});

const zoom = (factor) => { state.view = Plane.framed({ ...state.view, half: state.view.half * factor }); Plane.look(state.view); update(); };
$("closer").addEventListener("click", () => zoom(0.8));
$("wider").addEventListener("click", () => zoom(1.25));
$("copy").addEventListener("click", async () => {
  history.replaceState(null, "", `#${written(state)}`);
  try {
    await navigator.clipboard.writeText(location.href);
    $("copy").textContent = "copied";
  } catch {
    $("copy").textContent = "in the address";
  }
  setTimeout(() => { $("copy").textContent = "link"; }, 1500);
});

/** What the address holds, or one spoiler; the functions run a few times first, so that the first drag is no slower. */
const begin = () => {
  const given = location.hash.length > 1 && read(location.hash.slice(1));
  state = given || read(PRESETS["one spoiler"]);
  for (let k = 0; k < 5; k++) solved();
  open(state, given ? null : "one spoiler");
};
window.addEventListener("hashchange", begin);
begin();
