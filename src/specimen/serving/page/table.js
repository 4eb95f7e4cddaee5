// The results as a table.

import { element, reason, unlike } from "./card.js";
import { amounts, percent, text } from "./texts.js";

const find = (id) => document.getElementById(id);

export function showTable(entries, model) {
  const ranges = entries.some(({ result }) => typeof result?.low === "number");
  const remarks = entries.some(({ code, result }) => code || result?.unlike);
  const numbers = ["prediction", ...(ranges ? ["low", "high"] : [])];
  const names = ["file", ...(model.task === "regression" ? numbers : ["prediction", "confidence"])];
  const heads = [...names, ...(remarks ? ["remark"] : [])].map((name) => {
    const unit = name === "prediction" && model.unit ? ` (${model.unit})` : "";
    return element("th", { scope: "col", className: name, textContent: text(name) + unit });
  });
  find("columns").replaceChildren(...heads);
  find("rows").replaceChildren(
    ...entries.map((entry) => {
      const written = { ...cells(entry.result), file: entry.file.name };
      const row = names.map((name) => element(name === "file" ? "th" : "td", { textContent: written[name] ?? "" }));
      row[0].scope = "row";
      if (remarks) row.push(element("td", { className: "remark", textContent: remark(entry, model.limits) }));
      return element("tr", {}, ...row);
    }),
  );
}

function remark(entry, limits) {
  if (entry.code) return reason(entry, limits);
  return entry.result?.unlike ? unlike(entry.result) : "";
}

function cells(result) {
  if (!result) return {};
  return "top" in result ? { ...result, confidence: percent(result.confidence) } : amounts(result);
}
