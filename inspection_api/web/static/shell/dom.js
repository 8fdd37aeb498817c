// Building the page: elements from values, never from text that is parsed as HTML, so that no name can carry markup.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = new URL("icons.svg", import.meta.url);

// h("button", { class: "primary", onclick: save, disabled: busy, data: { id } }, "保存", icon("check"))
// Attributes that are null or false are left out, true stands without a value; `on…` are listeners; children that are
// null or false are left out, arrays are unfolded, everything else that is no node becomes text.
export const h = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);

// The same for SVG.
export const s = (tag, attributes = {}, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

// A symbol of icons.svg. It stands beside words; where it stands alone, whoever holds it has an aria-label.
export const icon = (name) =>
  s("svg", { class: "icon", "aria-hidden": "true", focusable: "false" }, s("use", { href: `${ICONS}#${name}` }));

// Put these children in the place of what `element` holds.
export function show(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...nodes(children));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "style") for (const [key, part] of Object.entries(value)) element.style.setProperty(key, part);
  else element.setAttribute(name, value === true ? "" : value);
}

const nodes = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
