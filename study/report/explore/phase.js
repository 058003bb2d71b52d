/*
 * The phase diagram: the optimum's verdict at each limit, R or C, and weight N of the base, found a few at a time, and the
 * law. Where no spoiler is marked, N changes nothing, and what is drawn is how many points are given up at each limit.
 */
const Phase = (() => {
  const node = document.getElementById("phase");
  const COLUMNS = 24, ROWS = 16, LEFT = 64, TOP = 12, WIDTH = 518, HEIGHT = 256, R_MAX = 30, LOG_MAX = 6, BUDGET = 6;
  const C_LOW = -2, C_HIGH = 4; // powers of ten
  const toX = (R) => LEFT + (WIDTH * R) / R_MAX, toXofC = (C) => LEFT + (WIDTH * (Math.log10(C) - C_LOW)) / (C_HIGH - C_LOW), toY = (logN) => TOP + HEIGHT * (1 - logN / LOG_MAX);
  const cells = [], bars = [], here = svg("circle", { class: "here", r: 8 }), law = svg("path", { class: "law" });
  for (let c = 0; c < COLUMNS; c++) {
    const R = (R_MAX * (c + 0.5)) / COLUMNS, C = 10 ** (C_LOW + ((C_HIGH - C_LOW) * (c + 0.5)) / COLUMNS), x = LEFT + (WIDTH * c) / COLUMNS;
    bars.push({ R, C, cell: svg("rect", { class: "base", x, width: WIDTH / COLUMNS }) });
    for (let r = 0; r < ROWS; r++) {
      const cell = svg("rect", { class: "frame", x, y: TOP + HEIGHT * (1 - (r + 1) / ROWS), width: WIDTH / COLUMNS, height: HEIGHT / ROWS });
      cells.push({ R, C, N: 10 ** ((LOG_MAX * (r + 0.5)) / ROWS), cell });
    }
  }
  const clip = svg("clipPath", { id: "frame" }, svg("rect", { x: LEFT, y: TOP, width: WIDTH, height: HEIGHT }));
  law.setAttribute("clip-path", "url(#frame)");
  const text = (x, y, words, anchor = "middle") => { const t = svg("text", { x, y, "text-anchor": anchor }); t.textContent = words; return t; };
  const power = (x, y, k, anchor) => { const t = text(x, y, "10", anchor); t.append(svg("tspan", { dy: -6, "font-size": "75%" }, String(k).replace("-", "−"))); return t; };
  const below = TOP + HEIGHT + 20, powers = [0, 2, 4, 6].map((k) => power(LEFT - 9, toY(k) + 5, k, "end"));
  const ofR = svg("g", {}, ...[0, 10, 20, 30].map((R) => text(toX(R), below, R)), text(LEFT + WIDTH / 2, below + 22, "weight bound R"));
  const ofC = svg("g", {}, ...[-2, 0, 2, 4].map((k) => power(toXofC(10 ** k), below, k)), text(LEFT + WIDTH / 2, below + 22, "penalty C"));
  const counts = [text(LEFT - 9, TOP + HEIGHT + 5, "0", "end"), text(LEFT - 9, TOP + 5, "", "end")], turned = text(0, 0, "");
  turned.setAttribute("transform", `translate(14 ${TOP + HEIGHT / 2}) rotate(-90)`);
  const none = text(LEFT + WIDTH / 2, TOP + HEIGHT / 2, "nothing keeps the weights small, and so no place here");
  const frame = svg("rect", { class: "frame", x: LEFT, y: TOP, width: WIDTH, height: HEIGHT });
  const ofCells = svg("g", {}, ...cells.map(({ cell }) => cell), ...powers), ofBars = svg("g", {}, ...bars.map(({ cell }) => cell), ...counts);
  node.append(clip, ofCells, ofBars, frame, law, here, none, ofR, ofC, turned);
  const show = (one, shown) => { one.style.display = shown ? "" : "none"; };

  let job = 0, rest = 0;
  const MANY = 400, REST = 150; // with more points than that, the cells wait for so many milliseconds without a change

  /** Draw position and law at once, and the cells in the time that the next frames leave. */
  function draw(state, problemAt, lost) {
    const bounded = state.shape !== "none", penalised = state.shape === "penalty", counted = !state.points.some((p) => p.spoiler);
    const parts = [[ofR, !penalised], [ofC, penalised], [ofCells, bounded && !counted], [ofBars, counted && bounded], [none, !bounded], [here, bounded]];
    parts.forEach(([part, shown]) => show(part, shown));
    turned.textContent = counted ? "points given up" : "weight N of the base";
    here.setAttribute("cx", penalised ? toXofC(Math.min(Math.max(state.C, 10 ** C_LOW), 10 ** C_HIGH)) : toX(Math.min(state.R, R_MAX)));
    here.setAttribute("cy", toY(Math.min(Math.max(Math.log10(state.N), 0), LOG_MAX)));
    law.setAttribute("d", bounded ? lawPath(state) : "");
    const mine = ++job, tasks = counted ? bars : cells, numbers = [];
    let next = 0;
    if (counted) drawBars(numbers, lost);
    const work = () => {
      if (mine !== job) return;
      for (const start = performance.now(); next < tasks.length && performance.now() - start < BUDGET; next++) {
        const { R, C, N = state.N, cell } = tasks[next], { problem, isSpoiler } = problemAt(penalised ? C : R, N);
        const gone = Rules.lost(problem.Z, Rules.unit(problem, { maxSteps: 100 }).w);
        if (counted) numbers.push(gone.filter(Boolean).length);
        else cell.setAttribute("class", gone.some((l, i) => l && !isSpoiler[i]) ? "base" : gone.some(Boolean) ? "spoiler" : "separates");
      }
      if (counted) drawBars(numbers, lost);
      if (next < tasks.length) requestAnimationFrame(work);
      else node.dataset.done = mine;
    };
    delete node.dataset.done;
    clearTimeout(rest);
    if (bounded) rest = setTimeout(() => requestAnimationFrame(work), state.points.length > MANY ? REST : 0);
  }

  /** How many points are given up at each limit, as far as that is known, and now. */
  function drawBars(numbers, now) {
    const most = Math.max(1, now, ...numbers), height = (n) => (HEIGHT * n) / most;
    bars.forEach(({ cell }, c) => {
      cell.setAttribute("y", TOP + HEIGHT - height(numbers[c] || 0));
      cell.setAttribute("height", height(numbers[c] || 0));
    });
    counts[1].textContent = most.toLocaleString("en");
    here.setAttribute("cy", TOP + HEIGHT - height(now));
  }

  function lawPath({ points, shape, eps, loss }) {
    const spoilers = points.filter(({ spoiler }) => spoiler), base = points.filter(({ spoiler }) => !spoiler);
    if (shape !== "box" || eps > 0 || spoilers.length !== 1) return "";
    const found = Rules.law(base, spoilers[0]);
    if (!found) return "";
    const logN = (R) => Rules.lawLogN(found, R, base.length, loss) / Math.LN10;
    return `M${[0, R_MAX].map((R) => `${toX(R)} ${toY(logN(R))}`).join("L")}`;
  }

  return { draw, hasLaw: (state) => lawPath(state) !== "" };
})();
