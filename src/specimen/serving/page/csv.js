// The results as a file for a spreadsheet.

import { currentLanguage } from "./texts.js";

const COLUMNS = ["file", "name", "prediction", "low", "high", "unit", "confidence", "prediction_set", "unlike", "error", "version"];

// German Excel expects semicolons and decimal commas; every Excel needs a mark to recognise UTF-8.
export function csv(entries, features, failureText) {
  const german = currentLanguage() === "de";
  const separator = german ? ";" : ",";
  const cell = (value) => {
    if (typeof value === "number") return german ? String(value).replace(".", ",") : String(value);
    // A spreadsheet would run a text that begins like a formula, also in the wide characters of East Asia.
    const safe = String(value ?? "").replace(/^[\s\0]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/, "'$&");
    return /["\r\n;,\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = entries.map((entry) => ({
    ...entry.result,
    ...features,
    file: entry.file.name,
    name: entry.name,
    prediction_set: entry.result?.prediction_set?.join(" | "),
    error: entry.code ? failureText(entry) : "",
  }));
  const filled = (name) => rows.some((row) => (row[name] ?? "") !== "");
  const columns = [...COLUMNS.filter((name) => name === "file" || filled(name)), ...Object.keys(features)];
  const lines = [columns, ...rows.map((row) => columns.map((name) => row[name]))];
  return `\ufeff${lines.map((line) => line.map(cell).join(separator)).join("\r\n")}\r\n`;
}

export function save(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
