// Tabs and processes that share a session: by what is stored, and with what else browsers have.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { test } from 'node:test';
import { clocks, join, loginOf, network, program, storage, until, valueOf, webLocks } from './world.mjs';

/** Two tabs of one browser, which share what is stored, and what else is given. */
function tabs(t, net, more) {
  const both = [0, 1].map(() => program({ url: net.url, ...more }));
  t.after(() => both.forEach((tab) => tab.close()));
  return both;
}

const channel = (name) => new BroadcastChannel(name);

test('tabs with Web Locks and a channel refresh once, and tell each other all', async (t) => {
  const net = await network(t);
  const shared = storage();
  const ada = await join(program({ storage: shared }));
  const [here, there] = tabs(t, net, { storage: shared, locks: webLocks(), channel });
  const tokens = await Promise.all([here, there, here, there].map((tab) => tab.accessToken()));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(net.count('refresh'), 1);

  await here.logout();
  assert.deepEqual(await valueOf(there.session, ({ status }) => status === 'signed-out'), { status: 'signed-out', why: 'logout' });
  assert.equal(net.count('logout'), 1);

  await there.login(loginOf(ada));
  await valueOf(here.session, ({ status }) => status === 'signed-in');
  assert.equal(await here.accessToken(), await there.accessToken());

  await here.request('mutation { revokeOtherSessions { count } }');
  await here.request('mutation ($input: ChangeUsernameInput!) { changeUsername(input: $input) { errors { code } } }', { input: { username: `${ada.username}x` } });
  await here.reload();
  await valueOf(there.session, ({ user }) => user?.username === `${ada.username}x`);
  assert.equal(net.count('refresh'), 1);
});

test('a tab that keeps the lock, and locks that are refused, stop nobody', async (t) => {
  const net = await network(t);
  const shared = storage();
  const locks = webLocks();
  await join(program({ storage: shared }));
  let wake;
  t.after(() => wake());
  void locks.request(`latchkey ${net.url}`, {}, () => new Promise((resolve) => { wake = resolve; }));
  const refused = { request: () => Promise.reject(new DOMException('no storage', 'SecurityError')) };
  for (const given of [locks, refused]) {
    const tab = program({ url: net.url, storage: shared, locks: given, channel: null, timeout: 500 });
    t.after(() => tab.close());
    await valueOf(tab.session, ({ status }) => status === 'signed-in');
  }
});

test('tabs without locks and channel refresh at once, and stay', async (t) => {
  const net = await network(t);
  const shared = storage();
  await join(program({ storage: shared }));
  for (const round of [1, 2, 3]) {
    const both = tabs(t, net, { storage: shared, locks: null, channel: null });
    await Promise.all(both.map((tab) => tab.accessToken()));
    for (const tab of both) assert.equal(tab.session.get().status, 'signed-in', `round ${round}`);
  }
});

test('a slow answer does not put an older token in the place of a newer one', async (t) => {
  const net = await network(t);
  const shared = storage();
  const clock = clocks();
  await join(program({ storage: shared }));
  const [slow, fast] = tabs(t, net, { storage: shared, locks: null, channel: null, clock });
  let go;
  net.holdsAnswer = () => new Promise((resolve) => { go = resolve; });
  const restored = slow.restore();
  await until(() => go, 'an answer');
  net.holdsAnswer = null;
  await fast.restore();
  clock.at.monotonic += 20 * 60_000;
  await fast.accessToken();
  const newest = shared.kept.get('latchkey.refresh');
  go();
  assert.equal((await restored).status, 'signed-in');
  assert.equal(shared.kept.get('latchkey.refresh'), newest);
});

test('two processes share a file', async (t) => {
  const folder = mkdtempSync(path(tmpdir(), 'latchkey-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path(folder, 'tokens.json');
  const first = fork(new URL('tab.mjs', import.meta.url), [file, 'join']);
  const [joined] = await said(first);
  const both = [1, 2].map(() => fork(new URL('tab.mjs', import.meta.url), [file, 'refresh']));
  for (const lines of await Promise.all(both.map(said))) assert.deepEqual(lines, Array(5).fill(joined));
});

/** What a process has to say until its end. */
function said(child) {
  const lines = [];
  child.on('message', (line) => lines.push(line));
  return new Promise((resolve, reject) => child.on('exit', (code) => (code ? reject(new Error(`exit ${code}`)) : resolve(lines))));
}

test('a session that was revoked is over, in all tabs and in the storage', async (t) => {
  const net = await network(t);
  const shared = storage();
  const ada = await join(program({ storage: shared }));
  const elsewhereIn = program();
  await elsewhereIn.login(loginOf(ada));
  const [here, there] = tabs(t, net, { storage: shared, locks: webLocks(), channel });
  await Promise.all([here.restore(), there.restore()]);
  await elsewhereIn.request('mutation { revokeOtherSessions { count } }');
  await assert.rejects(here.request('{ me { id } }'), { code: 'UNAUTHENTICATED', reason: 'REVOKED' });
  assert.deepEqual(here.session.get(), { status: 'signed-out', why: 'ended' });
  assert.deepEqual(await valueOf(there.session, ({ status }) => status === 'signed-out'), { status: 'signed-out', why: 'ended' });
  assert.equal(shared.kept.get('latchkey.refresh'), undefined);
  assert.ok(shared.kept.get('latchkey.device'));
  assert.deepEqual(await here.restore(), { status: 'signed-out', why: 'ended' });
});

test('what a tab says of a session that goes on does not undo a logout', async (t) => {
  const words = [];
  const line = { postMessage: (word) => void words.push(word), onmessage: null, close() {} };
  const { latchkey } = await join(program({ channel: () => line }));
  t.after(() => latchkey.close());
  await latchkey.reload();
  const late = words.at(-1); // as another tab says it, which has not heard yet
  await latchkey.logout();
  line.onmessage({ data: late });
  assert.deepEqual(latchkey.session.get(), { status: 'signed-out', why: 'logout' });
  assert.equal(await latchkey.accessToken(), null);
});

test('an operation is not repeated for another user', async (t) => {
  const net = await network(t);
  const shared = storage();
  const locks = webLocks();
  const ada = await join(program());
  const eve = await join(program());
  const [here, there] = tabs(t, net, { storage: shared, locks, channel });
  await here.login(loginOf(ada));
  net.holds = async (name) => {
    if (name !== 'own') return;
    net.holds = null;
    await ada.latchkey.request('mutation { revokeOtherSessions { count } }');
    await there.login(loginOf(eve));
    await valueOf(here.session, ({ user }) => user?.id === eve.id);
  };
  await assert.rejects(here.request('mutation { revokeOtherSessions { count } }'), { code: 'UNAUTHENTICATED' });
  assert.equal(here.session.get().user.id, eve.id);
  assert.equal(net.count('own'), 1);
});


test('an operation is not sent for another user than it began with', async (t) => {
  const net = await network(t);
  const shared = storage();
  const clock = clocks();
  const ada = await join(program());
  const eve = await join(program());
  const [here, there] = tabs(t, net, { storage: shared, clock, locks: null, channel: null });
  await here.login(loginOf(ada));
  await there.login(loginOf(eve)); // of which this tab hears nothing
  clock.at.monotonic += 20 * 60_000;
  assert.equal(here.session.get().user.id, ada.id);
  await assert.rejects(here.request('mutation { revokeOtherSessions { count } }'), { code: 'UNAUTHENTICATED', reason: 'REVOKED' });
  assert.equal(net.count('own'), 0);
  assert.equal(here.session.get().user.id, eve.id);
  await here.request('mutation { revokeOtherSessions { count } }');
});
