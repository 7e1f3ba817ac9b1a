// The explorer: offers the steps that the page carries and every operation of the schema, runs what stands in the form,
// and shows the answer. Tokens of an answer go into the headers by themselves, challenges into the variables of what
// comes next. All of it is kept for as long as the tab
// of the browser is open, and not in localStorage: it holds passwords and tokens.
"use strict";

const $ = (id) => document.getElementById(id);
const steps = JSON.parse($("steps").textContent);
const fields = ["query", "variables", "headers"];
const storage = "explorer";

// element makes an element with properties and children, which are elements or text.
function element(tag, properties, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}

function keep(more) {
  const all = { ...JSON.parse(sessionStorage.getItem(storage) ?? "{}"), ...more };
  sessionStorage.setItem(storage, JSON.stringify(all));
  return all;
}

function set(id, text) {
  $(id).value = text;
  grow($(id));
  keep({ [id]: text });
}

// grow makes a text area as high as its text, so that nothing scrolls inside of what scrolls.
function grow(area) {
  area.style.height = "auto";
  area.style.height = area.scrollHeight + 2 + "px";
}

// parsed reads a field that holds a JSON object; an empty one is an empty object.
function parsed(id) {
  const text = $(id).value.trim();
  if (text === "") return {};
  const value = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("it is no JSON object");
  return value;
}

// ---- Tokens ----

const pretty = (value) => JSON.stringify(value, null, 2);

// found returns what has a text of this name, anywhere in an answer, or undefined.
function found(name, value) {
  if (typeof value !== "object" || value === null) return undefined;
  if (typeof value[name] === "string") return value;
  return Object.values(value).map((inner) => found(name, inner)).find(Boolean);
}

// putHeader sets the header of signed-in requests, or takes it out, and leaves the others as they are.
function putHeader(access) {
  let headers = {};
  try {
    headers = parsed("headers");
  } catch {} // what cannot be read is replaced
  delete headers.Authorization;
  if (access) headers.Authorization = "Bearer " + access;
  set("headers", Object.keys(headers).length ? pretty(headers) : "");
}

// putKept writes the refresh token and the challenge into the variables where they ask for one.
function putKept() {
  const kept = keep({});
  try {
    const variables = parsed("variables");
    const asked = ["refreshToken", "challenge"].filter((name) => kept[name] && typeof variables.input?.[name] === "string");
    for (const name of asked) variables.input[name] = kept[name];
    if (asked.length) set("variables", pretty(variables));
  } catch {} // somebody is typing there
}

function take(answer) {
  const tokens = found("accessToken", answer.data);
  const challenge = found("challenge", answer.data)?.challenge;
  if (challenge) keep({ challenge });
  showCode(found("qrCode", answer.data)?.qrCode);
  if (tokens) {
    keep({ refreshToken: tokens.refreshToken ?? "" });
    putHeader(tokens.accessToken);
    putKept();
  } else if (["logout", "deleteAccount"].some((name) => answer.data?.[name]?.errors?.length === 0)) {
    forget();
  }
  sayWho();
}

// showCode shows a QR code, an SVG document, or hides the one that was there.
function showCode(svg) {
  $("qr").hidden = !svg;
  if (svg) $("qr").src = "data:image/svg+xml," + encodeURIComponent(svg);
}

function forget() {
  keep({ refreshToken: "", challenge: "" });
  putHeader("");
  sayWho();
}

function sayWho() {
  const signedIn = /"authorization":/i.test($("headers").value);
  $("who").textContent = signedIn ? "The access token goes with each request." : "Nobody is logged in here.";
  $("forget").hidden = !signedIn;
}

// ---- Running ----

// named returns the name of the operation to run where there are several: the one that the cursor is in.
function named(text) {
  const all = [...text.replace(/#.*/g, (comment) => " ".repeat(comment.length)).matchAll(/\b(?:query|mutation)\s+(\w+)/g)];
  if (all.length < 2) return undefined;
  return (all.findLast((m) => m.index <= $("query").selectionStart) ?? all[0])[1];
}

async function post(body, headers) {
  const response = await fetch("graphql", {
    method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body),
  });
  return { status: response.status, answer: await response.json() };
}

async function run() {
  const body = { query: $("query").value };
  let headers;
  for (const id of ["variables", "headers"]) {
    try {
      id === "headers" ? (headers = parsed(id)) : (body.variables = parsed(id));
    } catch (error) {
      $("more").open ||= id === "headers";
      return say(`Not sent: the ${id} are not right (${error.message}).`);
    }
  }
  body.operationName = named(body.query);
  const began = performance.now();
  say("Running.");
  try {
    const { status, answer } = await post(body, headers);
    say(`Status ${status}, after ${Math.round(performance.now() - began)} ms.`, pretty(answer));
    take(answer);
  } catch (error) {
    say(`No answer: ${error.message}.`);
  }
  if (!roomy.matches) $("outcome").scrollIntoView();
}

function say(status, answer = "") {
  $("status").textContent = status;
  $("answer").textContent = answer;
}

// ---- The schema ----

const introspection = `query Schema {
  __schema { queryType { name } mutationType { name } types {
    kind name description isOneOf
    fields { name description args { ...value } type { ...type } }
    inputFields { ...value }
    enumValues { name description }
  } }
}
fragment value on __InputValue { name description defaultValue type { ...type } }
fragment type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

let types = {};

const bare = (type) => (type.ofType ? bare(type.ofType) : type.name);
const written = (type) => ({ NON_NULL: () => written(type.ofType) + "!", LIST: () => `[${written(type.ofType)}]` })[type.kind]?.() ?? type.name;
const isObject = (name) => ["OBJECT", "INTERFACE"].includes(types[name].kind);
const isInput = (name) => types[name].kind === "INPUT_OBJECT";
const isList = (type) => type.kind === "LIST" || (type.ofType ? isList(type.ofType) : false);

// selection writes what to ask of a type: its own values, and those of the objects right below it.
function selection(name, depth, indent) {
  const lines = [];
  for (const f of isObject(name) ? types[name].fields : []) {
    if (f.args.some((a) => a.type.kind === "NON_NULL" && a.defaultValue === null)) continue;
    const inner = bare(f.type);
    if (!isObject(inner)) lines.push(indent + f.name);
    else if (depth === 0 || f.name === "nodes") {
      const below = selection(inner, depth + 1, indent + "  ");
      if (below) lines.push(`${indent}${f.name} {\n${below}\n${indent}}`);
    }
  }
  return lines.join("\n");
}

// samples are values for what people would type.
const samples = {
  email: "ada@example.org", username: "ada", login: "ada", password: JSON.parse(steps[0].variables).input.password, deviceName: "Explorer", refreshToken: "",
};

function sample(value) {
  if (value.defaultValue !== null) return value.defaultValue === "true" ? true : value.defaultValue === "false" ? false : value.defaultValue;
  if (value.type.kind !== "NON_NULL") return null;
  if (isList(value.type)) return [];
  const type = types[bare(value.type)];
  if (type.kind === "ENUM") return type.enumValues[0].name;
  if (type.isOneOf) {
    const [first] = type.inputFields;
    return { [first.name]: samples[first.name] ?? "" };
  }
  if (isInput(type.name)) {
    const wanted = type.inputFields.filter((f) => (f.type.kind === "NON_NULL" && f.defaultValue === null) || f.name in samples);
    return Object.fromEntries(wanted.map((f) => [f.name, samples[f.name] ?? sample(f)]));
  }
  return { Boolean: false, Int: 0, Float: 0 }[type.name] ?? "";
}

// operation writes one that runs a field of the schema, with all that it can be given.
function operation(kind, f) {
  const args = f.args.map((a) => `$${a.name}: ${written(a.type)}`).join(", ");
  const given = f.args.map((a) => `${a.name}: $${a.name}`).join(", ");
  const below = selection(bare(f.type), 0, "    ");
  const name = f.name[0].toUpperCase() + f.name.slice(1);
  return {
    query: `${kind} ${name}${args && `(${args})`} {\n  ${f.name}${given && `(${given})`}${below && ` {\n${below}\n  }`}\n}\n`,
    variables: f.args.length ? pretty(Object.fromEntries(f.args.map((a) => [a.name, sample(a)]))) : "",
  };
}

function choose(button, what, docs) {
  for (const b of $("list").querySelectorAll("[aria-current]")) b.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
  set("query", what.query);
  set("variables", what.variables ?? "");
  putKept();
  say("None so far.");
  showCode();
  docs?.();
  if (!roomy.matches) {
    $("operations").open = false;
    $("request").scrollIntoView();
  }
}

function group(title, entries) {
  const list = element("ul", {});
  for (const [name, what, docs] of entries) {
    const button = element("button", { type: "button", className: "plain" }, name);
    button.addEventListener("click", () => choose(button, what(), docs));
    list.append(element("li", {}, button));
  }
  $("list").append(element("h2", {}, title), list);
}

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

function showField(f) {
  const inputs = f.args.map((a) => bare(a.type)).filter(isInput).map((name) => types[name]);
  const answer = types[bare(f.type)];
  show(f.name, f.description, ...(inputs.length ? [] : listing("Arguments", f.args)),
    ...inputs.flatMap((t) => listing(t.name, t.inputFields)), ...listing(answer.name, answer.fields));
}

async function readSchema() {
  let schema;
  try {
    schema = (await post({ query: introspection })).answer.data?.__schema;
  } catch {}
  if (!schema) {
    $("list").append(element("p", {}, "The service does not show its schema here. What you write yourself runs all the same."));
    return;
  }
  types = Object.fromEntries(schema.types.map((t) => [t.name, t]));
  for (const [title, kind, root] of [["Queries", "query", schema.queryType], ["Mutations", "mutation", schema.mutationType]]) {
    group(title, types[root.name].fields.map((f) => [f.name, () => operation(kind, f), () => showField(f)]));
  }
}

// ---- The start ----

const roomy = matchMedia("(min-width: 48rem)");
$("operations").open = roomy.matches;
group("First steps", steps.map((s) => [s.name, () => s, undefined]));
readSchema();

const before = keep({});
for (const id of fields) {
  $(id).addEventListener("input", () => set(id, $(id).value));
  $(id).addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || !(e.ctrlKey || e.metaKey)) return;
    e.preventDefault();
    run();
  });
  set(id, before[id] ?? steps[0][id] ?? "");
}
addEventListener("resize", () => fields.forEach((id) => grow($(id))));
$("more").addEventListener("toggle", () => grow($("headers")));
$("request").addEventListener("submit", (e) => {
  e.preventDefault();
  run();
});
$("forget").addEventListener("click", forget);
$("headers").addEventListener("input", sayWho);
sayWho();
