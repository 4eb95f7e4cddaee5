// One photo on the page: its picture, its prediction or what is wrong with it.

import { drawHeat, drawPhoto, hottest } from "./picture.js";
import { amounts, currentLanguage, errorText, megabytes, number, percent, place, text, withUnit } from "./texts.js";

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export class Card {
  constructor(entry, actions) {
    this.entry = entry;
    this.photo = element("canvas", { className: "photo" });
    this.photo.setAttribute("role", "img");
    this.heat = element("canvas", { className: "heat", hidden: true });
    this.heat.setAttribute("aria-hidden", "true");
    this.remove = element("button", { type: "button", className: "remove", textContent: "×" });
    this.remove.addEventListener("click", () => actions.remove(entry));
    this.look = element("button", { type: "button", className: "quiet look" });
    this.look.addEventListener("click", () => actions.look(entry));
    this.body = element("div", { className: "body" });
    this.note = element("p", { className: "seen" });
    this.note.setAttribute("aria-live", "polite");
    this.root = element(
      "li",
      { className: "card" },
      element("div", { className: "frame" }, this.photo, this.heat, this.remove),
      element("p", { className: "name", textContent: entry.file.name, title: entry.file.name }),
      this.body,
      this.look,
      this.note,
    );
  }

  async draw(resize) {
    try {
      await drawPhoto(this.photo, this.entry.file, resize);
    } catch {
      this.root.classList.add("unseen-photo"); // a TIFF, say, which the server reads and a browser does not
    }
  }

  // Write everything anew: after an answer, when the language changes, when the common scale of the bars does.
  update(scale, limits) {
    const { entry } = this;
    const { result, code, message, shown, looking, lookError } = entry;
    const state = JSON.stringify([result, code, message, shown, looking, lookError, scale, currentLanguage()]);
    if (state === this.state) return; // among hundreds of photos, one answer changes one card
    this.state = state;
    this.root.classList.toggle("failed", Boolean(entry.code));
    this.root.setAttribute("aria-busy", String(!entry.result && !entry.code));
    this.remove.setAttribute("aria-label", text("remove", { name: entry.file.name }));
    this.photo.setAttribute("aria-label", entry.file.name);
    this.body.replaceChildren(...content(entry, scale, limits));
    this.look.hidden = !entry.result;
    this.look.textContent = text(entry.shown ? "lookAway" : "look");
    this.look.setAttribute("aria-pressed", String(Boolean(entry.shown)));
    this.look.setAttribute("aria-busy", String(Boolean(entry.looking)));
    this.heat.hidden = !entry.shown;
    this.note.textContent = entry.shown ? seen(entry) : entry.lookError ? errorText(entry.lookError) : "";
  }

  async showHeat(answer) {
    drawHeat(this.heat, answer.heat);
    if (this.root.classList.contains("unseen-photo")) {
      // Not through fetch, which the page's policy keeps to this server.
      const picture = new Image();
      picture.src = answer.picture;
      await picture.decode();
      await drawPhoto(this.photo, picture, "stretch");
      this.root.classList.remove("unseen-photo");
    }
  }
}

function content(entry, scale, limits) {
  if (entry.code) return [element("p", { className: "error", textContent: reason(entry, limits) })];
  if (!entry.result) return [element("p", { className: "working", textContent: text("working") })];
  const parts = "top" in entry.result ? classes(entry.result) : amount(entry.result, scale);
  if (entry.result.unlike) parts.push(element("p", { className: "unlike", textContent: unlike(entry.result) }));
  return parts;
}

export function reason(entry, limits) {
  return errorText(entry.code, {
    message: entry.message,
    size: megabytes(limits.file_bytes),
    pixels: number(limits.pixels / 1e6),
  });
}

export function unlike(result) {
  return text("top" in result ? "unlikeClass" : "unlike");
}

function amount(result, scale) {
  const written = amounts(result);
  const parts = [element("p", { className: "value", textContent: withUnit(written.prediction, result.unit) })];
  if (written.low) {
    parts[0].append(element("span", { className: "range", textContent: ` (${text("range", written)})` }));
    parts.push(bar(result, scale));
  }
  return parts;
}

// All bars share one scale, so that photos can be compared at a glance. The words above say the same.
function bar({ prediction, low, high }, [least, most]) {
  const share = (value) => `${(100 * (value - least)) / (most - least || 1)}%`;
  const range = element("span", { className: "interval" });
  range.style.left = share(low);
  range.style.right = `calc(100% - ${share(high)})`;
  const point = element("span", { className: "point" });
  point.style.left = share(prediction);
  const made = element("div", { className: "bar" }, range, point);
  const ends = element("div", { className: "ends" }, element("span", { textContent: number(least) }), element("span", { textContent: number(most) }));
  const whole = element("div", {}, made, ends);
  whole.setAttribute("aria-hidden", "true");
  return whole;
}

function classes(result) {
  const rows = result.top.map(({ name, probability }) => {
    const fill = element("span", { className: "fill" });
    fill.style.width = `${100 * probability}%`;
    const meter = element("span", { className: "meter" }, fill);
    meter.setAttribute("aria-hidden", "true");
    return element("li", {}, element("span", { textContent: name }), element("span", { textContent: percent(probability) }), meter);
  });
  const parts = [
    element("p", { className: "value", textContent: result.prediction }),
    element("ol", { className: "top" }, ...rows),
  ];
  const set = result.prediction_set ?? [];
  if (set.length > 1) parts.push(element("p", { className: "set", textContent: text("oneOf", { names: set.join(", ") }) }));
  return parts;
}

function seen({ heat, result }) {
  const found = hottest(heat.heat);
  if (found.most === 0) return text("lookedNowhere");
  const change = "top" in result ? percent(found.most) : withUnit(number(found.most, { maximumSignificantDigits: 2 }), result.unit);
  return text("looked", { place: place(found.place), change });
}
