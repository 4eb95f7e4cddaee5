// The page: photos come in, get their answers a few at a time, and stay in a list with them.
//
// An entry is one photo:
// { file, name, details, card, sent, result, code, message, explanation, explained, explaining, explainError }.
// Where a diary keeps it, also what specimen/site/page/diary.js needs.

import { explain, getModel, onNewer, predict, setKey } from "./answers.js";
import { Card, failureText } from "./card.js";
import { csv, save } from "./csv.js";
import { diary } from "./diary.js";
import { byId, setText, together } from "./dom.js";
import { factsText } from "./facts.js";
import { detailValues, labelFields, makeFields, setDetails } from "./fields.js";
import { checkFile } from "./files.js";
import { showTable } from "./table.js";
import { currentLanguage, errorText, megabytes, number, percent, plain, setLanguage, text } from "./texts.js";

const MAX_SENDING = 3;
const MAX_LIVE_ROWS = 50; // a longer table is not updated after each answer, but after the last
const PASSING = new Set(["no_server", "busy", "too_slow", "no_memory", "no_key", "internal", "other"]); // worth another try

let model = null;
let entries = [];
let sending = 0;
let detailsVersion = 0; // grows when the user changes the details; answers for older details are dropped
let newModel = false;

// --- photos come in

function add(files) {
  if (!model) return;
  for (const file of files) {
    const entry = { file, name: "", details: detailValues() };
    take(entry);
    keep(entry);
  }
  show();
  sendNext();
}

function take(entry) {
  entry.card = new Card(entry, { remove, look, name, measure });
  // In a diary the newest is on top, where a phone shows it.
  byId("cards")[diary ? "prepend" : "append"](entry.card.root);
  entries.push(entry);
  checkSize(entry);
  entry.card.draw(model.resize);
}

async function keep(entry) {
  const code = await diary?.keep(entry);
  if (code && !entry.name) name(entry, code);
}

// The photos of earlier visits, where a diary keeps them. Only the same model has the same answers.
async function takeKept() {
  for (const entry of (await diary?.open(model)) ?? []) {
    entry.sent = entry.result?.version === model.version;
    if (!entry.sent) entry.result = null;
    take(entry);
  }
  if (entries.length) setDetails(entries.at(-1).details);
}

function checkSize(entry) {
  if (entry.file.size === 0) fail(entry, "empty", "empty file");
  else if (entry.file.size > model.limits.file_bytes) fail(entry, "too_large", "too large");
}

function fail(entry, code, message) {
  const heic = code === "not_an_image" && /\.hei[cf]$/i.test(entry.file.name);
  Object.assign(entry, { result: null, code: heic ? "heic" : code, message, sent: true });
}

function name(entry, chosen) {
  entry.name = chosen;
  diary?.keepChange(entry);
  show();
}

function measure(entry, written) {
  entry.measured = written;
  diary?.keepChange(entry);
  show();
}

function remove(entry) {
  if (diary && !diary.mayRemoveOne(entry)) return;
  const index = entries.indexOf(entry);
  entries.splice(index, 1);
  diary?.remove([entry], entries);
  entry.card.root.remove();
  const neighbour = entries[Math.min(index, entries.length - 1)];
  (neighbour?.card.remove ?? byId("photos")).focus();
  show();
}

function removeAll() {
  if (diary && !diary.mayRemoveAll(entries)) return;
  diary?.remove(entries, []);
  entries = [];
  newModel = false;
  byId("cards").replaceChildren();
  show();
  byId("photos").focus();
}

// --- and get their answers

async function sendNext() {
  const entry = entries.find(({ sent }) => !sent);
  if (!entry || sending >= MAX_SENDING) return;
  entry.sent = true;
  sending += 1;
  sendNext();
  const version = detailsVersion;
  try {
    const result = await predict(await checkFile(entry.file), featuresOf(entry));
    if (result.version !== model.version) await followModel();
    if (version === detailsVersion) Object.assign(entry, { result, code: null, message: null });
  } catch (error) {
    // A new model may not know the details that the fields of the old one ask for.
    if (error.code === "bad_features") await followModel().catch(() => null);
    if (version === detailsVersion) fail(entry, error.code ?? "other", error.message);
    if (error.code === "no_server") giveUp(error);
    if (error.code === "no_key") askForKey();
  }
  if (version !== detailsVersion) entry.sent = false;
  else diary?.keepAnswer(entry);
  sending -= 1;
  show();
  sendNext();
}

// The photos that wait need not find out one by one that the server is gone.
function giveUp(error) {
  for (const entry of entries.filter(({ sent }) => !sent)) fail(entry, error.code, error.message);
}

// A sheet may have more columns than the model has features.
function featuresOf({ details }) {
  const known = model.features.filter(({ name }) => name in details);
  return Object.fromEntries(known.map(({ name }) => [name, details[name]]));
}

const passing = () => entries.filter(({ code }) => PASSING.has(code));

function tryAgain() {
  for (const entry of passing()) Object.assign(entry, { sent: false, code: null, message: null });
  show();
  sendNext();
}

// The server has another model: show its facts and fields, and predict all photos with it, so that they can be compared.
async function followModel() {
  const current = await getModel();
  if (current.version === model.version) return;
  model = current;
  newModel = true;
  makeFields(model, changeDetails);
  changeDetails();
  translate();
}

async function look(entry) {
  if (entry.explaining) return;
  entry.explainError = null;
  if (!entry.explanation) {
    entry.explaining = true;
    show();
    try {
      entry.explanation = await explain(entry.file, featuresOf(entry));
      await entry.card.showExplanation(entry.explanation);
    } catch (error) {
      entry.explainError = error.code ?? "other";
    }
    entry.explaining = false;
  }
  entry.explained = Boolean(entry.explanation) && !entry.explained;
  show();
}

// Without a diary, the details are those of all photos on the page; in a diary, of those that are taken from then on.
function changeDetails() {
  if (diary) return;
  for (const entry of entries) entry.details = detailValues();
  predictAgain();
}

function predictAgain() {
  detailsVersion += 1;
  for (const entry of entries) {
    Object.assign(entry, { sent: false, result: null, code: null, message: null, explanation: null, explained: false, explainError: null });
    checkSize(entry);
  }
  show();
  sendNext();
}

// --- and everything is shown

// Once for all that happens together, such as many photos that come in.
const show = together(showNow);

function showNow() {
  const scale = commonScale();
  for (const entry of entries) entry.card.update(scale, model);
  const done = entries.filter((entry) => entry.result || entry.code).length;
  const good = entries.filter((entry) => entry.result).length;
  const key = done < entries.length ? "progress" : "allDone";
  const counts = text(key, { done, all: entries.length, good, bad: done - good });
  const news = newModel ? ` ${text("newModel")}` : "";
  byId("status").textContent = entries.length ? counts + news : "";
  const again = passing().length;
  byId("again").hidden = !again;
  byId("again").textContent = text("again", { count: number(again) });
  byId("results").hidden = !done;
  byId("download").hidden = !done;
  byId("download").disabled = done < entries.length;
  if (done === entries.length || entries.length <= MAX_LIVE_ROWS) showTable(entries, model);
  byId("facts").textContent = factsText(model, entries);
  diary?.show(entries);
}

function commonScale() {
  const ends = entries.flatMap(({ result }) => (typeof result?.low === "number" ? [result.low, result.high] : []));
  return [Math.min(0, ...ends), Math.max(...ends)];
}

const capitalized = (name) => name.charAt(0).toUpperCase() + name.slice(1);

function translate() {
  document.documentElement.lang = currentLanguage();
  const values = { size: model ? megabytes(model.limits.file_bytes) : "" };
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text, values);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", text(node.dataset.label));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === currentLanguage()));
  }
  if (!model) return;
  const title = text("title", { target: capitalized(plain(model.target)) });
  document.title = title;
  byId("title").textContent = title;
  labelFields(model);
  byId("about").hidden = false;
  show();
}

// --- start

function askForKey() {
  byId("key-form").hidden = false;
  byId("key").focus();
}

function showProblem(code, message) {
  byId("problem").textContent = code ? errorText(code, { message }) : "";
  byId("problem").hidden = !code;
}

// In tenths, for screen readers say each of them.
function showLoading(share) {
  setText(byId("status"), text("loading", { share: percent(Math.floor(10 * share) / 10) }));
}

async function start() {
  translate();
  try {
    model = await getModel(showLoading);
    showProblem(null);
    byId("key-form").hidden = true;
    byId("drop").hidden = false;
    makeFields(model, changeDetails);
    await takeKept();
    translate();
    sendNext();
  } catch (error) {
    byId("drop").hidden = true;
    byId("status").textContent = "";
    if (error.code === "no_key") askForKey();
    if (error.code !== "no_key" || byId("key").value) showProblem(error.code ?? "other", error.message);
  }
}

for (const id of ["photos", "camera"]) {
  byId(id).addEventListener("change", (event) => {
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
byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setKey(byId("key").value);
  start();
});
const failure = (entry) => failureText(entry, model.limits);
byId("download").addEventListener("click", () => {
  save("predictions.csv", new Blob([csv(entries, failure)], { type: "text/csv;charset=utf-8" }));
});
byId("again").addEventListener("click", tryAgain);
addEventListener("beforeunload", (event) => {
  // The browser asks before the photos and their results are gone.
  if (diary ? diary.isUnsaved(entries) : entries.length) event.preventDefault();
});
byId("clear").addEventListener("click", removeAll);
onNewer((load) => {
  byId("newer").hidden = false;
  byId("load").onclick = load;
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    setLanguage(button.dataset.language);
    translate();
  });
}
start();
