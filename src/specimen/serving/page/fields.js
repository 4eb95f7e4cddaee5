// What the model may use beside the photo: one field for each feature, all of them optional.

import { element } from "./card.js";
import { number, plain, text } from "./texts.js";

const place = document.getElementById("fields");

// Return what is filled in, as the server wants it.
export function features() {
  const given = {};
  for (const field of place.querySelectorAll("[name]")) {
    if (field.value !== "") given[field.name] = field.type === "number" ? Number(field.value) : field.value;
  }
  return given;
}

export function makeFields(model, onChange) {
  document.getElementById("features").hidden = !model.features.length;
  place.replaceChildren(
    ...model.features.map((feature) => {
      const made = feature.kind === "number" ? element("input", { type: "number", step: "any" }) : element("select");
      Object.assign(made, { name: feature.name, id: `feature-${feature.name}` });
      made.addEventListener("change", onChange);
      return element("label", { htmlFor: made.id }, element("span", { textContent: plain(feature.name) }), made);
    }),
  );
}

export function labelFields(model) {
  for (const feature of model.features) {
    const field = document.getElementById(`feature-${feature.name}`);
    if (feature.kind === "number") {
      field.placeholder = text("typical", { value: number(feature.typical) });
    } else {
      const { value } = field;
      const names = ["", ...feature.categories];
      field.replaceChildren(...names.map((name) => element("option", { value: name, textContent: name || text("unknown") })));
      field.value = value;
    }
  }
}
