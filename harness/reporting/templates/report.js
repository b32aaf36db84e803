// Tells the numbers of the bin under the pointer. The page is complete without it.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("bins").textContent);
  const chart = document.querySelector(".chart");
  const tip = chart.querySelector(".tip");
  const number = (value) => value === null ? "–" : value >= 100 ? String(Math.round(value)) : String(+value.toPrecision(3));

  function row(table, cells, head) {
    const line = table.insertRow();
    for (const text of cells) {
      const cell = document.createElement(head ? "th" : "td");
      cell.textContent = text;
      cell.className = "number";
      line.append(cell);
    }
  }

  function fill(bin) {
    const at = document.createElement("strong");
    const start = bin * data.bin_s;
    at.textContent = `${number(start)} – ${number(Math.min(start + data.bin_s, data.end_s))} s`;
    const table = document.createElement("table");
    row(table, ["version", "served", "failed", "p50 ms", "p99 ms"], true);
    for (const one of data.versions) {
      if (one.served[bin] || one.failed[bin]) {
        row(table, [one.name, one.served[bin], one.failed[bin], number(one.p50_ms[bin]), number(one.p99_ms[bin])]);
      }
    }
    tip.replaceChildren(at, table);
    for (const error of data.errors) {
      if (error.failed[bin]) {
        const line = document.createElement("div");
        line.textContent = `${error.failed[bin]} × ${error.name}`;
        tip.append(line);
      }
    }
  }

  for (const svg of chart.querySelectorAll("svg.timeline")) {
    const left = Number(svg.dataset.left), right = Number(svg.dataset.right);
    const cursor = svg.querySelector(".cursor");
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const scale = svg.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale;
      const bin = Math.floor((x - left) / (right - left) * data.end_s / data.bin_s);
      if (x < left || x > right || bin < 0 || bin >= data.bins) { leave(); return; }
      cursor.setAttribute("d", `M${x} 0V${svg.viewBox.baseVal.height}`);
      fill(bin);
      tip.hidden = false;
      const room = box.width - tip.offsetWidth;
      const beside = x / scale + 14;
      tip.style.left = `${beside <= room ? beside : Math.max(0, x / scale - tip.offsetWidth - 14)}px`;
      tip.style.top = `${Math.max(0, event.clientY - box.top + 14)}px`;
    });
    const leave = () => { tip.hidden = true; cursor.removeAttribute("d"); };
    svg.addEventListener("pointerleave", leave);
  }
})();
