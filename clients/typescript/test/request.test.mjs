// Documents, what comes of them, and what errors look like.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSchema, parse, print, validate, visit } from 'graphql';
import { errorOf, LatchkeyError, mistakesOf } from 'latchkey-client';
import { createOperations, loginMethods, passkeysOfUser } from '../dist/operations.js';
import { textOf } from '../dist/document.js';
import { join, program } from './world.mjs';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

test('the types and codes are those of the schema', () => {
  execFileSync(process.execPath, [file('../scripts/generate.mjs'), '--check']);
});

test('the operations of the client fit the schema', () => {
  const schema = buildSchema(readFileSync(file('../../../schema.graphqls'), 'utf8'));
  const viewer = parse('fragment Viewer on User { ...Names createdAt } fragment Names on User { username }');
  for (const operations of [createOperations(viewer), { ...createOperations(undefined), loginMethods, passkeysOfUser }]) {
    for (const [name, text] of Object.entries(operations)) assert.deepEqual(validate(schema, parse(text)), [], name);
  }
});

const everything = `query Everything($id: ID!, $first: Int = 5, $list: [String!]! = ["a", "\\"b\\\\"], $in: In = {deep: {a: 1.5, b: null, c: true, d: RED}}) @live {
  alias: node(id: $id, list: $list) @include(if: $yes) @skip(if: false) { __typename ...Names @custom ... on User @x { id } ... { id } ... @y { id } }
}
fragment Names on User @z(a: """
  a block, with "quotes"
""") { username(case: UPPER, size: -3) }
mutation ($a: A) { run(a: $a) }
{ short }`;

test('a tree of a document says the same as its text', () => {
  const tree = parse(everything);
  const text = textOf(tree);
  const asLines = visit(tree, { StringValue: (node) => ({ ...node, block: false }) });
  assert.equal(print(parse(text)), print(asLines));
  assert.equal(textOf({ toString: () => '{ me { id } }' }), '{ me { id } }'); // a string with types
  assert.throws(() => textOf(parse('type T { a: Int }')), TypeError);
});

test('documents of all kinds run', async () => {
  const { latchkey, id } = await join(program({ user: parse('fragment Viewer on User { id username createdAt }') }));
  assert.equal(latchkey.session.get().user.id, id);
  for (const document of ['{ me { id } }', parse('{ me { id } }'), { toString: () => '{ me { id } }' }]) {
    assert.equal((await latchkey.request(document)).me.id, id);
  }
  const { node } = await latchkey.request('query ($id: ID!) { node(id: $id) { __typename } }', { id });
  assert.equal(node.__typename, 'User');
});

test('failures are typed', async () => {
  const { latchkey } = await join();
  await assert.rejects(latchkey.request('{ users { totalCount } }'), { name: 'LatchkeyError', code: 'FORBIDDEN', reason: 'ROLE', retryAfter: null });
  await assert.rejects(latchkey.request('{ nothing }'), { code: 'GRAPHQL_VALIDATION_FAILED' });
  await assert.rejects(latchkey.request('{'), { code: 'GRAPHQL_PARSE_FAILED' });
  await assert.rejects(latchkey.request('query ($id: ID!) { node(id: $id) { id } }', {}), { code: 'BAD_USER_INPUT' });
  await assert.rejects(program({ url: `${process.env.LATCHKEY_URL}/nothing-here` }).loginMethods(), { code: 'NETWORK' });
  await assert.rejects(program({ url: 'http://127.0.0.1:1/graphql' }).loginMethods(), (error) => error.code === 'NETWORK' && error.cause instanceof Error);
});

test('what other libraries throw is understood', () => {
  const errors = [{ message: 'No.', extensions: { code: 'RATE_LIMITED', retryAfter: 9 } }];
  for (const thrown of [{ errors }, { graphQLErrors: errors }, { response: { errors } }]) {
    const error = errorOf(thrown);
    assert.ok(error instanceof LatchkeyError);
    assert.deepEqual([error.code, error.retryAfter, error.message], ['RATE_LIMITED', 9, 'No.']);
  }
  assert.equal(errorOf({ graphQLErrors: [], networkError: new Error('reset') }).code, 'NETWORK');
  assert.equal(errorOf(new TypeError('fetch failed')).code, 'NETWORK');
  assert.equal(errorOf(undefined), null);
  assert.equal(errorOf(new Error('of somebody else')), null);
});

test('mistakes are sorted by field, whatever was selected of them', () => {
  assert.equal(mistakesOf([]), null);
  const { fields, form, all } = mistakesOf([
    { code: 'EMAIL_INVALID', message: 'a', field: ['input', 'email'] }, { code: 'EMAIL_TAKEN', message: 'b', field: ['input', 'email'] },
    { code: 'LAST_ADMIN', message: 'c' }, { code: 'CODE_INVALID', message: 'd', field: ['input', 'answer', 'totpCode'] },
  ]);
  assert.deepEqual([fields.email.message, fields.answer.code, form[0].code, all.length], ['a', 'CODE_INVALID', 'LAST_ADMIN', 4]);
});
