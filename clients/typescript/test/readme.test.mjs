// Every example of the README: its types hold, and it does what the text beside it says. Those of passkeys run in a browser
// (browser/typescript_test.go).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { control, elsewhere, service, tokenOf, valueOf } from './world.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'test', '.readme');
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

// What an example takes for granted: names, and how a file of an app comes to have them.
const given = {
  latchkey: `import { latchkey } from './latchkey.js';`,
  useSyncExternalStore: `import { useSyncExternalStore } from 'react';`,
  Login: `const Login = ({ notice }: { notice: string | null }) => <form>{notice}</form>;`,
  gql: `import { gql } from '@apollo/client';`,
  apollo: `import { apollo } from './apollo.js';`,
};

// The examples by their names here, each with something that stands in it alone.
const examples = {
  latchkey: 'export const latchkey = createClient({ url: \'http', app: 'function App()', viewer: 'createClient<Pick', login: 'await latchkey.login(',
  answer: 'function answer(', register: 'latchkey.register(', confirm: 'latchkey.confirmEmail(', passkeyLogin: 'loginWithPasskey', passkeyAdd: 'addPasskey',
  dialog: 'function StepUpDialog()', request: 'latchkey.request(\'{ me', mistakes: 'mistakesOf(', backend: 'latchkey.fetch(', apollo: 'latchkeyLink(',
  apolloError: 'errorOf(error)', urql: 'latchkeyExchange(', native: 'SecureStore.getItemAsync',
};

/** Makes a module of each example, which exports what it declares, and compiles them all. */
function compile() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'node_modules', 'expo-secure-store'), { recursive: true });
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```tsx?\n([^]*?)```/g)].map(([, text]) => text);
  assert.equal(blocks.length, Object.keys(examples).length);
  for (const [name, mark] of Object.entries(examples)) {
    const found = blocks.filter((text) => text.includes(mark));
    assert.equal(found.length, 1, `${name}: ${found.length} examples have ${mark}`);
    const [text] = found;
    const declared = [...text.matchAll(/^(?:const|(?:async )?function) (?:(\w+)|\{ (\w+) \})/gm)].map(([, one, other]) => one ?? other);
    const lines = Object.entries(given).filter(([word]) => new RegExp(`\\b${word}\\b`).test(text) && !new RegExp(`const ${word}\\b|import {[^}]*\\b${word}\\b`).test(text));
    writeFileSync(join(folder, `${name}.tsx`), `${lines.map(([, line]) => line).join('\n')}\n${text}\nexport { ${declared.join(', ')} };\n`);
  }
  // The secure store of a phone, which no computer has.
  writeFileSync(join(folder, 'node_modules/expo-secure-store/package.json'), '{"name": "expo-secure-store", "type": "module", "main": "index.js", "types": "index.d.ts"}');
  writeFileSync(join(folder, 'node_modules/expo-secure-store/index.js'), `const kept = new Map();
    export const getItemAsync = async (key) => kept.get(key) ?? null;
    export const setItemAsync = async (key, value) => void kept.set(key, value);
    export const deleteItemAsync = async (key) => void kept.delete(key);`);
  writeFileSync(join(folder, 'node_modules/expo-secure-store/index.d.ts'), `export declare function getItemAsync(key: string): Promise<string | null>;
    export declare function setItemAsync(key: string, value: string): Promise<void>;
    export declare function deleteItemAsync(key: string): Promise<void>;`);
  const compilerOptions = {
    target: 'es2022', module: 'nodenext', jsx: 'react-jsx', strict: true, lib: ['es2022', 'dom'], types: [], skipLibCheck: true, rootDir: '.', outDir: 'out',
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.tsx'] }));
  execFileSync(process.execPath, [compiler, '--project', folder], { stdio: 'inherit' });
}

/** What a browser does for a page of http://localhost:3000: it keeps the cookies of the service, which is on another port here. */
function browse() {
  const send = elsewhere();
  const jar = new Map();
  const real = globalThis.fetch;
  const places = { 'http://localhost:8080': service, 'https://auth.example.org': service, 'http://localhost:4000': null };
  globalThis.fetch = async (input, init = {}) => {
    const place = Object.keys(places).find((start) => String(input).startsWith(start));
    if (!place) return real(input, init);
    const headers = new Headers(init.headers);
    headers.set('origin', 'http://localhost:3000');
    if (init.credentials === 'include') headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await send(String(input).replace(place, places[place]), { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return response;
  };
  return places;
}

const example = (name) => import(pathToFileURL(join(folder, 'out', `${name}.js`)));
const drawn = (component) => renderToString(createElement(component));
let places;
let latchkey;

before(async () => {
  compile();
  places = browse();
  ({ latchkey } = await example('latchkey'));
});

test('the README is true from top to bottom', async (t) => {
  const { App } = await example('app');
  assert.equal(drawn(App), '<p>One moment…</p>');
  const seen = valueOf(latchkey.session, ({ status }) => status === 'signed-out');
  assert.deepEqual(await seen, { status: 'signed-out', why: 'visitor' });
  assert.equal(drawn(App), '<form></form>');

  const { registered } = await example('register');
  assert.deepEqual(registered, { status: 'mailed', email: 'ada@example.org' });
  globalThis.location = { search: `?token=${await tokenOf('ada@example.org', 'confirm-email')}` };
  const { confirmed } = await example('confirm');
  assert.equal(confirmed.status, 'signed-in');
  const ada = { ...confirmed.user, password: 'correct horse battery' };
  assert.match(drawn(App), /Hello, .*ada/);

  await latchkey.logout();
  const { result } = await example('login');
  assert.equal(result.user.username, 'ada');

  await t.test('steps', async () => {
    const { answer } = await example('answer');
    const typed = [];
    const step = (kind) => ({ kind, answer: (given) => typed.push(given) });
    await answer(step('second-factor'), '123 456');
    await answer(step('second-factor'), 'q3xkzd-7m2wab');
    await answer(step('enrolment'), '123456');
    await answer(step('new-password'), 'another horse');
    await answer(step('email-code'), 'abcd-efgh');
    assert.deepEqual(typed, [{ totpCode: '123 456' }, { recoveryCode: 'q3xkzd-7m2wab' }, { totpCode: '123456' }, { newPassword: 'another horse' }, { emailCode: 'abcd-efgh' }]);
  });

  await t.test('the dialog', async () => {
    await control('stale', ada);
    const { StepUpDialog } = await example('dialog');
    assert.equal(drawn(StepUpDialog), '');
    const request = latchkey.request('mutation { startTotp { challenge } }');
    await valueOf(latchkey.stepUp, (value) => value !== null);
    assert.match(drawn(StepUpDialog), /<dialog open="">/);
    const form = elementOf(StepUpDialog).props.children;
    const said = [];
    globalThis.alert = (text) => said.push(text);
    for (const typed of ['a wrong one', ada.password]) {
      const data = new FormData();
      data.set('answer', typed);
      await form.props.action(data);
    }
    assert.deepEqual([said.length, !!(await request).startTotp.challenge, latchkey.stepUp.get()], [1, true, null]);
  });

  await t.test('operations', async () => {
    const { me } = await example('request');
    assert.ok(me.sessions.some(({ current }) => current));
    const { mistakes } = await example('mistakes');
    assert.equal(mistakes, null);
    assert.equal((await latchkey.reload()).user.username, 'ada.lovelace');
  });

  await t.test('a backend', async () => {
    const bodies = [];
    const server = createServer(async (request, response) => {
      for await (const chunk of request) bodies.push(String(chunk));
      response.end(request.headers.authorization);
    });
    await new Promise((go) => server.listen(0, '127.0.0.1', go));
    places['http://localhost:4000'] = `http://127.0.0.1:${server.address().port}`;
    const { response } = await example('backend');
    assert.equal(await response.text(), `Bearer ${await latchkey.accessToken()}`);
    assert.deepEqual(bodies, ['{"item":7}']);
    server.close();
    server.closeAllConnections();
  });

  await t.test('Apollo Client and urql', async () => {
    const { apollo } = await example('apollo');
    const { gql } = await import('@apollo/client');
    assert.equal((await apollo.query({ query: gql`{ me { id } }` })).data.me.id, ada.id);
    const said = [];
    t.mock.method(console, 'log', (line) => said.push(line));
    await example('apolloError');
    assert.deepEqual(said, ['This is for administrators.']);
    const { urql } = await example('urql');
    assert.equal((await urql.query('{ me { id } }', {}).toPromise()).data.me.id, ada.id);
  });

  await t.test('what is known of the user, and a phone', async () => {
    const viewer = await example('viewer');
    assert.deepEqual(Object.keys((await viewer.latchkey.restore()).user).sort(), ['createdAt', 'id', 'username']);
    const phone = (await example('native')).latchkey;
    assert.equal((await phone.login({ login: 'ada.lovelace', password: ada.password })).status, 'signed-in');
    const { getItemAsync } = await import(pathToFileURL(join(folder, 'node_modules/expo-secure-store/index.js')));
    assert.match(await getItemAsync('latchkey.refresh'), /^lkr_/);
  });
});

/** What a component returns when it is drawn. */
function elementOf(component) {
  let element;
  drawn(function Probe() {
    element = component();
    return element;
  });
  return element;
}
