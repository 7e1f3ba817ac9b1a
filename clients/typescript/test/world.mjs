// What the tests share: people of the real service, whose address is in LATCHKEY_URL, the tabs of a browser, and a network that
// fails. LATCHKEY_CONTROL is where the test that started the service changes what no client can: how old a proof is, a role.
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createClient } from 'latchkey-client';

export const service = process.env.LATCHKEY_URL;
export const api = `${service}/graphql`;

const word = () => randomBytes(9).toString('hex');

/** A fetch that comes from an address of its own, so that nobody is counted together with others. */
export function elsewhere() {
  const address = `10.${[...randomBytes(3)].join('.')}`;
  return (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('x-forwarded-for', address);
    return fetch(input, { ...init, headers });
  };
}

/** A client of a program, from an address of its own; more options go before. */
export const program = (more = {}) => createClient({ url: api, transport: 'body', fetch: elsewhere(), ...more });

/** A storage as a page's, which tabs share. */
export function storage() {
  const kept = new Map();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/** Waits until `done` returns something, a minute at most. */
export async function until(done, what) {
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((go) => setTimeout(go, 20))) {
    const found = await done();
    if (found) return found;
  }
  throw new Error(`waited a minute for ${what}`);
}

/** The links of the mails to an address, the newest first. */
export async function mails(email) {
  return (await fetch(`${service}/dev/mail.json?to=${encodeURIComponent(email)}`)).json();
}

/** The token of a link in the newest mail to an address that leads to this page of the service. */
export async function tokenOf(email, page) {
  const link = await until(async () => (await mails(email)).flatMap((mail) => mail.links).find((found) => found.includes(`/email/${page}?`)), `a mail to ${page}`);
  return new URL(link).searchParams.get('token');
}

/** Somebody who registered and confirmed by this client, and so is signed in. */
export async function join(latchkey = program()) {
  const person = { email: `${word()}@example.org`, username: `u${word()}`, password: `correct horse ${word()}` };
  await latchkey.register(person);
  const confirmed = await latchkey.confirmEmail({ token: await tokenOf(person.email, 'confirm-email') });
  if (confirmed.status !== 'signed-in') throw new Error(`confirmed: ${JSON.stringify(confirmed)}`);
  return { ...person, id: confirmed.user.id, latchkey };
}

export const loginOf = ({ username, password }) => ({ login: username, password });

/** Has what no client can change changed: `stale` or `admin`, for a user. */
export async function control(what, { id }) {
  const answer = await fetch(`${process.env.LATCHKEY_CONTROL}/${what}?user=${id}`, { method: 'POST' });
  if (!answer.ok) throw new Error(await answer.text());
}

/** The code of an authenticator app, so many steps of 30 seconds from now. A code counts once, and from the step before its own to the one after. */
export function totp(secret, steps = 0) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Adds an authenticator app by the code of now, and returns its secret and the recovery codes. */
export async function enrol(latchkey) {
  const { startTotp } = await latchkey.request('mutation { startTotp { challenge totp { secret } } }');
  const { secret } = startTotp.totp;
  const { confirmTotp } = await latchkey.request(
    'mutation ($input: ConfirmTotpInput!) { confirmTotp(input: $input) { recoveryCodes errors { code } } }',
    { input: { challenge: startTotp.challenge, totpCode: totp(secret) } });
  return { secret, recoveryCodes: confirmTotp.recoveryCodes };
}

/** A value of a store, once `fits` says so. */
export function valueOf(store, fits) {
  return new Promise((resolve) => {
    const stop = store.subscribe(look);
    function look() {
      const value = store.get();
      if (!fits(value)) return;
      queueMicrotask(() => stop());
      resolve(value);
    }
    look();
  });
}

/** Web Locks for the tabs of one process: https://www.w3.org/TR/web-locks/, as far as the client needs them. */
export function webLocks() {
  let held = false;
  const queue = [];
  const run = async (work, lock) => {
    held = true;
    try {
      return await work(lock);
    } finally {
      held = false;
      queue.shift()?.();
    }
  };
  return {
    request(name, { ifAvailable = false, signal }, work) {
      if (!held) return run(work, { name });
      if (ifAvailable) return work(null);
      return new Promise((resolve, reject) => {
        const go = () => resolve(run(work, { name }));
        queue.push(go);
        signal?.addEventListener('abort', () => {
          if (!queue.includes(go)) return;
          queue.splice(queue.indexOf(go), 1);
          reject(signal.reason);
        });
      });
    },
  };
}

/** Two clocks that stand until they are moved. */
export function clocks() {
  const at = { monotonic: 1_000_000, wall: Date.now() };
  return { at, monotonic: () => at.monotonic, wall: () => at.wall };
}

/** A network before the service: it counts operations, and loses, refuses or holds them. It is closed with the test `t`. */
export async function network(t) {
  const state = { operations: [], lose: 0, away: false, holds: null, holdsAnswer: null };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (state.away) return response.destroy();
    const name = /Latchkey_(\w+)/.exec(body)?.[1] ?? 'own';
    state.operations.push(name);
    await state.holds?.(name);
    const answer = await fetch(service + request.url, {
      method: request.method, body,
      headers: Object.fromEntries(Object.entries(request.headers).filter(([header]) => !['host', 'connection', 'content-length', 'transfer-encoding'].includes(header))),
    });
    const text = await answer.text();
    await state.holdsAnswer?.(name);
    if (state.lose > 0) {
      state.lose--;
      return response.destroy(); // it was done, and nobody hears of it
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
    response.end(text);
  });
  await new Promise((go) => server.listen(0, '127.0.0.1', go));
  t.after(() => new Promise((go) => { server.close(go); server.closeAllConnections(); }));
  return Object.assign(state, {
    url: `http://127.0.0.1:${server.address().port}/graphql`,
    count: (name) => state.operations.filter((operation) => operation === name).length,
  });
}
