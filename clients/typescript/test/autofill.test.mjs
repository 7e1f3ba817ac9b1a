// Passkeys in a field, for as long as a login page is open: what browser/typescript_test.go has no time for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loginOf, join, program, storage, until } from './world.mjs';

/** A browser in which nobody takes the passkey that is offered. */
function browser(t) {
  const asked = [];
  globalThis.PublicKeyCredential = { isConditionalMediationAvailable: async () => true };
  t.after(() => { delete globalThis.PublicKeyCredential; });
  const get = ({ challenge }, { mediation, signal }) => new Promise((resolve, reject) => {
    const question = { challenge, mediation, open: true };
    asked.push(question);
    const end = (error) => {
      question.open = false;
      reject(error);
    };
    question.refuse = () => end(new DOMException('not now', 'NotAllowedError'));
    signal?.addEventListener('abort', () => end(signal.reason));
    if (mediation !== 'conditional') end(new DOMException('closed', 'NotAllowedError'));
  });
  return { asked, authenticator: { get, create: get } };
}

const turn = () => new Promise(setImmediate);

/** Waits for something while timers stand still. */
async function soon(done) {
  for (const end = Date.now() + 60_000; !done(); await turn()) assert.ok(Date.now() < end, String(done));
}

test('an offer is renewed every ten minutes, makes way for the button, and ends with the login', async (t) => {
  const ada = await join();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { asked, authenticator } = browser(t);
  const latchkey = program({ authenticator, storage: storage() });
  const heard = [];
  t.after(latchkey.passkeyAutofill((result) => heard.push(result)));
  await soon(() => asked.length === 1);
  t.mock.timers.tick(9 * 60_000);
  assert.equal(asked[0].open, true);
  t.mock.timers.tick(60_000);
  await soon(() => asked.length === 2);
  assert.notEqual(asked[1].challenge, asked[0].challenge);
  assert.deepEqual(asked.map(({ open }) => open), [false, true]);

  assert.deepEqual(await latchkey.loginWithPasskey(), { status: 'cancelled' });
  await soon(() => asked.length === 4); // the button's, and another offer
  assert.deepEqual(asked.map(({ mediation, open }) => [mediation, open]), [['conditional', false], ['conditional', false], [undefined, false], ['conditional', true]]);

  asked[3].refuse(); // by the browser, which is asked again in a while
  await soon(() => !asked[3].open);
  for (let turns = 0; turns < 10; turns++) await turn();
  assert.equal(asked.length, 4);
  t.mock.timers.tick(1000);
  await soon(() => asked.length === 5);

  assert.equal((await latchkey.login(loginOf(ada))).status, 'signed-in');
  await soon(() => !asked[4].open);
  for (let turns = 0; turns < 10; turns++) await turn();
  assert.equal(asked.length, 5);
  assert.deepEqual(heard, []);
});

test('an offer ends when its page is left, and does nothing where there is no field for it', async (t) => {
  const { asked, authenticator } = browser(t);
  const latchkey = program({ authenticator });
  latchkey.passkeyAutofill(assert.fail)();
  const stop = latchkey.passkeyAutofill(assert.fail);
  await until(() => asked.length === 1, 'an offer');
  stop();
  await until(() => !asked[0].open, 'its end');
  globalThis.PublicKeyCredential = undefined;
  latchkey.passkeyAutofill(assert.fail);
  for (let turns = 0; turns < 10; turns++) await turn();
  assert.equal(asked.length, 1);
});
