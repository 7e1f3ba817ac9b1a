// Fresh proofs: one dialog for everything that asks for one, and backends of one's own that do.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { api, control, enrol, join, program, totp, valueOf } from './world.mjs';

const makeCodes = 'mutation { makeRecoveryCodes { recoveryCodes errors { code } } }';
const startTotp = 'mutation { startTotp { challenge errors { code } } }';
const question = (latchkey) => valueOf(latchkey.stepUp, (value) => value !== null);
const stale = { code: 'FORBIDDEN', reason: 'STEP_UP' };

test('an operation waits for its proof, and goes on behind it', async () => {
  const ada = await join();
  await control('stale', ada);
  await assert.rejects(ada.latchkey.request(startTotp), { ...stale, level: 'aal1' }); // nobody shows a dialog

  const first = ada.latchkey.request(startTotp);
  const asked = await question(ada.latchkey);
  const request = Promise.all([first, ada.latchkey.request(startTotp)]); // two wait for one answer
  assert.deepEqual([asked.level, asked.proofs, asked.withPasskey], ['aal1', ['PASSWORD'], null]);
  const wrong = await asked.answer({ password: 'not the horse' });
  assert.equal(wrong.mistakes.all[0].code, 'WRONG_PASSWORD');
  assert.deepEqual(await asked.answer({ password: ada.password }), { status: 'done' });
  assert.equal(ada.latchkey.stepUp.get(), null);
  for (const { startTotp: started } of await request) assert.ok(started.challenge);
});

test('cancelled, or over with the session, it fails', async () => {
  const ada = await join();
  await control('stale', ada);
  const cancelled = assert.rejects(ada.latchkey.request(startTotp), stale);
  (await question(ada.latchkey)).cancel();
  await cancelled;
  assert.equal(ada.latchkey.stepUp.get(), null);

  const over = assert.rejects(ada.latchkey.request(startTotp), stale);
  await question(ada.latchkey);
  await ada.latchkey.logout();
  await over;
  assert.equal(ada.latchkey.stepUp.get(), null);
  await assert.rejects(ada.latchkey.requireFresh(), { code: 'UNAUTHENTICATED' });
});

test('an account with an app shows a code', async () => {
  const ada = await join();
  const { secret, recoveryCodes } = await enrol(ada.latchkey);
  await control('stale', ada);
  const request = ada.latchkey.request(makeCodes);
  const asked = await question(ada.latchkey);
  assert.deepEqual([asked.level, asked.proofs], ['aal2', ['TOTP', 'RECOVERY_CODE']]);
  assert.equal((await asked.answer({ password: ada.password })).mistakes.all[0].code, 'SECOND_FACTOR_NEEDED');
  assert.equal((await asked.answer({ totpCode: totp(secret, 1) })).status, 'done');
  assert.equal((await request).makeRecoveryCodes.recoveryCodes.length, 8);
  assert.equal(recoveryCodes.length, 8);
});

/** A backend that lets in whom the service knows, and, at /fresh, who has shown a second factor lately. */
async function backend(t) {
  const seen = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { authorization = '' } = request.headers;
    seen.push({ authorization, body });
    const answer = await fetch(api, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: '{"query":"{ me { username } }"}' });
    const { data } = await answer.json();
    const claims = authorization && JSON.parse(Buffer.from(authorization.split('.')[1], 'base64url'));
    if (!data?.me) response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
    else if (request.url === '/fresh' && claims.acr !== 'aal2') {
      response.writeHead(401, { 'www-authenticate': 'Bearer error="insufficient_user_authentication", acr_values="aal2"' });
    } else response.writeHead(200);
    response.end(data?.me?.username);
  });
  await new Promise((go) => server.listen(0, '127.0.0.1', go));
  t.after(() => new Promise((go) => { server.close(go); server.closeAllConnections(); }));
  return { url: `http://127.0.0.1:${server.address().port}`, seen };
}

test('a backend gets the access token, another one behind a 401, and a proof behind a challenge', async (t) => {
  const { url, seen } = await backend(t);
  let spoil = false;
  const ada = await join(program({
    fetch: (input, init) => {
      const headers = new Headers(init.headers);
      if (spoil && String(input.url ?? input).startsWith(url)) {
        spoil = false;
        headers.set('authorization', `${headers.get('authorization').slice(0, -4)}AAAA`);
      }
      return fetch(input, { ...init, headers });
    },
  }));
  assert.equal(await (await ada.latchkey.fetch(`${url}/`)).text(), ada.username);
  spoil = true;
  const posted = await ada.latchkey.fetch(new Request(`${url}/`, { method: 'POST', body: 'seven', headers: { 'x-mine': 'yes' } }));
  assert.deepEqual([posted.status, seen.length, seen[2].body], [200, 3, 'seven']);
  assert.notEqual(seen[1].authorization, seen[2].authorization);

  await control('stale', ada);
  const { secret } = await enrol(await signedInAgain(ada));
  const fresh = ada.latchkey.fetch(`${url}/fresh`);
  const asked = await question(ada.latchkey);
  assert.equal(asked.level, 'aal2');
  await asked.answer({ totpCode: totp(secret, 1) });
  assert.equal((await fresh).status, 200);

  const cancelled = program();
  assert.equal((await cancelled.fetch(`${url}/`)).status, 401); // a visitor's answer is handed over
});

/** Another device of the same person. */
async function signedInAgain({ username, password }) {
  const latchkey = program();
  await latchkey.login({ login: username, password });
  return latchkey;
}

test('nothing is asked that could not be shown', async (t) => {
  const { url } = await backend(t);
  const ada = await join();
  const watched = ada.latchkey.stepUp.subscribe(() => {});
  t.after(watched);
  assert.equal((await ada.latchkey.fetch(`${url}/fresh`)).status, 401); // this account has no second factor
  assert.equal(await ada.latchkey.requireFresh('aal2'), false);
});
