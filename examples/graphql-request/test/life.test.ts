// Against a real service at LATCHKEY_URL, in development, with JWT_PRIVATE_KEYS=hs256 and the SECRET_KEY given here too.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { appCode, mailedToken } from '../src/development.js';
import { failureOf } from '../src/failure.js';
import {
  ChangeEmailDocument, ChangePasswordDocument, ChangeUsernameDocument, ConfirmTotpDocument, DeleteAccountDocument, DevicesDocument, MeDocument,
  RegisterDocument, RequestPasswordResetDocument, ResetPasswordDocument, RevokeSessionDocument, StartTotpDocument, type UserErrorCode,
} from '../src/gql/graphql.js';
import { byField } from '../src/mistakes.js';
import { device, expired, newcomer, service } from './tools.js';

const codes = (payload?: { errors: { code: UserErrorCode }[] } | null) => payload?.errors.map((error) => error.code);
const reasonOf = (error: unknown) => failureOf(error)?.reason;

test('npm start tells its story to the end', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [new URL('../src/story.js', import.meta.url).pathname]);
  assert.match(stdout, /8\. .*\n.* is gone\.\n$/);
});

test('register, change, reset and delete', async () => {
  const nobody = await device();
  const { register } = await nobody.session.ask(RegisterDocument, { input: { email: 'ada', username: 'a', password: 'x' } });
  assert.deepEqual(codes(register), ['EMAIL_INVALID', 'USERNAME_INVALID', 'PASSWORD_TOO_SHORT']);
  assert.equal(byField(register?.errors ?? []).password, 'Take 8 characters or more.');

  const ada = await newcomer();
  assert.deepEqual(codes(await nobody.session.login({ login: ada.username, password: 'wrong' })), ['INVALID_CREDENTIALS']);
  assert.equal(nobody.session.loggedIn, false);
  const username = `${ada.username.slice(0, 12)}.x`;
  const changed = await ada.session.ask(ChangeUsernameDocument, { input: { username } });
  assert.equal(changed.changeUsername?.user?.username, username);

  const email = `new-${ada.email}`;
  const wrong = await ada.session.ask(ChangeEmailDocument, { input: { email, password: 'wrong' } });
  assert.deepEqual(codes(wrong.changeEmail), ['WRONG_PASSWORD']);
  const waits = await ada.session.ask(ChangeEmailDocument, { input: { email, password: ada.password } });
  assert.equal(waits.changeEmail?.user?.pendingEmail, email);
  await ada.session.confirmEmail({ token: await mailedToken(service, email, 'confirm_new_email') });
  assert.equal((await ada.session.ask(MeDocument, {})).me?.email, email);

  const newPassword = `another ${ada.password}`;
  const set = await ada.session.ask(ChangePasswordDocument, { input: { currentPassword: ada.password, newPassword } });
  assert.deepEqual(codes(set.changePassword), []);

  await nobody.session.ask(RequestPasswordResetDocument, { input: { email } });
  const token = await mailedToken(service, email, 'password_reset');
  const reset = await nobody.session.ask(ResetPasswordDocument, { input: { token, newPassword: ada.password } });
  assert.deepEqual(codes(reset.resetPassword), []);
  await assert.rejects(ada.session.ask(MeDocument, {}), (error) => reasonOf(error) === 'REVOKED'); // a reset logs out everywhere

  await ada.session.login({ login: username, password: ada.password });
  const { deleteAccount } = await ada.session.ask(DeleteAccountDocument, { input: { password: ada.password } });
  assert.ok(deleteAccount?.deletedUserId);
  assert.deepEqual(codes(await ada.session.login({ login: username, password: ada.password })), ['INVALID_CREDENTIALS']);
});

test('requests at once refresh an expired token once', { skip: !process.env.SECRET_KEY && 'needs SECRET_KEY' }, async () => {
  const ada = await newcomer();
  let refused = 0;
  let allRefused = () => {};
  const all = new Promise<void>((resolve) => (allRefused = resolve));
  const { session, store, sent } = await device({ ...ada.store.kept, accessToken: expired(ada.store.kept.accessToken) }, {
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (String(init?.body).includes('mutation Refresh')) await all; // it answers while all five wait for it
      else if (++refused === 5) allRefused();
      return response;
    },
  });
  const answers = await Promise.all(Array.from({ length: 5 }, () => session.ask(MeDocument, {})));
  assert.deepEqual(answers.map(({ me }) => me?.username), Array(5).fill(ada.username));
  assert.equal(sent.filter((name) => name === 'Refresh').length, 1);
  assert.notEqual(store.kept.refreshToken, ada.store.kept.refreshToken);
  assert.equal(store.kept.deviceToken, ada.store.kept.deviceToken);
});

test('MISSING, INVALID and REVOKED are told apart', async () => {
  const nobody = await device();
  assert.equal((await nobody.session.ask(MeDocument, {})).me, null);
  const revoking = nobody.session.ask(RevokeSessionDocument, { input: { sessionId: 'x' } });
  await assert.rejects(revoking, (error) => reasonOf(error) === 'MISSING');

  // A program that has just begun has a refresh token only, and one whose access token is no good has one, too.
  const ada = await newcomer();
  for (const accessToken of [undefined, 'not a token']) {
    const { session } = await device({ ...ada.store.kept, accessToken });
    const { revokeSession } = await session.ask(RevokeSessionDocument, { input: { sessionId: 'x' } });
    assert.deepEqual(codes(revokeSession), ['NOT_FOUND']);
  }

  const phone = await device();
  await phone.session.login({ login: ada.username, password: ada.password });
  const { me } = await phone.session.ask(DevicesDocument, {});
  const laptop = me?.sessions?.find((one) => !one.current);
  await phone.session.ask(RevokeSessionDocument, { input: { sessionId: laptop?.id ?? '' } });
  await assert.rejects(ada.session.ask(MeDocument, {}), (error) => reasonOf(error) === 'REVOKED');
  assert.equal(ada.session.loggedIn, false);
  assert.ok(!ada.sent.includes('Refresh'));

  await phone.session.logout();
  assert.deepEqual(Object.keys(phone.store.kept), ['deviceToken']);
});

test('a refresh that finds no service logs nobody out', { skip: !process.env.SECRET_KEY && 'needs SECRET_KEY' }, async () => {
  const ada = await newcomer();
  const kept = { ...ada.store.kept, accessToken: expired(ada.store.kept.accessToken) };
  let away = true;
  const { session, store } = await device(kept, {
    fetch: (input, init) => fetch(away && String(init?.body).includes('mutation Refresh') ? 'http://localhost:9' : input, init),
  });
  await assert.rejects(session.ask(MeDocument, {}), (error) => failureOf(error) === undefined);
  assert.deepEqual(store.kept, kept);
  away = false;
  assert.equal((await session.ask(MeDocument, {})).me?.username, ada.username);
});

test('a login in steps, and a change that needs a second factor', async () => {
  const ada = await newcomer();
  const asked: string[] = [];
  let recoveryCodes: string[] = [];
  const phone = await device({}, {
    prove: async (level, errors) => {
      asked.push(level, ...errors.map((error) => error.code));
      return { answer: { recoveryCode: asked.length === 1 ? 'none' : (recoveryCodes[0] ?? '') } };
    },
  });
  await phone.session.login({ login: ada.username, password: ada.password });

  const { startTotp } = await ada.session.ask(StartTotpDocument, {});
  const secret = startTotp?.totp?.secret ?? '';
  const input = { challenge: startTotp?.challenge ?? '', totpCode: appCode(secret) };
  const { confirmTotp } = await ada.session.ask(ConfirmTotpDocument, { input });
  recoveryCodes = confirmTotp?.recoveryCodes ?? [];
  assert.equal(recoveryCodes.length, 8);

  // The phone has shown a password only. Its first answer is wrong, and its second one holds.
  const { changeEmail } = await phone.session.ask(ChangeEmailDocument, { input: { email: `new-${ada.email}`, password: ada.password } });
  assert.equal(changeEmail?.user?.pendingEmail, `new-${ada.email}`);
  assert.deepEqual(asked, ['aal2', 'aal2', 'CODE_INVALID']);

  const tablet = await device();
  const login = await tablet.session.login({ login: ada.username, password: ada.password });
  assert.deepEqual(codes(login), ['SECOND_FACTOR_NEEDED']);
  assert.ok(login?.step?.__typename === 'SecondFactorStep' && login.step.factors.includes('TOTP'));
  const { challenge } = login.step;
  assert.deepEqual(codes(await tablet.session.continueLogin({ challenge, answer: { totpCode: 'none' } })), ['CODE_INVALID']);
  assert.equal(tablet.session.loggedIn, false);
  const next = await tablet.session.continueLogin({ challenge, answer: { totpCode: appCode(secret, 1) } });
  assert.equal(next?.user?.username, ada.username);
  assert.ok(tablet.session.loggedIn);
});
