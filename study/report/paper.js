// What the page can do beyond being read: contents that fold on a phone, figures that grow, claims by verdict,
// and where a number comes from.
const contents = document.getElementById("TOC");
if (contents) {
  const folded = document.createElement("details");
  const title = folded.appendChild(document.createElement("summary"));
  title.textContent = "Contents";
  folded.append(...contents.childNodes);
  contents.append(folded);
  folded.open = matchMedia("(min-width: 70rem)").matches;
}

for (const figure of document.querySelectorAll("figure")) {
  const image = figure.querySelector("img");
  if (!image) continue;
  image.tabIndex = 0;
  image.title = "Enlarge";
  const toggle = () => figure.classList.toggle("large");
  image.addEventListener("click", toggle);
  image.addEventListener("keydown", (event) => {
    if (event.key === "Enter") toggle();
  });
}

for (const table of document.querySelectorAll("table")) {
  const heads = [...table.querySelectorAll("th")].map((head) => head.textContent.trim());
  const column = heads.indexOf("Verdict");
  if (column < 0) continue;
  const label = document.createElement("label");
  label.textContent = "Show ";
  const choice = label.appendChild(document.createElement("select"));
  for (const verdict of ["all claims", "holds", "holds when", "does not hold"]) choice.add(new Option(verdict));
  choice.addEventListener("change", () => {
    for (const row of table.tBodies[0].rows) {
      const verdict = row.cells[column].textContent.trim();
      const kind = verdict.startsWith("holds when") ? "holds when" : verdict.startsWith("holds") ? "holds" : "does not hold";
      row.hidden = choice.selectedIndex > 0 && kind !== choice.value;
    }
  });
  (table.closest(".table") ?? table).before(label);
}

const source = document.body.appendChild(document.createElement("output"));
source.id = "source";
const numbers = 'a[href^="numbers/"]';
const tell = (event) => {
  const link = event.target.closest?.(numbers);
  source.hidden = !link;
  if (link) source.textContent = link.getAttribute("href").replace("numbers/", "").replace(".html#", ": ");
};
source.hidden = true;
for (const happening of ["pointerover", "focusin"]) document.addEventListener(happening, tell);
