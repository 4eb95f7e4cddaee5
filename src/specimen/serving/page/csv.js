// The results as a file for a spreadsheet.

import { currentLanguage } from "./texts.js";

const COLUMNS = ["file", "name", "prediction", "measured", "low", "high", "unit", "confidence", "prediction_set", "unlike", "error", "version"];

export function csv(entries, failureText) {
  const rows = entries.map((entry) => ({
    ...entry.result,
    ...entry.details,
    file: entry.file.name,
    name: entry.name,
    measured: entry.measured,
    prediction_set: entry.result?.prediction_set?.join(" | "),
    error: entry.code ? failureText(entry) : "",
  }));
  const filled = (name) => rows.some((row) => (row[name] ?? "") !== "");
  const details = new Set(entries.flatMap((entry) => Object.keys(entry.details)));
  const columns = [...COLUMNS.filter((name) => name === "file" || filled(name)), ...details];
  const lines = [columns, ...rows.map((row) => columns.map((name) => row[name]))];
  // German Excel expects semicolons and decimal commas; every Excel needs a mark to recognise UTF-8.
  const german = currentLanguage() === "de";
  const text = german ? csvText(lines, ";", (value) => String(value).replace(".", ",")) : csvText(lines, ",");
  return `\ufeff${text}`;
}

export function csvText(lines, separator, writeNumber = String) {
  const cell = (value) => {
    if (typeof value === "number") return writeNumber(value);
    // A spreadsheet would run a text that begins like a formula, also in the wide characters of East Asia.
    const safe = String(value ?? "").replace(/^[\s\0]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/, "'$&");
    return /["\r\n;,\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return lines.map((line) => `${line.map(cell).join(separator)}\r\n`).join("");
}

export function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // a large file takes its time
}
