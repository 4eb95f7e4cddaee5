// What was really measured, or which class it really is: what makes a photo one to learn from.

import { isUnread } from "./batch.js";
import { element } from "./dom.js";
import { whyUnread } from "./fields.js";
import { text } from "./texts.js";

export class MeasuredField {
  constructor(entry, onChange) {
    this.entry = entry;
    this.onChange = onChange;
    this.caption = element("span");
    this.field = null;
    this.label = element("label", {}, this.caption);
    this.note = element("p", { className: "field-note" });
    this.note.setAttribute("role", "status");
    this.root = element("div", { className: "measured" }, this.label, this.note);
  }

  update(model) {
    this.field ??= this.makeField(model);
    const unit = model.unit ? ` (${model.unit})` : "";
    this.caption.textContent = text(model.task === "classification" ? "trueClass" : "measured") + unit;
    this.field.setAttribute("aria-label", `${this.caption.textContent}: ${this.entry.name || this.entry.file.name}`);
    const unread = isUnread(this.entry, model.task);
    this.field.setAttribute("aria-invalid", String(unread));
    this.note.textContent = unread ? whyUnread(this.entry.measured) : "";
  }

  makeField({ classes }) {
    const field = classes?.length ? element("select") : element("input", { inputMode: "decimal", autocomplete: "off" });
    if (classes?.length) field.append(...["", ...classes].map((value) => element("option", { value, textContent: value || "–" })));
    field.value = this.entry.measured ?? "";
    field.addEventListener("change", () => this.onChange(this.entry, field.value));
    this.label.append(field);
    return field;
  }
}
