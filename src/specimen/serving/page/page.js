// The page: photos come in, go to the server a few at a time, and stay in a list with their answers.

import { explain, getModel, predict, setKey } from "./api.js";
import { Card } from "./card.js";
import { csv, save } from "./csv.js";
import { facts } from "./facts.js";
import { features, labelFields, makeFields } from "./fields.js";
import { showTable } from "./table.js";
import { currentLanguage, errorText, megabytes, plain, setLanguage, text } from "./texts.js";

const AT_A_TIME = 3;
const OFTEN = 50; // rows up to which the table is made anew after each answer; longer ones wait for the last
const find = (id) => document.getElementById(id);

let model = null;
let entries = [];
let sending = 0;
let round = 0; // counts what the user says beside the photos; answers to an earlier round are stale

// --- photos come in

function add(files) {
  if (!model) return;
  for (const file of files) {
    const entry = { file, card: null };
    entry.card = new Card(entry, { remove, look });
    find("cards").append(entry.card.root);
    entries.push(entry);
    check(entry);
    entry.card.draw(model.resize);
  }
  show();
  send();
}

function check(entry) {
  if (entry.file.size === 0) fail(entry, "empty", "empty file");
  else if (entry.file.size > model.limits.file_bytes) fail(entry, "too_large", "too large");
}

function fail(entry, code, message) {
  const heic = code === "not_an_image" && /\.hei[cf]$/i.test(entry.file.name);
  Object.assign(entry, { result: null, code: heic ? "heic" : code, message, sent: true });
}

function remove(entry) {
  const place = entries.indexOf(entry);
  entries.splice(place, 1);
  entry.card.root.remove();
  (entries[Math.min(place, entries.length - 1)]?.card.remove ?? find("photos")).focus();
  show();
}

// --- and go to the server

async function send() {
  const entry = entries.find((one) => !one.sent);
  if (!entry || sending >= AT_A_TIME) return;
  entry.sent = true;
  sending += 1;
  send();
  const asked = round;
  try {
    const result = await predict(await whole(entry.file), features());
    if (asked === round) Object.assign(entry, { result, code: null, message: null });
  } catch (error) {
    if (asked === round) fail(entry, error.code ?? "other", error.message);
    if (error.code === "no_key") askForKey();
  }
  if (asked !== round) entry.sent = false;
  sending -= 1;
  show();
  send();
}

// A folder, or a file that is gone meanwhile, is found out here, where it is not taken for a dead server.
async function whole(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw Object.assign(new Error(file.name), { code: "unreadable" });
  }
  return file;
}

async function look(entry) {
  if (entry.looking) return;
  entry.lookError = null;
  if (!entry.heat) {
    entry.looking = true;
    show();
    try {
      entry.heat = await explain(entry.file, features());
      await entry.card.showHeat(entry.heat);
    } catch (error) {
      entry.lookError = error.code ?? "other";
    }
    entry.looking = false;
  }
  entry.shown = Boolean(entry.heat) && !entry.shown;
  show();
}

function again() {
  round += 1;
  for (const entry of entries) {
    Object.assign(entry, { sent: false, result: null, code: null, heat: null, shown: false, lookError: null });
    check(entry);
  }
  show();
  send();
}

// --- and everything is shown

const capital = (name) => name.charAt(0).toUpperCase() + name.slice(1);

function show() {
  const scale = commonScale();
  for (const entry of entries) entry.card.update(scale, model.limits);
  const done = entries.filter((entry) => entry.result || entry.code).length;
  const good = entries.filter((entry) => entry.result).length;
  const key = done < entries.length ? "progress" : "allDone";
  find("status").textContent = entries.length ? text(key, { done, all: entries.length, good, bad: done - good }) : "";
  find("results").hidden = !done;
  find("download").disabled = done < entries.length;
  if (done === entries.length || entries.length <= OFTEN) showTable(entries, model);
}

function commonScale() {
  const ends = entries.flatMap(({ result }) => (typeof result?.low === "number" ? [result.low, result.high] : []));
  return [Math.min(0, ...ends), Math.max(...ends)];
}

function translate() {
  document.documentElement.lang = currentLanguage();
  const values = { size: model ? megabytes(model.limits.file_bytes) : "" };
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text, values);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", text(node.dataset.label));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === currentLanguage()));
  }
  if (!model) return;
  document.title = find("title").textContent = text("title", { target: capital(plain(model.target)) });
  labelFields(model);
  find("facts").textContent = facts(model);
  find("about").hidden = false;
  show();
}

// --- start

function askForKey() {
  find("key-form").hidden = false;
  find("key").focus();
}

function trouble(code, message) {
  find("trouble").textContent = code ? errorText(code, { message }) : "";
  find("trouble").hidden = !code;
}

async function start() {
  translate();
  try {
    model = await getModel();
    trouble(null);
    find("key-form").hidden = true;
    find("drop").hidden = false;
    makeFields(model, again);
    translate();
  } catch (error) {
    find("drop").hidden = true;
    if (error.code === "no_key") askForKey();
    if (error.code !== "no_key" || find("key").value) trouble(error.code ?? "other", error.message);
  }
}

for (const id of ["photos", "camera"]) {
  find(id).addEventListener("change", (event) => {
    add([...event.target.files]);
    event.target.value = ""; // so that the same photo can be chosen again
  });
}
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
addEventListener("dragleave", (event) => event.relatedTarget ?? document.body.classList.remove("dragging"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  add([...event.dataTransfer.files]);
});
addEventListener("paste", (event) => add([...(event.clipboardData?.files ?? [])]));
find("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(find("key").value);
  start();
});
find("download").addEventListener("click", () => save("predictions.csv", csv(entries, features())));
find("clear").addEventListener("click", () => {
  entries = [];
  find("cards").replaceChildren();
  show();
  find("photos").focus();
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    setLanguage(button.dataset.language);
    translate();
  });
}
start();
