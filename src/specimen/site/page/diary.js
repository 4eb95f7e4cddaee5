// A day in the greenhouse: each photo is kept on this device at once, with its name, its prediction and what was measured,
// until all of them have been exported and removed.

import { batches, fileName, isUnread, label } from "./batch.js";
import { readCode } from "./codes.js";
import { save } from "./csv.js";
import { byId, element, setText, together } from "./dom.js";
import { add, batchName, device, isKept, openDevice, remove, write } from "./keeping.js";
import { MeasuredField } from "./measured.js";
import { number, plain, text } from "./texts.js";
import { zip } from "./zip.js";

const FEW = 100; // when there is room for fewer photos than this, the page says so

let model = null;
let shown = []; // entries
let reading = Promise.resolve(); // of codes, one after the other: each photo takes memory
let packed = null; // photos that are in the zip so far; null: none is being made
let report = ""; // what the last export has to say

const exporting = element("button", { type: "button", id: "export", hidden: true });
const status = element("p", { id: "kept", hidden: true });
const warning = element("p", { id: "unkept", className: "note", hidden: true });
status.setAttribute("role", "status");
warning.setAttribute("role", "alert");

export const diary = {
  // Returns the photos of earlier visits.
  async open(current) {
    const again = model !== null;
    model = current;
    if (again) return [];
    exporting.addEventListener("click", () => exportAll(shown));
    byId("download").after(exporting);
    byId("bar").after(warning, status);
    document.querySelector("[data-text=featuresHint]").dataset.text = "detailsFromNow";
    return openDevice();
  },

  // Keep a photo, and return the name that is on its label, if there is one.
  async keep(entry) {
    report = "";
    await add(entry);
    refresh();
    reading = reading.then(() => readCode(entry.file));
    return reading;
  },

  async keepAnswer(entry) {
    await entry.writing;
    if (entry.id) await write(entry);
    refresh();
  },

  // Keep a new name, or what was measured.
  async keepChange(entry) {
    report = "";
    entry.exported = false;
    await this.keepAnswer(entry);
  },

  // Forget photos. That makes room for those of the `rest` that could not be kept.
  async remove(gone, rest) {
    report = "";
    if (!rest.length) device.batch = null; // the next photo begins a new one
    await remove(gone);
    for (const entry of rest.filter(({ unkept }) => unkept)) await (entry.id ? write(entry) : add(entry));
    refresh();
  },

  // Ask before something is gone for good: a photo that somebody has measured, or all of them.
  mayRemoveOne: ({ exported, measured }) => exported || !measured || confirm(text("removeMeasured")),

  mayRemoveAll(entries) {
    const open = entries.filter(({ exported }) => !exported).length;
    return confirm(text(open ? "removeOpen" : "removeExported", { all: number(entries.length), open: number(open) }));
  },

  // Whether something would be lost if the page were closed now.
  isUnsaved: (entries) => entries.some((entry) => !isKept(entry)),

  nameLabel: () => (model.sheet.group.length ? plain(model.sheet.group.at(-1)) : text("photoName")),

  measuredField: (entry, onChange) => new MeasuredField(entry, onChange),

  show(entries) {
    shown = entries;
    refresh();
  },
};

const refresh = together(refreshNow);

function refreshNow() {
  exporting.hidden = !shown.length;
  exporting.disabled = packed !== null;
  exporting.textContent = text("export");
  status.hidden = !shown.length;
  setText(status, statusText(shown));
  setText(warning, warningText(shown));
  warning.hidden = !warning.textContent;
}

// Save all photos as a batch. What changes in the meantime is not exported yet.
async function exportAll(entries) {
  packed = 0;
  report = "";
  for (const entry of entries) entry.exported = true;
  refresh();
  try {
    const unread = await pack(entries);
    for (const entry of unread) entry.exported = false;
    report = reportText(entries, unread);
    await Promise.all(entries.filter(({ id, exported }) => id && exported).map(write));
  } catch (error) {
    for (const entry of entries) entry.exported = false;
    report = text("exportFailed", { message: error.message });
  }
  packed = null;
  refresh();
}

// Returns the entries whose photos could not be read.
async function pack(entries) {
  const unread = new Set();
  for (const { name, files } of await batches(entries, model, batchName())) {
    const { blob, unread: paths } = await zip(files, () => {
      packed += 1;
      if (packed % 10 === 0) refresh();
    });
    for (const path of paths) unread.add(path.split("/").at(-1));
    save(`${name}.zip`, blob);
  }
  return entries.filter((entry) => unread.has(fileName(entry)));
}

function statusText(entries) {
  const all = entries.length;
  if (packed !== null) return text("packing", { done: number(Math.min(packed, all)), all: number(all) });
  const open = entries.filter(({ exported }) => !exported).length;
  const kept = entries.filter(isKept).length;
  const sentences = [report || text("kept", { all: number(kept), open: number(open) })];
  const wrong = entries.filter((entry) => isUnread(entry, model.task)).length;
  if (wrong) sentences.push(text("wrongValues", { count: number(wrong) }));
  const average = entries.reduce((sum, { file }) => sum + file.size, 0) / all;
  const more = Math.floor(device.free / average);
  if (more < FEW) sentences.push(text("room", { count: number(more) }));
  if (!device.isLasting) sentences.push(text("notLasting"));
  return sentences.join(" ");
}

function reportText(entries, unread) {
  const values = entries.filter((entry) => label(entry, model.task) !== null).length;
  const sentences = [text("exported", { all: number(entries.length), values: number(values) })];
  if (unread.length) sentences.push(text("unreadPhotos", { names: unread.map(fileName).join(", ") }));
  return sentences.join(" ");
}

function warningText(entries) {
  const unkept = entries.filter((entry) => entry.unkept);
  if (unkept.some((entry) => entry.unkept === "nowhere")) return text("keptNowhere");
  return unkept.length ? text("full", { count: number(unkept.length) }) : "";
}
