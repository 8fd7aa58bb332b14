// The list of learners is drawn when it is opened, a hundred at a time, from the table that is there for readers
// without scripts. The page is complete without this.
for (const box of document.querySelectorAll("details.cr-learners")) {
  box.addEventListener("toggle", () => { if (box.open && !box.dataset.drawn) draw(box); });
}

function draw(box) {
  box.dataset.drawn = "yes";
  const still = box.querySelector("noscript");
  const table = new DOMParser().parseFromString(still.textContent, "text/html").querySelector("table");
  const rows = [...table.tBodies[0].rows].map((row, k) => ({ row, k, text: row.textContent.toLowerCase() }));
  const body = table.tBodies[0];
  const tools = box.querySelector("template").content.cloneNode(true);
  const find = tools.querySelector("input"), order = tools.querySelector("select");
  const told = tools.querySelector("[role=status]"), more = tools.querySelector("button");
  let shown = 100;
  const orders = {
    given: (a, b) => a.k - b.k,
    least: (a, b) => a.row.dataset.p - b.row.dataset.p || a.k - b.k,
    latest: (a, b) => b.row.dataset.t - a.row.dataset.t || a.k - b.k,
  };
  function show() {
    const wanted = find.value.trim().toLowerCase();
    const found = rows.filter((one) => one.text.includes(wanted)).sort(orders[order.value]);
    body.replaceChildren(...found.slice(0, shown).map((one) => one.row));
    told.textContent = `${Math.min(shown, found.length)} of ${found.length} shown`;
    more.hidden = found.length <= shown;
  }
  find.addEventListener("input", () => { shown = 100; show(); });
  order.addEventListener("change", () => { shown = 100; show(); });
  more.addEventListener("click", () => { shown += 100; show(); });
  body.replaceChildren();
  const place = document.createElement("div");
  place.className = "cr-scroll";
  place.tabIndex = 0;
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", table.caption.textContent);
  place.append(document.adoptNode(table));
  still.replaceWith(tools);
  box.querySelector(".cr-tools").after(place);
  box.append(more);
  show();
}
