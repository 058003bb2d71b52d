/* The phase diagram: the optimum's verdict at each brake and weight of the base, found a few at a time, and the law. */
const Phase = (() => {
  const node = document.getElementById("phase");
  const COLUMNS = 24, ROWS = 16, LEFT = 64, TOP = 12, WIDTH = 518, HEIGHT = 256, R_MAX = 30, LOG_MAX = 6, BUDGET = 6;
  const C_LOW = -2, C_HIGH = 4; // powers of ten
  const toX = (R) => LEFT + (WIDTH * R) / R_MAX, toXofC = (C) => LEFT + (WIDTH * (Math.log10(C) - C_LOW)) / (C_HIGH - C_LOW), toY = (logN) => TOP + HEIGHT * (1 - logN / LOG_MAX);
  const cells = [], here = svg("circle", { class: "here", r: 8 }), law = svg("path", { class: "law" });
  for (let c = 0; c < COLUMNS; c++) {
    for (let r = 0; r < ROWS; r++) {
      const cell = svg("rect", { class: "frame", x: LEFT + (WIDTH * c) / COLUMNS, y: TOP + HEIGHT * (1 - (r + 1) / ROWS), width: WIDTH / COLUMNS, height: HEIGHT / ROWS });
      cells.push({ R: (R_MAX * (c + 0.5)) / COLUMNS, C: 10 ** (C_LOW + ((C_HIGH - C_LOW) * (c + 0.5)) / COLUMNS), N: 10 ** ((LOG_MAX * (r + 0.5)) / ROWS), cell });
    }
  }
  const clip = svg("clipPath", { id: "frame" }, svg("rect", { x: LEFT, y: TOP, width: WIDTH, height: HEIGHT }));
  law.setAttribute("clip-path", "url(#frame)");
  const text = (x, y, words, anchor = "middle") => { const t = svg("text", { x, y, "text-anchor": anchor }); t.textContent = words; return t; };
  const power = (x, y, k, anchor) => { const t = text(x, y, "10", anchor); t.append(svg("tspan", { dy: -6, "font-size": "75%" }, String(k).replace("-", "−"))); return t; };
  const below = TOP + HEIGHT + 20, powers = [0, 2, 4, 6].map((k) => power(LEFT - 9, toY(k) + 5, k, "end"));
  const ofR = svg("g", {}, ...[0, 10, 20, 30].map((R) => text(toX(R), below, R)), text(LEFT + WIDTH / 2, below + 22, "weight bound R"));
  const ofC = svg("g", {}, ...[-2, 0, 2, 4].map((k) => power(toXofC(10 ** k), below, k)), text(LEFT + WIDTH / 2, below + 22, "penalty C"));
  const turned = text(0, 0, "weight N of the base");
  turned.setAttribute("transform", `translate(14 ${TOP + HEIGHT / 2}) rotate(-90)`);
  const none = text(LEFT + WIDTH / 2, TOP + HEIGHT / 2, "nothing keeps the weights small, and so no place here");
  const frame = svg("rect", { class: "frame", x: LEFT, y: TOP, width: WIDTH, height: HEIGHT });
  node.append(clip, ...cells.map(({ cell }) => cell), frame, law, here, none, ofR, ofC, ...powers, turned);

  let job = 0, rest = 0;
  const MANY = 400, REST = 150; // with more points than that, the cells wait for so many milliseconds without a change

  /** Draw position and law at once, and the cells in the time that the next frames leave. */
  function draw(state, problemAt) {
    const bounded = state.shape !== "none", penalised = state.shape === "penalty";
    [ofR, ofC].forEach((axis) => { axis.style.display = (axis === ofC) === penalised ? "" : "none"; });
    none.style.display = bounded ? "none" : "";
    if (!bounded) cells.forEach(({ cell }) => cell.setAttribute("class", "frame"));
    here.setAttribute("cx", penalised ? toXofC(Math.min(Math.max(state.C, 10 ** C_LOW), 10 ** C_HIGH)) : toX(Math.min(state.R, R_MAX)));
    here.setAttribute("cy", toY(Math.min(Math.max(Math.log10(state.N), 0), LOG_MAX)));
    here.style.display = bounded ? "" : "none";
    law.setAttribute("d", bounded ? lawPath(state) : "");
    const mine = ++job;
    let next = 0;
    const work = () => {
      if (mine !== job) return;
      for (const start = performance.now(); next < cells.length && performance.now() - start < BUDGET; next++) {
        const { R, C, N, cell } = cells[next], { problem, isSpoiler } = problemAt(penalised ? C : R, N);
        const gone = Rules.lost(problem.Z, Rules.unit(problem, { maxSteps: 100 }).w);
        cell.setAttribute("class", gone.some((l, i) => l && !isSpoiler[i]) ? "base" : gone.some(Boolean) ? "spoiler" : "separates");
      }
      if (next < cells.length) requestAnimationFrame(work);
      else node.dataset.done = mine;
    };
    delete node.dataset.done;
    clearTimeout(rest);
    if (bounded) rest = setTimeout(() => requestAnimationFrame(work), state.points.length > MANY ? REST : 0);
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
