// The results as a table.

import { element, reason } from "./card.js";
import { amounts, percent, text } from "./texts.js";

const find = (id) => document.getElementById(id);

export function showTable(entries, model) {
  const ranges = entries.some(({ result }) => typeof result?.low === "number");
  const failures = entries.some(({ code }) => code);
  const numbers = ["prediction", ...(ranges ? ["low", "high"] : [])];
  const names = ["file", ...(model.task === "regression" ? numbers : ["prediction", "confidence"])];
  const heads = [...names, ...(failures ? ["remark"] : [])].map((name) => {
    const unit = name === "prediction" && model.unit ? ` (${model.unit})` : "";
    return element("th", { scope: "col", className: name, textContent: text(name) + unit });
  });
  find("columns").replaceChildren(...heads);
  find("rows").replaceChildren(
    ...entries.map((entry) => {
      const written = { ...cells(entry.result), file: entry.file.name };
      const row = names.map((name) => element(name === "file" ? "th" : "td", { textContent: written[name] ?? "" }));
      row[0].scope = "row";
      if (failures) row.push(element("td", { className: "remark", textContent: entry.code ? reason(entry, model.limits) : "" }));
      return element("tr", {}, ...row);
    }),
  );
}

function cells(result) {
  if (!result) return {};
  return "top" in result ? { ...result, confidence: percent(result.confidence) } : amounts(result);
}
