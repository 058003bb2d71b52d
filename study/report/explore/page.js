/* The page: what is shown, what the reader does to it, and the address that holds it. */
const $ = (id) => document.getElementById(id);
const KINDS = { p: { y: 1, spoiler: false }, n: { y: -1, spoiler: false }, P: { y: 1, spoiler: true }, M: { y: -1, spoiler: true } };
const kindOf = ({ y, spoiler }) => Object.keys(KINDS).find((k) => KINDS[k].y === y && KINDS[k].spoiler === spoiler);
const TOOLS = [["move", "move"], ["p", "add ●"], ["n", "add □"], ["P", "add spoiler"]];
const MOST = 2000, LARGEST = 1e100; // points, and a weight: its products with coordinates stay finite
const short = (v) => (Math.abs(v) >= 1e-3 || v === 0 ? v.toLocaleString("en", { maximumSignificantDigits: 3 }) : v.toExponential(1));
const tidy = (v) => +v.toFixed(3), kept = (v) => +v.toPrecision(6);

let state, fits, chosen = -1, tool = "move", dragged = null, preset = null;

// The address: points, settings and, where training goes on from there, weights.
const written = (s) => new URLSearchParams({
  points: s.points.map((p) => kindOf(p) + p.x.map(kept).join(",")).join(";"),
  N: s.N, R: s.R, C: s.C, eps: s.eps, loss: s.loss, shape: s.shape, start: s.start,
  ...(s.start === "kept" && s.w ? { w: s.w.map((v) => +v.toPrecision(12)).join(",") } : {}),
  view: [s.view.x, s.view.y, s.view.half].map(tidy).join(","),
});
/** The situation that an address holds, or null: anything may stand there. Numbers that are too large are cut. */
function read(text) {
  const query = new URLSearchParams(text), numbers = (v) => v.split(",").map((part) => (part.trim() ? +part : NaN));
  const items = (query.get("points") || "").split(";", MOST + 1);
  const points = items.map((item) => ({ x: numbers(item.slice(1)).map(kept), ...KINDS[item[0]] }));
  if (points.length > MOST || !points.every(({ x, y }) => y && x.length === 2 && x.every((v) => Math.abs(v) <= Plane.FARTHEST))) return null;
  if (![1, -1].every((label) => points.some(({ y }) => y === label)) || !points.some((p) => !p.spoiler)) return null;
  const within = (name, low, high, usual) => Math.min(Math.max(+(query.get(name) || usual) || usual, low), high);
  const one = (id) => { const options = [...$(id).options].map((o) => o.value); return options.includes(query.get(id)) ? query.get(id) : options[0]; };
  const w = query.has("w") ? numbers(query.get("w")) : null, view = query.has("view") ? numbers(query.get("view")) : [];
  return {
    points, N: within("N", 1, 1e6, 100), R: within("R", 0.1, 1000, 3), C: within("C", 1e-3, 1e6, 1), eps: within("eps", 0, 0.4, 0),
    loss: one("loss"), shape: one("shape"), start: one("start"), w: w && w.length === 3 && w.every((v) => Math.abs(v) <= LARGEST) ? w : null,
    view: view.length === 3 && view.every(isFinite) && view[2] > 0 ? Plane.framed({ x: view[0], y: view[1], half: view[2] }) : Plane.around(points),
  };
}
let toWrite = 0;
function remember() {
  clearTimeout(toWrite);
  toWrite = setTimeout(() => history.replaceState(null, "", state.names ? location.pathname : `#${written(state)}`), 150);
}

/** The problem at a limit, R or C, and a weight N of the base: each base point weighs N over their number, a spoiler 1. */
function problemAt(limit, N) {
  const { points, loss, eps, shape } = state, isSpoiler = points.map((p) => p.spoiler);
  const each = N / isSpoiler.filter((s) => !s).length, weights = Float64Array.from(isSpoiler, (s) => (s ? 1 : each));
  const total = weights.reduce((a, b) => a + b), penalty = shape === "penalty" ? 1 / (limit * total) : 0;
  return { problem: { Z: Rules.rows(points), share: weights.map((v) => v / total), loss, eps, shape, R: limit, penalty }, isSpoiler };
}
const limit = () => (state.shape === "penalty" ? state.C : state.R);

function solved() {
  const { problem } = problemAt(limit(), state.N), widest = Rules.maxMargin(state.points);
  const perceptron = Rules.perceptron(state.points, { maxLooks: widest ? 1e6 : 1e5 });
  const unit = Rules.unit(problem, { w0: state.start === "kept" ? state.w : null, maxSteps: 200 });
  perceptron.lost = Rules.lost(problem.Z, perceptron.w);
  unit.lost = Rules.lost(problem.Z, unit.w);
  return { problem, widest, perceptron, unit, best: Rules.bestSeparator(problem, widest, unit) };
}

function update() {
  const began = performance.now();
  fits = solved();
  state.w = fits.unit.w;
  Plane.draw(state.points, chosen, fits);
  report(fits);
  Play.begin({ problem: fits.problem, points: state.points, least: fits.unit.loss });
  $("time").textContent = `Both rules and the best separator took ${(performance.now() - began).toFixed(1)} ms.`;
  Phase.draw({ ...state, points: state.points.slice() }, problemAt, countOf(fits.unit.lost));
  remember();
}

const countOf = (lost) => lost.filter(Boolean).length;
function report({ problem, widest, perceptron, unit, best }) {
  const wrong = countOf(unit.lost), spoilers = countOf(unit.lost.map((l, i) => l && state.points[i].spoiler));
  $("perceptron-verdict").textContent = perceptron.stopped ? "separates" : `${countOf(perceptron.lost)} wrong so far`;
  const allowed = widest && (Rules.longest(problem.Z) * Rules.norm(widest.w)) ** 2;
  $("perceptron-detail").textContent = perceptron.stopped
    ? `after ${perceptron.updates.toLocaleString("en")} update${perceptron.updates === 1 ? "" : "s"}; at most ${Math.floor(allowed).toLocaleString("en")} by Novikoff's theorem`
    : widest ? `${perceptron.updates.toLocaleString("en")} updates, and it goes on; it will stop` : "no line separates these points: it never stops";
  const all = wrong && spoilers === wrong && state.points.filter((p) => p.spoiler).length === wrong;
  $("unit-verdict").textContent = !wrong ? "separates" : all ? (wrong === 1 ? "gives up the spoiler" : "gives up the spoilers") : `gives up ${wrong} point${wrong === 1 ? "" : "s"}`;
  const ratio = best && best.loss / unit.loss, times = ratio > 1 && ratio < 100 ? `, ${short(ratio)} times as much` : "";
  const what = state.shape === "penalty" ? "loss and penalty" : "loss";
  $("unit-detail").textContent = `mean ${what} ${short(unit.loss)}; ${!best ? "no separator exists" : wrong || ratio < 1 - 1e-6 ? `the best separator's is ${short(best.loss)}${times}` : "no separator has less"}`;
  $("reason").textContent = reason(widest, unit, best, wrong);
}
function reason(widest, unit, best, wrong) {
  const { shape, eps } = state, bounded = shape === "box" || shape === "ball";
  if (!widest) return "No line separates these points, so no rule can.";
  if (!wrong && shape === "none") return eps === 0 ? "Without a bound and with hard targets the loss has no minimum: it falls for ever, towards the widest margin." : "The lowest loss separates.";
  if (!wrong) {
    const separates = bounded ? "Inside this bound the lowest loss separates." : "At this C the lowest sum of loss and penalty separates.";
    return state.points.some((p) => p.spoiler) ? `${separates} With a heavier base, or a ${bounded ? "tighter bound" : "smaller C"}, it may not.` : separates;
  }
  if (best.loss > unit.loss) {
    if (bounded) return "Separators lie inside the bound, but the best of them costs more than giving up.";
    return shape === "penalty" ? "Of loss and penalty together, the best separator has more than giving up costs." : "No separator found costs as little: here the minimum itself fails.";
  }
  return "A separator with a lower loss exists: the unit is stuck in a minimum that fails. Start it at zero instead.";
}

// Controls.
function show() {
  const { shape, N, C, points } = state, base = points.filter((p) => !p.spoiler).length;
  for (const id of ["R", "eps", "loss", "shape", "start"]) $(id).value = state[id];
  for (const id of ["N", "C"]) $(id).value = Math.log10(state[id]);
  $("R").disabled = shape === "none";
  $("row-R").hidden = shape === "penalty";
  $("row-C").hidden = shape !== "penalty";
  $("R-value").textContent = shape === "none" ? "∞" : state.R.toLocaleString("en");
  $("C-value").textContent = short(C);
  $("N-value").textContent = Math.round(N).toLocaleString("en");
  $("eps-value").textContent = state.eps.toFixed(2);
  const each = N === base ? "once" : `${short(N / base)} times`, drawn = base === 1 ? "the one drawn" : `each of the ${base.toLocaleString("en")} drawn`;
  $("N-note").textContent = base < points.length
    ? `N is a weight, in spoilers: all base points count as ${Math.round(N).toLocaleString("en")}, so ${drawn} counts ${each}, and a spoiler once. It adds no points.`
    : `N is a weight: the base points count as ${Math.round(N).toLocaleString("en")}, so ${drawn} counts ${each}. ${shape === "penalty" ? "Without a spoiler it only multiplies C." : "Without a spoiler it changes nothing."}`;
  for (const one of document.querySelectorAll(".verdict-note")) one.hidden = base === points.length;
  $("law-note").hidden = !Phase.hasLaw(state);
  $("law-note").textContent = `⋯ the law, log N = ${state.loss === "cross-entropy" ? "" : "2 "}γ₀R + constant`;
  const one = points[chosen];
  $("chosen").textContent = one ? `${one.row ? `Row ${one.row}` : "Chosen"}: ${one.x.map((v) => short(v)).join(", ")}` : "";
  $("minus").textContent = state.classes ? `□ ${state.classes[0]}` : "Open squares are negative";
  $("plus").textContent = state.classes ? `● ${state.classes[1]}` : "filled circles positive";
  for (const button of $("presets").children) button.setAttribute("aria-pressed", button.textContent === preset || (button.id === "own" && Boolean(state.names) && !GIVEN));
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
$("C").addEventListener("input", () => change({ C: +(10 ** +$("C").value).toPrecision(3) }));

function open(situation, name = null) {
  state = { ...situation, points: situation.points.map((p) => ({ ...p, x: [...p.x] })) };
  chosen = state.points.findIndex((p) => p.spoiler);
  preset = name;
  $("columns").hidden = !state.names;
  Plane.look(state.view, state.names);
  change({}, true);
}
const HINT = `Or drop or paste a CSV, also without a header: a column with two values, at most ${Table.MOST_ROWS.toLocaleString("en")} rows. It stays on this machine.`;
const takeGiven = () => take(Table.shorten(GIVEN.name), () => Table.given(GIVEN), GIVEN);
const situations = Object.entries(PRESETS).map(([name, address]) => [name, () => { open(read(address), name); say(HINT); }]);
for (const [name, show] of GIVEN ? [[Table.shorten(GIVEN.name), takeGiven]] : situations) {
  const button = document.createElement("button");
  button.textContent = name;
  button.addEventListener("click", show);
  $("presets").insertBefore(button, $("own"));
}

// A table of the reader's own: chosen, dropped, pasted, or put into this copy of the page.
let table = null, positive;
const say = (words, isFault = false) => { $("message").textContent = words; $("message").classList.toggle("fault", isFault); };
/** Do what may be refused: then one line says why, and nothing else changes. */
function attempt(work) {
  try {
    work();
  } catch (fault) {
    if (!(fault instanceof Table.Fault)) throw fault;
    say(`${fault.message}.`, true);
  }
}
function take(name, read, { settings = {}, label, positive: asked, scaled = true } = {}) {
  attempt(() => {
    const found = { name, ...read() }, labels = Table.labels(found, label), [chosen] = labels;
    const axes = Table.usual(found, chosen), choice = { label: chosen, axes, scaled, positive: asked };
    place(found, choice, settings);
    [table, positive] = [found, asked];
    fill($("label"), labels.map((j) => [j, found.names[j]]), chosen);
    $("scaled").checked = scaled;
    offer(choice);
  });
}
const takeText = (name, text) => take(name, () => Table.parse(text));
/** Offer the columns that an axis may show. */
function offer({ label, axes }) {
  const columns = Table.features(table, label).map((j) => [j, table.names[j]]);
  const direction = columns.length > 1 ? [[Table.DIRECTION, "most telling direction"]] : [];
  ["across", "up"].forEach((id, k) => fill($(id), [...direction, ...columns, ...(k ? [[Table.NOTHING, "nothing"]] : [])], axes[k]));
}
function fill(select, options, value) {
  select.replaceChildren(...options.map(([key, words]) => new Option(Table.shorten(words), key)));
  select.value = value;
}
function place(found, choice, settings = {}) {
  const { points, names, classes, notes } = Table.points(found, choice), n = points.length;
  const { R, C, eps, loss, shape, start, N } = { start: "zero", R: 3, C: 1, ...state, N: n, ...settings };
  open({ points, names, classes, N, R, C, eps, loss, shape, start: start === "kept" ? "zero" : start, w: null, view: Plane.around(points) }, found.name);
  const telling = choice.axes.includes(Table.DIRECTION) ? " A line here is a plane in all columns: where no line separates, a plane still may." : "";
  say(`${found.name}: ${n.toLocaleString("en")} rows, label '${Table.shorten(found.names[choice.label])}'.${telling}${notes.map((note) => ` ${note}.`).join("")}`);
}
const choice = () => ({ label: +$("label").value, axes: [$("across").value, $("up").value], scaled: $("scaled").checked, positive });
for (const id of ["across", "up", "scaled"]) $(id).addEventListener("change", () => attempt(() => place(table, choice())));
$("label").addEventListener("change", () => attempt(() => {
  const next = { ...choice(), axes: Table.usual(table, +$("label").value) };
  place(table, next);
  offer(next);
}));
async function takeFile(file) {
  if (!file) return;
  if (file.size > Table.MOST_BYTES) say(`${Table.shorten(file.name)} holds ${file.size.toLocaleString("en")} bytes; the page takes ${Table.MOST_BYTES.toLocaleString("en")} at most.`, true);
  else await file.arrayBuffer().then((bytes) => take(Table.shorten(file.name), () => Table.parse(...Table.decode(bytes))));
}
$("own").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => { takeFile($("file").files[0]); $("file").value = ""; });
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) takeFile(file);
  else takeText("dropped text", event.dataTransfer.getData("text/plain"));
});
document.addEventListener("paste", (event) => {
  const [file] = event.clipboardData.files;
  if (file) takeFile(file);
  else takeText("pasted text", event.clipboardData.getData("text/plain"));
});

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
$("mark").addEventListener("click", () => chosen >= 0 && alter(chosen, { spoiler: !state.points[chosen].spoiler }));

Plane.node.addEventListener("pointerdown", (event) => {
  const index = Plane.nearest(state.points, event);
  dragged = { index, x: event.clientX, y: event.clientY, moved: false };
  if (index < 0) return;
  Plane.node.setPointerCapture(event.pointerId);
  choose(index);
});
Plane.node.addEventListener("touchstart", (event) => { // a finger on a point drags it; beside one it scrolls the page
  const [{ clientX, clientY }] = event.touches;
  if (Plane.nearest(state.points, { clientX, clientY, pointerType: "touch" }) >= 0) event.preventDefault();
}, { passive: false });
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

const zoom = (factor) => { state.view = Plane.framed({ ...state.view, half: state.view.half * factor }); Plane.look(state.view, state.names); update(); };
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

// Files.
const fileName = () => (state.names && preset ? preset.replace(/\.[^.]*$/, "").replace(/[^\w-]+/g, "_") : "spoiler");
const drawn = () => {
  const { shape, loss, eps, N } = state, limit = shape === "penalty" ? `C = ${short(state.C)}` : shape === "none" ? "no bound" : `R = ${state.R} (${shape})`;
  return Save.picture(Plane.node, [
    `Perceptron (solid): ${$("perceptron-verdict").textContent}. Unit (dashed): ${$("unit-verdict").textContent}.`,
    `${loss}, ${limit}, N = ${Math.round(N)}${eps > 0 ? `, targets ${eps} and ${1 - eps}` : ""}. ${$("minus").textContent}, ${$("plus").textContent}.`,
  ]);
};
/** The points as rows, with what each rule makes of them; words, so that the page and `study compare` read it back. */
function listed() {
  const [across, up] = (state.names || ["x_1", "x_2"]).map((name, k) => name || `x_${k + 1}`), classes = state.classes || ["-1", "1"];
  const of = (rule, i) => (fits[rule].lost[i] ? "wrong" : "right"), rows = state.names ? ["row"] : [];
  return [[...rows, across, up, "label", "is_spoiler", "perceptron", "unit"], ...state.points.map((p, i) => [
    ...rows.map(() => (p.row ? `row ${p.row}` : "added")), ...p.x.map(String), classes[p.y > 0 ? 1 : 0], p.spoiler ? "yes" : "no", of("perceptron", i), of("unit", i)])];
}
$("svg").addEventListener("click", () => Save.hand(`${fileName()}.svg`, new Blob([drawn()], { type: "image/svg+xml" })));
$("png").addEventListener("click", async () => Save.hand(`${fileName()}.png`, await Save.png(drawn())));
$("csv").addEventListener("click", () => Save.hand(`${fileName()}.csv`, new Blob([Save.csv(listed())], { type: "text/csv" })));

/** What the address holds, else the table of this copy, else one spoiler. */
const begin = () => {
  const address = location.hash.length > 1 && read(location.hash.slice(1)), usual = address || GIVEN ? null : "one spoiler";
  if (GIVEN && !address) takeGiven();
  else {
    open(address || read(PRESETS[usual]), usual);
    say(HINT);
  }
  for (let k = 0; k < 5; k++) solved(); // so that the first drag is no slower than the next
  update();
};
window.addEventListener("hashchange", begin);
begin();
