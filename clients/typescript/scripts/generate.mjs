// Writes src/schema.ts, the types of schema.graphqls. With --check it only says whether that file is as it should be.
import { readFileSync, writeFileSync } from 'node:fs';
import { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isListType, isNonNullType, isObjectType, isScalarType, isSpecifiedScalarType } from 'graphql';

const source = new URL('../../../schema.graphqls', import.meta.url);
const target = new URL('../src/schema.ts', import.meta.url);
const scalars = { ID: 'string', String: 'string', Time: 'string', Int: 'number', Boolean: 'boolean' };

const schema = buildSchema(readFileSync(source, 'utf8'));
const types = Object.values(schema.getTypeMap()).filter((type) =>
  !type.name.startsWith('__') && !isScalarType(type) && type.name !== 'Query' && type.name !== 'Mutation');

/** A description as a comment. */
function comment(text, indent = '') {
  if (!text) return '';
  const lines = text.replaceAll('*/', '* /').split('\n');
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}

/** A type where something of it is read. */
function typeOf(type) {
  if (isNonNullType(type)) return bare(type.ofType);
  return `${bare(type)} | null`;
}

function bare(type) {
  if (isListType(type)) {
    const item = typeOf(type.ofType);
    return item.includes(' ') ? `readonly (${item})[]` : `readonly ${item}[]`;
  }
  if (!isScalarType(type)) return type.name;
  if (scalars[type.name]) return scalars[type.name];
  throw new Error(`schema.graphqls has the scalar ${type.name}, which this script does not know`);
}

const union = (names) => names.map((name) => `\n  | ${name}`).join('');

function enumOf(type) {
  const values = type.getValues().map((value) => `\n${comment(value.description, '  ')}  | '${value.name}'`);
  return `export type ${type.name} =${values.join('')};`;
}

function inputOf(type) {
  const fields = Object.values(type.getFields());
  if (type.isOneOf) {
    return `export type ${type.name} =${union(fields.map((field) => `{ ${field.name}: ${bare(field.type)} }`))};`;
  }
  return `export interface ${type.name} {\n${fields.map((field) => {
    const required = isNonNullType(field.type) && field.defaultValue === undefined;
    return `${comment(field.description, '  ')}  ${field.name}${required ? '' : '?'}: ${typeOf(field.type)};\n`;
  }).join('')}}`;
}

function objectOf(type) {
  const named = type.getInterfaces().length ? `  readonly __typename: '${type.name}';\n` : '';
  return `export interface ${type.name} {\n${named}${Object.values(type.getFields()).map((field) =>
    `${comment(field.description, '  ')}  readonly ${field.name}: ${typeOf(field.type)};\n`).join('')}}`;
}

function declaration(type) {
  if (isEnumType(type)) return enumOf(type);
  if (isInputObjectType(type)) return inputOf(type);
  if (isInterfaceType(type)) return `export type ${type.name} =${union(schema.getPossibleTypes(type).map((possible) => possible.name))};`;
  if (isObjectType(type)) return objectOf(type);
  throw new Error(`schema.graphqls has ${type.name}, whose kind this script does not know`);
}

/** The codes of failed requests and their reasons, which the description of UserError lists. */
function failures() {
  const lines = schema.getType('UserError').description.split('\n').filter((line) => line.startsWith('- '));
  const listed = lines.map((line) => line.match(/`[A-Z_]+`/g).map((name) => `'${name.slice(1, -1)}'`));
  if (!listed.length) throw new Error('the description of UserError lists no codes');
  return `/** The codes of failed requests: \`extensions.code\`. */
export type RequestCode =${union(listed.map(([code]) => code))};

/** More about \`UNAUTHENTICATED\` and \`FORBIDDEN\`: \`extensions.reason\`. */
export type Reason =${union(listed.flatMap(([, ...reasons]) => reasons))};`;
}

const text = `// Made from schema.graphqls by scripts/generate.mjs: change that, and run \`npm run generate\`.

${failures()}

${types.map((type) => comment(type.description) + declaration(type)).join('\n\n')}
`;

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/schema.ts is not what schema.graphqls says: run `npm run generate`');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
