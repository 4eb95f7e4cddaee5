// What the model may use besides the photo, and what else belongs to a photo in the sheet of a batch: a field for each, all
// of them optional.

import { byId, element } from "./dom.js";
import { readNumber } from "./numbers.js";
import { number, plain, text } from "./texts.js";

const fields = byId("fields");

// The values of the fields that are filled in and can be read, as the model expects them.
export function detailValues() {
  const values = {};
  for (const field of fields.querySelectorAll("[name]")) {
    const value = field.inputMode === "decimal" ? readNumber(field.value).value : field.value || undefined;
    if (value !== undefined) values[field.name] = value;
  }
  return values;
}

export function setDetails(values) {
  for (const field of fields.querySelectorAll("[name]")) {
    const value = values[field.name] ?? "";
    field.value = typeof value === "number" ? clear(value) : value;
  }
}

// As people write it here, but not so that 1.234 could be 1234.
function clear(value) {
  const written = number(value, { maximumFractionDigits: 20, useGrouping: false });
  return readNumber(written).readings ? `${written}0` : written;
}

// A sheet names an object by several columns, the last of which is the name of the photo.
function allFields({ features, sheet }) {
  const known = new Set(features.map(({ name }) => name));
  const more = sheet ? [...sheet.group.slice(0, -1), ...sheet.others].filter((name) => !known.has(name)) : [];
  return [...features, ...more.map((name) => ({ kind: "text", name }))];
}

function emptyField(kind) {
  // Not type=number, which turns "21,5" into 215 where the browser expects a point.
  if (kind === "number") return element("input", { inputMode: "decimal", autocomplete: "off" });
  return kind === "text" ? element("input", { autocomplete: "off" }) : element("select");
}

export function makeFields(model, onChange) {
  const before = Object.fromEntries([...fields.querySelectorAll("[name]")].map(({ name, value }) => [name, value]));
  const wanted = allFields(model);
  byId("features").hidden = !wanted.length;
  fields.replaceChildren(
    ...wanted.map(({ kind, name, categories }) => {
      const field = emptyField(kind);
      Object.assign(field, { name, id: `feature-${name}` });
      if (categories) field.append(...["", ...categories].map((value) => element("option", { value, textContent: value })));
      field.value = before[name] ?? "";
      field.addEventListener("change", () => {
        check(field);
        onChange();
      });
      const note = element("span", { className: "field-note", id: `note-${name}` });
      field.setAttribute("aria-describedby", note.id);
      return element("label", { htmlFor: field.id }, element("span", { textContent: plain(name) }), field, note);
    }),
  );
}

export function labelFields(model) {
  for (const feature of model.features) {
    const field = byId(`feature-${feature.name}`);
    if (feature.kind === "number") field.placeholder = text("typical", { value: number(feature.typical) });
    else field.options[0].textContent = text("unknown");
    check(field);
  }
}

// Say what is wrong with a number; it is not used.
function check(field) {
  if (field.inputMode !== "decimal") return;
  const wrong = field.value.trim() !== "" && readNumber(field.value).value === undefined;
  field.setAttribute("aria-invalid", String(wrong));
  byId(`note-${field.name}`).textContent = wrong ? whyUnread(field.value) : "";
}

// Why a number cannot be read.
export function whyUnread(written) {
  const [small, large] = readNumber(written).readings ?? [];
  return small ? text("twoReadings", { written, small, large }) : text("notANumber", { written });
}
