// Photos as a batch: files that `data.root` takes as they are, because their sheet is named and written as params.yaml
// asks for. A prediction is in a column of its own, and never in that of the labels.
//
// `sheet` says what params.yaml has in `data`, see specimen/site/sheet.py.

import { csvText } from "./csv.js";
import { readNumber } from "./numbers.js";
import { workbook } from "./workbook.js";

const LARGEST = 2e9; // bytes of a zip; file systems of sticks and the format itself end at 4 GB

// What was measured, as the sheet has it; null where nothing was, or where it cannot be read.
export function label({ measured }, task) {
  if (task === "classification") return measured || null;
  return readNumber(measured ?? "").value ?? null;
}

export const isUnread = (entry, task) => Boolean(entry.measured?.trim()) && label(entry, task) === null;

// Distinct for each photo, and the same in each export: its number, its name, and the kind of file that it is.
export function fileName({ id, place, name, file }) {
  const words = (name || file.name.replace(/\.[^.]*$/, "")).normalize("NFC").replace(/[^\p{L}\p{N}]+/gu, "-");
  const suffix = file.name.match(/\.(jpe?g|jfif|png|tiff?|webp|bmp)$/i)?.[0].toLowerCase() ?? ".jpg";
  return `${String(id ?? `x${place}`).padStart(4, "0")}-${words.slice(0, 60).replace(/^-|-$/g, "") || "photo"}${suffix}`;
}

// `name` in place of the star that stands for batches: week-* becomes week-2026-11-26-k3f9.
const zipName = (pattern, name) => pattern.replace("*", name).replaceAll("*", "").replaceAll("?", "0").replace(/\.zip$/i, "");

// Returns { name, files } for each zip, where files are [path, content] with the photos first.
export async function batches(entries, model, name) {
  const { sheet, task } = model;
  if (sheet.table === null) return classFolders(entries, task, name);
  const parts = split(entries);
  return Promise.all(
    parts.map(async (part, index) => ({
      name: zipName(sheet.batch, index ? `${name}-${index + 1}` : name),
      files: [...part.map((entry) => [inside(sheet.images, fileName(entry)), entry.file]), [sheet.table, await table(part, model)]],
    })),
  );
}

// A folder is a class, so photos without a label go into a zip of their own, where no folder can be taken for one.
function classFolders(entries, task, name) {
  const labelled = entries.filter((entry) => label(entry, task) !== null);
  const rest = entries.filter((entry) => label(entry, task) === null);
  const named = (suffix, path) => (part, index) => ({
    name: name + suffix + (index ? `-${index + 1}` : ""),
    files: part.map((entry) => [path(entry), entry.file]),
  });
  return [
    ...split(labelled).map(named("", (entry) => `${label(entry, task)}/${name}/${fileName(entry)}`)),
    ...split(rest).map(named("-without-labels", fileName)),
  ];
}

function split(entries) {
  const parts = [];
  let size = Infinity;
  for (const entry of entries) {
    size += entry.file.size;
    if (size > LARGEST) {
      parts.push([]);
      size = entry.file.size;
    }
    parts.at(-1).push(entry);
  }
  return parts;
}

const inside = (folder, name) => (folder === "." ? name : `${folder}/${name}`);

async function table(entries, model) {
  const { sheet } = model;
  const rows = tableRows(entries, model);
  if (/\.xlsx$/i.test(sheet.table)) return workbook(rows, sheet.sheet ?? undefined, sheet.header_row ?? undefined);
  if (sheet.decimal === "comma") return csvText(rows, ";", (value) => String(value).replace(".", ","));
  // 1.007 could be read as 1007, 1.0070 cannot.
  const clear = (value) => String(value).replace(/^-?\d{1,3}\.\d{3}$/, "$&0");
  return csvText(rows, /\.tsv$/i.test(sheet.table) ? "\t" : ",", clear);
}

// The header, and a row for each photo. The last of the columns that name an object has the name of the photo.
function tableRows(entries, { sheet, task }) {
  const named = sheet.group.at(-1) ?? "name";
  const columns = [...new Set([sheet.image, ...sheet.group, named, sheet.target, ...sheet.others, "taken", "predicted", "model"])];
  const rows = entries.map((entry) => ({
    ...entry.details,
    [named]: entry.name.replace(/\p{Cc}/gu, ""), // a code may hold control characters
    taken: entry.taken,
    predicted: entry.result?.prediction,
    model: entry.result?.version,
    [sheet.image]: fileName(entry),
    [sheet.target]: label(entry, task),
  }));
  return [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))];
}
