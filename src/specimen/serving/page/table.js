// The results as a table.

import { failureText, unlikeText } from "./card.js";
import { byId, element } from "./dom.js";
import { amounts, percent, text } from "./texts.js";

export function showTable(entries, model) {
  const names = columnNames(entries, model);
  const headers = names.map((name) => {
    const unit = name === "prediction" && model.unit ? ` (${model.unit})` : "";
    return element("th", { scope: "col", className: name, textContent: text(name) + unit });
  });
  byId("header").replaceChildren(...headers);
  byId("rows").replaceChildren(...entries.map((entry) => tableRow(entry, names, model.limits)));
}

function columnNames(entries, { task }) {
  const names = ["file", "prediction"];
  if (task === "classification") names.push("confidence");
  else if (entries.some(({ result }) => typeof result?.low === "number")) names.push("low", "high");
  if (entries.some(({ code, result }) => code || result?.unlike)) names.push("remark");
  return names;
}

function tableRow(entry, names, limits) {
  const texts = { ...resultTexts(entry.result), file: entry.file.name, remark: remark(entry, limits) };
  const cells = names.map((name) =>
    element(name === "file" ? "th" : "td", { className: name, textContent: texts[name] ?? "" }),
  );
  cells[0].scope = "row";
  return element("tr", {}, ...cells);
}

function remark(entry, limits) {
  if (entry.code) return failureText(entry, limits);
  return entry.result?.unlike ? unlikeText(entry.result) : "";
}

function resultTexts(result) {
  if (!result) return {};
  return "top" in result ? { ...result, confidence: percent(result.confidence) } : amounts(result);
}
