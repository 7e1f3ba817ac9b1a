// What all parts of the explorer use of its page: elements, the three fields of a request, and what is kept. All of it is
// kept for as long as the tab of the browser is open, and not in localStorage: it holds passwords and tokens.

export const fields = ["query", "variables", "headers"];
export const $ = (id) => document.getElementById(id);
export const pretty = (value) => JSON.stringify(value, null, 2);
export const roomy = matchMedia("(min-width: 48rem)");

/** Makes an element with properties and children, which are elements or text. */
export function element(tag, properties, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}

const storage = "explorer";

/** Keeps more, and returns all that is kept. */
export function keep(more = {}) {
  const all = { ...JSON.parse(sessionStorage.getItem(storage) ?? "{}"), ...more };
  sessionStorage.setItem(storage, JSON.stringify(all));
  return all;
}

const watchers = [];

/** Has f be called whenever a field has another text. */
export const onChange = (f) => watchers.push(f);

export function set(id, text) {
  $(id).value = text;
  changed(id);
}

export function changed(id) {
  grow($(id));
  keep({ [id]: $(id).value });
  for (const f of watchers) f();
}

/** Makes a text area as high as its text, so that nothing scrolls inside of what scrolls. */
export function grow(area) {
  area.style.height = "auto";
  area.style.height = area.scrollHeight + 2 + "px";
}

/** Reads a field that holds a JSON object; an empty one is an empty object. */
export function parsed(id) {
  const text = $(id).value.trim();
  if (text === "") return {};
  const value = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("it is no JSON object");
  return value;
}

/** Shows how a request ended, and its answer. */
export function say(status, answer = "") {
  $("status").textContent = status;
  $("answer").textContent = answer;
}

/** Copies a text, and has the button say so. */
export async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", { value: text, className: "unseen" }); // where there is no clipboard, as over plain http
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.dataset.label ??= button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = button.dataset.label), 2000);
}
