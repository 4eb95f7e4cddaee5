"use strict";

// A click on the head of a table sorts it; numbers by value, a dash last.
const valueOf = (cell) => {
  const text = cell.textContent.trim();
  const number = text.replaceAll(",", "").match(/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?(?=$|[ %])/);
  return text === "" || text === "-" ? null : number ? Number(number[0]) : text;
};

const compare = (one, other) => {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), "en", { numeric: true });
};

for (const table of document.querySelectorAll("table")) {
  const heads = [...table.querySelectorAll("thead th")];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...(head.textContent.trim() ? head.childNodes : ["name"])); // what an empty head is above
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row.cells[column]), row]);
      rows.sort(([one], [other]) => (one === null || other === null || up ? compare(one, other) : compare(other, one)));
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}

// `ast` lets Vega interpret its expressions, since this page forbids to compile text.
const look = {
  background: "transparent",
  font: "system-ui, sans-serif",
  view: { stroke: null },
  axis: { labelColor: "currentColor", titleColor: "currentColor", domainColor: "#8888", tickColor: "#8888", gridColor: "#8883" },
  legend: { labelColor: "currentColor", titleColor: "currentColor" },
};
for (const place of document.querySelectorAll(".chart")) {
  const spec = { width: "container", ...JSON.parse(place.dataset.spec), config: look };
  vegaEmbed(place, spec, { actions: false, ast: true, mode: "vega-lite", renderer: "svg" });
}
