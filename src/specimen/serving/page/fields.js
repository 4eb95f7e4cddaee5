// What the model may use besides the photo: one field for each feature, all of them optional.

import { byId, element } from "./dom.js";
import { number, plain, text } from "./texts.js";

const fields = byId("fields");

// The values of the fields that are filled in, as the server expects them.
export function featureValues() {
  const values = {};
  for (const field of fields.querySelectorAll("[name]")) {
    if (field.value !== "") values[field.name] = field.type === "number" ? Number(field.value) : field.value;
  }
  return values;
}

export function makeFields(model, onChange) {
  byId("features").hidden = !model.features.length;
  fields.replaceChildren(
    ...model.features.map(({ kind, name }) => {
      const field = kind === "number" ? element("input", { type: "number", step: "any" }) : element("select");
      Object.assign(field, { name, id: `feature-${name}` });
      field.addEventListener("change", onChange);
      return element("label", { htmlFor: field.id }, element("span", { textContent: plain(name) }), field);
    }),
  );
}

export function labelFields(model) {
  for (const feature of model.features) {
    const field = byId(`feature-${feature.name}`);
    if (feature.kind === "number") {
      field.placeholder = text("typical", { value: number(feature.typical) });
    } else {
      const { value } = field;
      const option = (name) => element("option", { value: name, textContent: name || text("unknown") });
      field.replaceChildren(...["", ...feature.categories].map(option));
      field.value = value;
    }
  }
}
