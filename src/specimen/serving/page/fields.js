// What the model may use besides the photo: one field for each feature, all of them optional.

import { byId, element } from "./dom.js";
import { readNumber } from "./numbers.js";
import { number, plain, text } from "./texts.js";

const fields = byId("fields");

// The values of the fields that are filled in and can be read, as the server expects them.
export function featureValues() {
  const values = {};
  for (const field of fields.querySelectorAll("[name]")) {
    const value = field.inputMode === "decimal" ? readNumber(field.value).value : field.value || undefined;
    if (value !== undefined) values[field.name] = value;
  }
  return values;
}

export function makeFields(model, onChange) {
  const before = Object.fromEntries([...fields.querySelectorAll("[name]")].map(({ name, value }) => [name, value]));
  byId("features").hidden = !model.features.length;
  fields.replaceChildren(
    ...model.features.map(({ kind, name, categories }) => {
      // Not type=number, which turns "21,5" into 215 where the browser expects a point.
      const field = kind === "number" ? element("input", { inputMode: "decimal", autocomplete: "off" }) : element("select");
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
  const { value, readings } = readNumber(field.value);
  const wrong = field.value.trim() !== "" && value === undefined;
  const [small, large] = readings ?? [];
  field.setAttribute("aria-invalid", String(wrong));
  const note = readings ? text("twoReadings", { written: field.value, small, large }) : text("notANumber", { written: field.value });
  byId(`note-${field.name}`).textContent = wrong ? note : "";
}
