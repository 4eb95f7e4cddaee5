// The results as a file for a spreadsheet.

import { currentLanguage } from "./texts.js";

const COLUMNS = ["file", "prediction", "low", "high", "unit", "confidence", "prediction_set", "unlike", "error", "version"];

// A German Excel wants semicolons and decimal commas; both want a mark to see that it is UTF-8.
export function csv(entries, features) {
  const german = currentLanguage() === "de";
  const separator = german ? ";" : ",";
  const cell = (value) => {
    if (typeof value === "number") return german ? String(value).replace(".", ",") : String(value);
    // A text that begins like a formula would be run by the spreadsheet.
    const safe = String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&");
    return /["\r\n;,]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const rows = entries.map((entry) => ({
    ...entry.result,
    ...features,
    file: entry.file.name,
    prediction_set: entry.result?.prediction_set?.join(" | "),
    error: entry.message,
  }));
  const given = Object.keys(features);
  const columns = [...COLUMNS.filter((name) => name === "file" || rows.some((row) => (row[name] ?? "") !== "")), ...given];
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
