// Shows what the schema says of a field, and of the types in it.
import { $, element } from "./page.js";
import { bare, isInput, types, written } from "./schema.js";

// prose returns a description, with what stands in backticks as code.
const prose = (text) => (text ?? "").split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part));

// typeLink is a type as it is written, which leads to what the schema says of it.
function typeLink(type) {
  const name = bare(type);
  const [before, after] = written(type).split(name);
  const button = element("button", { type: "button", className: "plain" }, name);
  button.addEventListener("click", () => showType(name));
  return element("span", {}, before, button, after);
}

function listing(title, entries) {
  if (!entries?.length) return [];
  const rows = entries.map((f) =>
    element("div", {}, element("dt", {}, f.name, ...(f.type ? [": ", typeLink(f.type)] : [])), element("dd", {}, ...prose(f.description))));
  return [element("h3", {}, title), element("dl", {}, ...rows)];
}

function show(title, description, ...parts) {
  $("docs").replaceChildren(element("h2", {}, title), element("p", {}, ...prose(description)), ...parts);
  $("docs").hidden = false;
}

function showType(name) {
  const type = types[name];
  show(name, type.description, ...listing("Values", type.enumValues), ...listing("Fields", isInput(name) ? type.inputFields : type.fields));
}

export function showField(f) {
  const inputs = f.args.map((a) => bare(a.type)).filter(isInput).map((name) => types[name]);
  const answer = types[bare(f.type)];
  show(f.name, f.description, ...(inputs.length ? [] : listing("Arguments", f.args)),
    ...inputs.flatMap((t) => listing(t.name, t.inputFields)), ...listing(answer.name, answer.fields));
}
