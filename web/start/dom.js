// Makes elements. Data reaches the page only as text nodes and attributes here, never as markup, so that nothing that a
// person typed can become part of the page's code.

/**
 * h makes an element: h("a", { href: "#/", class: "x", onclick: run }, "text", child).
 * A property that is null, undefined or false is left out; true gives an attribute without a value.
 */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    setProperty(element, name, value);
  }
  append(element, children);
  return element;
}

function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) {
    return;
  }
  if (name.startsWith("on")) {
    element.addEventListener(name.slice(2), value);
  } else if (name === "value" || name === "checked") {
    element[name] = value;
  } else {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false && child !== "") {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/** replace puts children in the place of everything in the element. */
export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

let lastId = 0;

/** newId answers an id that no other element of the page has. */
export function newId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
