// The moving picture of the first page: values forward, then δ back. Without scripts the picture stays as it is; whoever
// asks for less motion sees the last moment and can start it.
(() => {
  const build = figure => {
    const still = figure.querySelector("img");
    const layers = [3, 4, 4, 2], columns = [70, 230, 390, 550], loss = [690, 150];
    const node = (name, attributes, text = "") => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      made.textContent = text;
      return made;
    };
    const places = layers.map((count, l) => Array.from({length: count},
      (_, k) => [columns[l], 150 + (k - (count - 1) / 2) * 62]));
    const svg = node("svg", {viewBox: "40 22 690 256", role: "img", "aria-label": still.alt});
    const groups = [];                               // what lights up at each moment, in order
    const line = ([x1, y1], [x2, y2], pad = 20) => {
      const length = Math.hypot(x2 - x1, y2 - y1), ux = (x2 - x1) / length, uy = (y2 - y1) / length;
      return {x1: x1 + ux * pad, y1: y1 + uy * pad, x2: x2 - ux * pad, y2: y2 - uy * pad};
    };
    const colour = {forward: "var(--cr-forward)", backward: "var(--cr-backward)"};
    const between = l => l < 3 ? places[l].flatMap(a => places[l + 1].map(b => [a, b])) : places[3].map(a => [a, loss]);
    for (const l of [0, 1, 2, 3]) {
      const group = node("g", {stroke: "currentColor", opacity: 0.25, "stroke-width": 1.2});
      for (const [a, b] of between(l)) group.append(node("line", line(a, b)));
      svg.append(group);
      groups.push([group, "forward", 2]);
    }
    for (const l of [3, 2, 1]) {
      const group = node("g", {opacity: 0});
      for (const [a, b] of between(l)) group.append(node("line", {...line(b, a), stroke: colour.backward, "stroke-width": 5}));
      places[l].forEach(([x, y], k) => group.append(node("text", {x: x, y: y + 6, "text-anchor": "middle", "font-size": 17,
        "font-weight": "bold", fill: colour.backward}, "δ")));
      svg.append(group);
      groups.push([group, "backward", 5]);
    }
    for (const [x, y] of [...places.flat(), loss])
      svg.append(node("circle", {cx: x, cy: y, r: 18, fill: "none", stroke: "currentColor", "stroke-width": 1.6}));
    svg.append(node("text", {x: loss[0], y: loss[1] + 6, "text-anchor": "middle", "font-size": 17, fill: "currentColor"}, "L"));
    for (const [x, y] of places[0])
      svg.append(node("text", {x: x, y: y + 6, "text-anchor": "middle", "font-size": 16, fill: "currentColor"}, "x"));

    let at = groups.length, timer = null;
    const draw = () => groups.forEach(([group, role, width], k) => {
      const lit = k === at || (role === "backward" && k < at);
      if (role === "forward") {
        group.setAttribute("stroke", k === at ? colour.forward : "currentColor");
        group.setAttribute("stroke-width", k === at ? 3 : 1.2);
        group.setAttribute("opacity", k === at ? 1 : 0.25);
      } else group.setAttribute("opacity", lit ? 1 : 0);
    });
    const button = document.createElement("button");
    button.type = "button";
    const run = moving => {
      clearInterval(timer);
      timer = moving ? setInterval(() => { at = (at + 1) % (groups.length + 3); draw(); }, 650) : null;
      button.textContent = moving ? "Pause" : "Play";
    };
    button.addEventListener("click", () => run(timer === null));
    still.replaceWith(svg);
    figure.append(button);
    draw();
    run(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  };
  // Names that the theme leaves out, for people who hear the page.
  const name = () => {
    document.querySelectorAll("nav details > summary:not([aria-label])").forEach(summary => {
      const link = summary.closest("li")?.querySelector("a");
      summary.setAttribute("aria-label", `Pages under ${link?.textContent.trim() ?? "this"}`);
    });
    document.querySelectorAll(".search-button-field[aria-label]").forEach(field => field.removeAttribute("aria-label"));
  };
  // What scrolls sideways can be scrolled by keys.
  const reachable = () => document.querySelectorAll("article table, article pre, article div.math").forEach(box => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  });
  window.addEventListener("resize", reachable);
  window.addEventListener("load", () => {
    reachable();
    window.MathJax?.startup?.promise?.then(reachable);
  });
  document.addEventListener("DOMContentLoaded", () => {
    name();
    document.querySelectorAll("[data-flow]").forEach(build);
  });
})();
