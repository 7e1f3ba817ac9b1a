// A session that refreshes itself: many at once, lost answers, a service that is away, sleep, wrong clocks, and its end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatchkeyError } from 'latchkey-client';
import { clocks, elsewhere, join, loginOf, network, program, storage, until, valueOf } from './world.mjs';

const minutes = 60_000;

test('a stored session is found again, and an empty storage is a visitor', async () => {
  const shared = storage();
  const ada = await join(program({ storage: shared }));
  assert.deepEqual(ada.latchkey.session.get(), { status: 'signed-in', user: { id: ada.id, username: ada.username, email: ada.email, role: 'USER' } });

  const reloaded = program({ storage: shared });
  assert.deepEqual(reloaded.session.get(), { status: 'loading', problem: null });
  const session = await valueOf(reloaded.session, ({ status }) => status !== 'loading');
  assert.equal(session.user.username, ada.username);
  assert.equal(await reloaded.restore(), session);

  const visitor = program({ storage: storage() });
  assert.deepEqual(await visitor.restore(), { status: 'signed-out', why: 'visitor' });
  assert.equal(await visitor.accessToken(), null);
  assert.deepEqual(await visitor.request('{ me { id } }'), { me: null });
});

test('many at once come to one refresh', async (t) => {
  const net = await network(t);
  const shared = storage();
  await join(program({ storage: shared }));
  const reloaded = program({ url: net.url, storage: shared });
  const tokens = await Promise.all(Array.from({ length: 50 }, () => reloaded.accessToken()));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(net.count('refresh'), 1);
});

test('a lost answer is asked for again', async (t) => {
  const net = await network(t);
  const shared = storage();
  await join(program({ storage: shared }));
  const clock = clocks();
  const latchkey = program({ url: net.url, storage: shared, clock });
  net.lose = 1;
  assert.equal((await latchkey.restore()).status, 'signed-in');
  assert.equal(net.count('refresh'), 2);

  clock.at.monotonic += 20 * minutes;
  net.lose = 2; // both: the session stands, and the next request finds it
  for (const { reason } of await Promise.allSettled(Array.from({ length: 5 }, () => latchkey.accessToken()))) assert.equal(reason.code, 'NETWORK');
  assert.equal(net.count('refresh'), 4); // for all of them together
  assert.equal((await latchkey.request('{ me { id } }')).me.id, latchkey.session.get().user.id);
  assert.equal(net.count('refresh'), 5);

  net.lose = 1; // of a request, which may have been done: nobody sends it again
  await assert.rejects(latchkey.request('{ me { id } }'), { name: 'LatchkeyError', code: 'NETWORK' });
  assert.equal(latchkey.session.get().status, 'signed-in');
});

test('a service that is away logs nobody out, and is found when it is back', async (t) => {
  const net = await network(t);
  const shared = storage();
  const clock = clocks();
  await join(program({ storage: shared }));
  const latchkey = program({ url: net.url, storage: shared, clock });
  net.away = true;
  const waiting = await valueOf(latchkey.session, ({ problem }) => problem);
  assert.equal(waiting.problem.code, 'NETWORK');
  net.away = false;
  await valueOf(latchkey.session, ({ status }) => status === 'signed-in'); // by itself
  await latchkey.request('{ me { id } }');

  clock.at.monotonic += 14.8 * minutes; // about to expire, and good still
  net.away = true;
  assert.ok(await latchkey.accessToken());
  clock.at.monotonic += minutes;
  await assert.rejects(latchkey.accessToken(), { code: 'NETWORK' });
  await assert.rejects(latchkey.logout(), { code: 'NETWORK' });
  assert.equal(latchkey.session.get().status, 'signed-in');
  net.away = false;
  assert.ok(await latchkey.accessToken());
});

test('what says when to come again is not asked before', async () => {
  let asked = 0;
  const clock = clocks();
  const shared = storage();
  const real = elsewhere();
  await join(program({ storage: shared }));
  const busy = async () => {
    asked++;
    return new Response('<h1>Busy</h1>', { status: 503, headers: { 'retry-after': '7' } });
  };
  let send = busy;
  const latchkey = program({ storage: shared, clock, fetch: (...request) => send(...request) });
  for (const seconds of [7, 5]) {
    await assert.rejects(latchkey.accessToken(), { code: 'UNAVAILABLE', retryAfter: seconds });
    clock.at.monotonic += 2000;
  }
  assert.equal(asked, 1);
  send = real;
  clock.at.monotonic += 7000;
  assert.ok(await latchkey.accessToken());
});

test('sleep is noticed, and a wrong time of day does no harm', async (t) => {
  const net = await network(t);
  const clock = clocks();
  clock.at.wall = 0; // 1970
  const { latchkey } = await join(program({ url: net.url, clock }));
  const refreshes = async () => {
    assert.ok(await latchkey.accessToken());
    return net.count('refresh');
  };
  assert.equal(await refreshes(), 0);
  clock.at.monotonic += 14 * minutes;
  assert.equal(await refreshes(), 0);
  clock.at.monotonic += minutes;
  assert.equal(await refreshes(), 1);
  clock.at.wall += 60 * minutes; // one clock stood still while the other went on
  assert.equal(await refreshes(), 2);
  clock.at.wall -= 500 * minutes; // set back, and the other goes on
  assert.equal(await refreshes(), 2);
  clock.at.monotonic += 15 * minutes;
  assert.equal(await refreshes(), 3);
});

test('an access token that the service refuses is replaced once', async (t) => {
  const net = await network(t);
  const { latchkey, id } = await join(program({ url: net.url }));
  const good = await latchkey.accessToken();
  let asked = 0;
  const twice = program({
    url: net.url, storage: storage(),
    fetch: (input, init) => {
      const headers = new Headers(init.headers);
      if (headers.get('authorization') && asked++ === 0) headers.set('authorization', `Bearer ${good.slice(0, -4)}AAAA`);
      return fetch(input, { ...init, headers });
    },
  });
  const ada = await join(twice);
  assert.equal((await twice.request('{ me { id } }')).me.id, ada.id);
  assert.equal(asked, 2);
  assert.equal(net.count('refresh'), 1);
  assert.equal(latchkey.session.get().user.id, id);
});

test('a slower refresh does not undo a login', async (t) => {
  const net = await network(t);
  const shared = storage();
  const ada = await join(program({ storage: shared }));
  const eve = await join(program());
  const latchkey = program({ url: net.url, storage: shared });
  let go;
  net.holds = (name) => name === 'refresh' && new Promise((resolve) => { go = resolve; });
  const restored = latchkey.restore();
  await until(() => go, 'the refresh to be on its way');
  const login = latchkey.login(loginOf(eve));
  await program({ url: net.url }).loginMethods();
  assert.equal(net.count('login'), 0); // it waits for its turn
  go();
  net.holds = null;
  await Promise.all([restored, login]);
  assert.equal(latchkey.session.get().user.id, eve.id);
  assert.notEqual(latchkey.session.get().user.id, ada.id);
  assert.equal((await latchkey.request('{ me { id } }')).me.id, eve.id);
});

test('a logout is the last word', async (t) => {
  const net = await network(t);
  const { latchkey } = await join(program({ url: net.url }));
  net.holds = async (name) => {
    if (name !== 'own') return;
    net.holds = null;
    await latchkey.logout();
  };
  await assert.rejects(latchkey.request('mutation { revokeOtherSessions { count } }'), { code: 'UNAUTHENTICATED' });
  assert.deepEqual(latchkey.session.get(), { status: 'signed-out', why: 'logout' });
  assert.equal(net.count('refresh'), 0);
});

test('a request is given up after its time, or when it is aborted', async (t) => {
  const net = await network(t);
  const latchkey = program({ url: net.url, timeout: 300 });
  net.holds = () => new Promise((go) => t.after(go));
  await assert.rejects(latchkey.request('{ me { id } }'), (error) => error instanceof LatchkeyError && error.code === 'NETWORK');
  const controller = new AbortController();
  const request = latchkey.request('{ me { id } }', {}, { signal: controller.signal });
  controller.abort();
  await assert.rejects(request, { name: 'AbortError' });
});
