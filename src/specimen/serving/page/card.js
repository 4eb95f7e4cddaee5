// The card of one photo: its picture, and its prediction or what is wrong with it.

import { diary } from "./diary.js";
import { element } from "./dom.js";
import { drawHeatMap, drawPhoto, hottestRegion } from "./picture.js";
import { amounts, currentLanguage, errorText, megabytes, number, percent, regionName, text, withUnit } from "./texts.js";

export class Card {
  constructor(entry, actions) {
    this.entry = entry;
    this.photo = element("canvas", { className: "photo" });
    this.photo.setAttribute("role", "img");
    this.heatMap = element("canvas", { className: "heat", hidden: true });
    this.heatMap.setAttribute("aria-hidden", "true");
    this.remove = element("button", { type: "button", className: "remove", textContent: "×" });
    this.remove.addEventListener("click", () => actions.remove(entry));
    this.naming = element("input", { type: "text", className: "naming", maxLength: 200, autocomplete: "off", value: entry.name });
    this.naming.addEventListener("change", () => actions.name(entry, this.naming.value.trim()));
    this.measured = diary?.measuredField(entry, actions.measure);
    this.look = element("button", { type: "button", className: "quiet look" });
    this.look.addEventListener("click", () => actions.look(entry));
    this.body = element("div", { className: "body" });
    this.note = element("p", { className: "seen" });
    this.note.setAttribute("aria-live", "polite");
    this.root = element(
      "li",
      { className: "card" },
      element("div", { className: "frame" }, this.photo, this.heatMap, this.remove),
      element("p", { className: "name", textContent: entry.file.name, title: entry.file.name }),
      this.naming,
      this.body,
      ...(this.measured ? [this.measured.root] : []),
      this.look,
      this.note,
    );
  }

  async draw(resize) {
    await seen(this.root); // hundreds of photos at once would take all memory
    try {
      await drawPhoto(this.photo, this.entry.file, resize);
    } catch {
      this.root.classList.add("unseen-photo"); // such as a TIFF, which the server can read and a browser cannot
    }
  }

  // Write all texts: after an answer, and when the language or the common scale of the bars changes.
  update(scale, model) {
    const { entry } = this;
    const { name, measured, result, code, message, explained, explaining, explainError } = entry;
    const shown = [name, measured, result, code, message, explained, explaining, explainError, scale, model.version, currentLanguage()];
    const state = JSON.stringify(shown);
    if (state === this.state) return; // among hundreds of photos, one answer changes one card
    this.state = state;
    this.root.classList.toggle("failed", Boolean(code));
    this.root.setAttribute("aria-busy", String(!result && !code));
    this.remove.setAttribute("aria-label", text("remove", { name: entry.file.name }));
    this.photo.setAttribute("aria-label", entry.file.name);
    if (this.naming !== document.activeElement) this.naming.value = name; // it may come from the label on the photo
    this.naming.placeholder = diary?.nameLabel() ?? text("photoName");
    this.naming.setAttribute("aria-label", text("nameOf", { name: entry.file.name }));
    this.body.replaceChildren(...content(entry, scale, model));
    this.measured?.update(model);
    this.look.hidden = !result;
    this.look.textContent = text(explained ? "lookAway" : "look");
    this.look.setAttribute("aria-pressed", String(Boolean(explained)));
    this.look.setAttribute("aria-busy", String(Boolean(explaining)));
    this.heatMap.hidden = !explained;
    this.note.textContent = noteText(entry);
  }

  async showExplanation({ heat, picture }) {
    drawHeatMap(this.heatMap, heat);
    if (this.root.classList.contains("unseen-photo")) {
      // Not with fetch, which the page's policy limits to this server.
      const image = new Image();
      image.src = picture;
      await image.decode();
      await drawPhoto(this.photo, image, "stretch");
      this.root.classList.remove("unseen-photo");
    }
  }
}

// Wait until an element is on the screen, or nearly.
function seen(node) {
  return new Promise((resolve) => {
    const observer = new IntersectionObserver(
      (changes) => {
        if (!changes.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        resolve();
      },
      { rootMargin: "100%" },
    );
    observer.observe(node);
  });
}

function content(entry, scale, model) {
  const { result } = entry;
  if (entry.code) return [element("p", { className: "error", textContent: failureText(entry, model.limits) })];
  if (!result) return [element("p", { className: "working", textContent: text("working") })];
  const nodes = isClass(result) ? classContent(result, model) : numberContent(result, scale);
  if (result.unlike) nodes.push(element("p", { className: "unlike", textContent: unlikeText(result) }));
  return nodes;
}

const isClass = (result) => "top" in result;

// Where every class is possible, the most probable one is hardly better than a guess.
export const cannotTell = (result, { classes }) => classes?.length > 1 && result.prediction_set?.length === classes.length;

export function failureText(entry, limits) {
  return errorText(entry.code, {
    message: entry.message,
    size: megabytes(limits.file_bytes),
    pixels: number(limits.pixels / 1e6),
  });
}

export const unlikeText = (result) => text(isClass(result) ? "unlikeClass" : "unlikeNumber");

function numberContent(result, scale) {
  const written = amounts(result);
  const value = element("p", { className: "value", textContent: withUnit(written.prediction, result.unit) });
  if (!written.low) return [value];
  value.append(element("span", { className: "range", textContent: ` (${text("range", written)})` }));
  return [value, intervalBar(result, scale)];
}

// All bars have the same scale, so that photos can be compared at a glance. The text above says the same in words.
function intervalBar({ prediction, low, high }, [least, most]) {
  const position = (value) => `${(100 * (value - least)) / (most - least || 1)}%`;
  const interval = element("span", { className: "interval" });
  interval.style.left = position(low);
  interval.style.right = `calc(100% - ${position(high)})`;
  const point = element("span", { className: "point" });
  point.style.left = position(prediction);
  const ends = [least, most].map((end) => element("span", { textContent: number(end) }));
  const bar = element(
    "div",
    {},
    element("div", { className: "bar" }, interval, point),
    element("div", { className: "ends" }, ...ends),
  );
  bar.setAttribute("aria-hidden", "true");
  return bar;
}

function classContent(result, model) {
  const open = cannotTell(result, model);
  const value = element("p", { className: "value", textContent: open ? text("cannotTell") : result.prediction });
  value.classList.toggle("cannot-tell", open);
  const nodes = [value, element("ol", { className: "top" }, ...result.top.map(classRow))];
  const names = result.prediction_set ?? [];
  if (names.length > 1) {
    const sentence = text(open ? "anyOf" : "oneOf", { names: names.join(", ") });
    nodes.push(element("p", { className: "set", textContent: sentence }));
  }
  return nodes;
}

function classRow({ name, probability }) {
  const fill = element("span", { className: "fill" });
  fill.style.width = `${100 * probability}%`;
  const meter = element("span", { className: "meter" }, fill);
  meter.setAttribute("aria-hidden", "true");
  const label = element("span", { textContent: name });
  return element("li", {}, label, element("span", { textContent: percent(probability) }), meter);
}

function noteText(entry) {
  if (entry.explained) return explanationText(entry);
  return entry.explainError ? errorText(entry.explainError) : "";
}

function explanationText({ explanation, result }) {
  const { heat, change } = explanation;
  if (change === 0) return text("lookedNowhere");
  const region = hottestRegion(heat);
  const values = { region: regionName(region) };
  if (isClass(result)) {
    const { confidence } = result;
    return text("lookedClass", { ...values, before: percent(confidence), after: percent(confidence - change) });
  }
  const written = number(change, { maximumSignificantDigits: 2 });
  return text("lookedNumber", { ...values, change: withUnit(written, result.unit) });
}
