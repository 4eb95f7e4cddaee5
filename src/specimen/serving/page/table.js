// The results as a table.

import { cannotTell, failureText, unlikeText } from "./card.js";
import { byId, element } from "./dom.js";
import { amounts, percent, text } from "./texts.js";

export function showTable(entries, model) {
  const names = columnNames(entries, model);
  const headers = names.map((name) => {
    const unit = name === "prediction" && model.unit ? ` (${model.unit})` : "";
    return element("th", { scope: "col", className: name, textContent: text(name) + unit });
  });
  byId("header").replaceChildren(...headers);
  byId("rows").replaceChildren(...entries.map((entry) => tableRow(entry, names, model)));
}

function columnNames(entries, model) {
  const { task } = model;
  const names = entries.some(({ name }) => name) ? ["file", "name", "prediction"] : ["file", "prediction"];
  if (task === "classification") names.push("confidence");
  else if (entries.some(({ result }) => typeof result?.low === "number")) names.push("low", "high");
  if (entries.some((entry) => remark(entry, model))) names.push("remark");
  return names;
}

function tableRow(entry, names, model) {
  const texts = { ...resultTexts(entry.result), file: entry.file.name, name: entry.name, remark: remark(entry, model) };
  const cells = names.map((name) =>
    element(name === "file" ? "th" : "td", { className: name, textContent: texts[name] ?? "" }),
  );
  cells[0].scope = "row";
  return element("tr", {}, ...cells);
}

function remark({ code, message, result }, model) {
  if (code) return failureText({ code, message }, model.limits);
  if (result?.unlike) return unlikeText(result);
  return result && cannotTell(result, model) ? text("cannotTell") : "";
}

function resultTexts(result) {
  if (!result) return {};
  return "top" in result ? { ...result, confidence: percent(result.confidence) } : amounts(result);
}
