/* The phase diagram: the optimum's verdict at each bound and number of base points, found a few at a time, and the law. */
const Phase = (() => {
  const node = document.getElementById("phase");
  const COLUMNS = 24, ROWS = 16, LEFT = 64, TOP = 12, WIDTH = 518, HEIGHT = 256, R_MAX = 30, LOG_MAX = 6, BUDGET = 6;
  const toX = (R) => LEFT + (WIDTH * R) / R_MAX, toY = (logN) => TOP + HEIGHT * (1 - logN / LOG_MAX);
  const cells = [], here = svg("circle", { class: "here", r: 8 }), law = svg("path", { class: "law" });
  for (let c = 0; c < COLUMNS; c++) {
    for (let r = 0; r < ROWS; r++) {
      const cell = svg("rect", { class: "frame", x: LEFT + (WIDTH * c) / COLUMNS, y: TOP + HEIGHT * (1 - (r + 1) / ROWS), width: WIDTH / COLUMNS, height: HEIGHT / ROWS });
      cells.push({ R: (R_MAX * (c + 0.5)) / COLUMNS, N: 10 ** ((LOG_MAX * (r + 0.5)) / ROWS), cell });
    }
  }
  const clip = svg("clipPath", { id: "frame" }, svg("rect", { x: LEFT, y: TOP, width: WIDTH, height: HEIGHT }));
  law.setAttribute("clip-path", "url(#frame)");
  const text = (x, y, words, anchor = "middle") => { const t = svg("text", { x, y, "text-anchor": anchor }); t.textContent = words; return t; };
  const labels = [0, 10, 20, 30].map((R) => text(toX(R), TOP + HEIGHT + 20, R));
  const powers = [0, 2, 4, 6].map((k) => { const t = text(LEFT - 9, toY(k) + 5, "10", "end"); t.append(svg("tspan", { dy: -6, "font-size": "75%" }, String(k))); return t; });
  const turned = text(0, 0, "base points N");
  turned.setAttribute("transform", `translate(14 ${TOP + HEIGHT / 2}) rotate(-90)`);
  const none = text(LEFT + WIDTH / 2, TOP + HEIGHT / 2, "no bound, and so no place here");
  const frame = svg("rect", { class: "frame", x: LEFT, y: TOP, width: WIDTH, height: HEIGHT });
  node.append(clip, ...cells.map(({ cell }) => cell), frame, law, here, none, ...labels, ...powers, text(LEFT + WIDTH / 2, TOP + HEIGHT + 42, "weight bound R"), turned);

  let job = 0;

  /** Draw position and law at once, and the cells in the time that the next frames leave. */
  function draw(state, problemAt) {
    const bounded = state.shape !== "none";
    none.style.display = bounded ? "none" : "";
    if (!bounded) cells.forEach(({ cell }) => cell.setAttribute("class", "frame"));
    here.setAttribute("cx", toX(Math.min(state.R, R_MAX)));
    here.setAttribute("cy", toY(Math.min(Math.max(Math.log10(state.N), 0), LOG_MAX)));
    here.style.display = bounded ? "" : "none";
    law.setAttribute("d", bounded ? lawPath(state) : "");
    const mine = ++job;
    let next = 0;
    const work = () => {
      if (mine !== job) return;
      for (const start = performance.now(); next < cells.length && performance.now() - start < BUDGET; next++) {
        const { R, N, cell } = cells[next], { problem, isSpoiler } = problemAt(R, N);
        const gone = Rules.lost(problem.Z, Rules.unit(problem, { maxSteps: 100 }).w);
        cell.setAttribute("class", gone.some((l, i) => l && !isSpoiler[i]) ? "base" : gone.some(Boolean) ? "spoiler" : "separates");
      }
      if (next < cells.length) requestAnimationFrame(work);
      else node.dataset.done = mine;
    };
    delete node.dataset.done;
    if (bounded) requestAnimationFrame(work);
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
