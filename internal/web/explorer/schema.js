// The schema as the service shows it, and an operation for each of its fields.
import { pretty } from "./page.js";
import { post } from "./run.js";

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

/** The types by their names. */
export let types = {};

/** Reads the schema, and returns its roots; undefined where the service does not show it. */
export async function readSchema() {
  let schema;
  try {
    schema = (await post({ query: introspection })).answer.data?.__schema;
  } catch {}
  if (!schema) return undefined;
  types = Object.fromEntries(schema.types.map((t) => [t.name, t]));
  return schema;
}

export const bare = (type) => (type.ofType ? bare(type.ofType) : type.name);
export const written = (type) =>
  ({ NON_NULL: () => written(type.ofType) + "!", LIST: () => `[${written(type.ofType)}]` })[type.kind]?.() ?? type.name;
export const isInput = (name) => types[name].kind === "INPUT_OBJECT";
const isObject = (name) => ["OBJECT", "INTERFACE"].includes(types[name].kind);
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
const samples = { email: "{email}", username: "{login}", login: "{login}", password: "{password}", deviceName: "Explorer", refreshToken: "" };

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

/** Writes an operation that runs a field of the schema, with all that it can be given. */
export function operation(kind, f) {
  const args = f.args.map((a) => `$${a.name}: ${written(a.type)}`).join(", ");
  const given = f.args.map((a) => `${a.name}: $${a.name}`).join(", ");
  const below = selection(bare(f.type), 0, "    ");
  const name = f.name[0].toUpperCase() + f.name.slice(1);
  return {
    query: `${kind} ${name}${args && `(${args})`} {\n  ${f.name}${given && `(${given})`}${below && ` {\n${below}\n  }`}\n}\n`,
    variables: f.args.length ? pretty(Object.fromEntries(f.args.map((a) => [a.name, sample(a)]))) : "",
  };
}
