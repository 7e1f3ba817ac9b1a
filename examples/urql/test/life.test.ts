// Against a real service at LATCHKEY_URL, in development, with JWT_PRIVATE_KEYS=hs256 and the SECRET_KEY given here too.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { appCode, mailedToken } from '../src/development.js';
import { failureOf } from '../src/failure.js';
import {
  ChangeEmailDocument, ChangePasswordDocument, ChangeUsernameDocument, ConfirmEmailDocument, ConfirmTotpDocument, ContinueLoginDocument,
  DeleteAccountDocument, DevicesDocument, LogoutDocument, MeDocument, RegisterDocument, RequestPasswordResetDocument, ResetPasswordDocument,
  RevokeSessionDocument, StartTotpDocument, StepUpDocument, type UserErrorCode,
} from '../src/gql/graphql.js';
import { byField } from '../src/mistakes.js';
import { withStepUp } from '../src/stepup.js';
import { expire, login, newcomer, page, service } from './tools.js';

const codes = (payload?: { errors: { code: UserErrorCode }[] } | null) => payload?.errors.map((error) => error.code);
const withKey = { skip: !process.env.SECRET_KEY && 'needs SECRET_KEY' };

test('npm start tells its story to the end', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [new URL('../src/story.js', import.meta.url).pathname]);
  assert.match(stdout, /9\. [^]* is gone\.\n$/);
});

test('register, change, reset and delete', async () => {
  const { client: nobody, users } = page();
  const { data: bad } = await nobody.mutation(RegisterDocument, { input: { email: 'ada', username: 'a', password: 'x' } });
  assert.deepEqual(codes(bad?.register), ['EMAIL_INVALID', 'USERNAME_INVALID', 'PASSWORD_TOO_SHORT']);
  assert.equal(byField(bad?.register?.errors ?? []).password, 'Take 8 characters or more.');

  const ada = await newcomer();
  assert.deepEqual(codes(await login(nobody, ada.username, 'wrong')), ['INVALID_CREDENTIALS']);
  assert.deepEqual(users, [undefined]);
  assert.deepEqual(ada.users, [undefined, ada.username]);
  const username = `${ada.username.slice(0, 12)}.x`;
  const { data: renamed } = await ada.client.mutation(ChangeUsernameDocument, { input: { username } });
  assert.equal(renamed?.changeUsername?.user?.username, username);

  const email = `new-${ada.email}`;
  const { data: wrong } = await ada.client.mutation(ChangeEmailDocument, { input: { email, password: 'wrong' } });
  assert.deepEqual(codes(wrong?.changeEmail), ['WRONG_PASSWORD']);
  const { data: waits } = await ada.client.mutation(ChangeEmailDocument, { input: { email, password: ada.password } });
  assert.equal(waits?.changeEmail?.user?.pendingEmail, email);
  const confirm = await mailedToken(service, email, 'confirm_new_email');
  await ada.client.mutation(ConfirmEmailDocument, { input: { token: confirm } });
  assert.equal((await ada.client.query(MeDocument, {})).data?.me?.email, email);

  const newPassword = `another ${ada.password}`;
  const { data: set } = await ada.client.mutation(ChangePasswordDocument, { input: { currentPassword: ada.password, newPassword } });
  assert.deepEqual(codes(set?.changePassword), []);

  await nobody.mutation(RequestPasswordResetDocument, { input: { email } });
  const token = await mailedToken(service, email, 'password_reset');
  const { data: reset } = await nobody.mutation(ResetPasswordDocument, { input: { token, newPassword: ada.password } });
  assert.deepEqual(codes(reset?.resetPassword), []);
  const { error } = await ada.client.query(MeDocument, {}); // a reset logs out everywhere
  assert.equal(failureOf(error)?.reason, 'REVOKED');

  await login(ada.client, username, ada.password);
  const { data: ended } = await ada.client.mutation(DeleteAccountDocument, { input: { password: ada.password } });
  assert.ok(ended?.deleteAccount?.deletedUserId);
  assert.deepEqual(codes(await login(ada.client, username, ada.password)), ['INVALID_CREDENTIALS']);
});

test('requests at once refresh an expired token once, also if the answer to one of them is late', withKey, async () => {
  const ada = await newcomer();
  let refreshed = () => {};
  let late = Promise.resolve();
  const tab = page(async (input, init) => {
    const response = await ada.fetch(input, init);
    const body = String(init?.body);
    if (body.includes('query Me') && tab.line.sent.includes('Refresh')) refreshed();
    if (body.includes('query Devices')) await late; // its EXPIRED comes once there is another token
    return response;
  });
  await tab.client.query(MeDocument, {});
  late = new Promise((resolve) => (refreshed = resolve));
  const old = new Set<string>();
  tab.line.sent.length = 0;
  tab.line.change = (_, address, headers) => {
    const token = headers.get('authorization') ?? '';
    if (!tab.line.sent.includes('Refresh')) old.add(token);
    if (old.has(token)) expire(headers);
    return address;
  };
  const [me, devices] = await Promise.all([tab.client.query(MeDocument, {}), tab.client.query(DevicesDocument, {})]);
  assert.equal(me.data?.me?.username, ada.username);
  assert.equal(devices.data?.me?.sessions?.length, 1);
  assert.deepEqual(tab.line.sent.sort(), ['Devices', 'Devices', 'Me', 'Me', 'Refresh']);
});

test('two tabs that refresh at the same moment both stay logged in', async () => {
  const ada = await newcomer();
  const tabs = [page(ada.fetch), page(ada.fetch), page(ada.fetch)];
  const answers = await Promise.all(tabs.map(({ client }) => client.query(MeDocument, {})));
  assert.deepEqual(answers.map(({ data }) => data?.me?.username), Array(3).fill(ada.username));
  assert.equal((await ada.client.query(MeDocument, {})).data?.me?.username, ada.username);
});

test('what somebody began is not repeated for another who has logged in in another tab', withKey, async () => {
  const [ada, eve] = [await newcomer(), await newcomer()];
  const tab = page(ada.fetch);
  await tab.client.query(MeDocument, {});
  await login(ada.client, eve.username, eve.password);
  const old = new Set<string>();
  tab.line.sent.length = 0;
  tab.line.change = (_, address, headers) => {
    const token = headers.get('authorization') ?? '';
    if (!tab.line.sent.includes('Refresh')) old.add(token);
    if (old.has(token)) expire(headers);
    return address;
  };
  const { error } = await tab.client.mutation(RevokeSessionDocument, { input: { sessionId: 'x' } });
  assert.equal(failureOf(error)?.reason, 'EXPIRED');
  assert.deepEqual(tab.users, [ada.username, eve.username]);
  assert.equal((await tab.client.query(MeDocument, {})).data?.me?.username, eve.username);
});

test('MISSING, INVALID and REVOKED are told apart', async () => {
  const nobody = page();
  assert.equal((await nobody.client.query(MeDocument, {})).data?.me, null);
  const { error: missing } = await nobody.client.mutation(RevokeSessionDocument, { input: { sessionId: 'x' } });
  assert.equal(failureOf(missing)?.reason, 'MISSING');

  const ada = await newcomer();
  let once = true;
  ada.line.change = (name, address, headers) => {
    if (name === 'RevokeSession' && once) headers.set('authorization', 'Bearer x');
    if (name === 'Refresh') once = false;
    return address;
  };
  const { data } = await ada.client.mutation(RevokeSessionDocument, { input: { sessionId: 'x' } });
  assert.deepEqual(codes(data?.revokeSession), ['NOT_FOUND']);

  const phone = page();
  await login(phone.client, ada.username, ada.password);
  const { data: devices } = await phone.client.query(DevicesDocument, {});
  const laptop = devices?.me?.sessions?.find((one) => !one.current);
  await phone.client.mutation(RevokeSessionDocument, { input: { sessionId: laptop?.id ?? '' } });
  ada.line.sent.length = 0;
  const { error: revoked } = await ada.client.query(MeDocument, {});
  assert.equal(failureOf(revoked)?.reason, 'REVOKED');
  assert.equal(ada.users.at(-1), undefined);
  assert.deepEqual(ada.line.sent, ['Me']);

  await phone.client.mutation(LogoutDocument, {});
  assert.deepEqual(phone.users, [undefined, ada.username, undefined]);
  assert.equal((await phone.client.query(MeDocument, {})).data?.me, null);
});

test('a refresh that finds no service logs nobody out', withKey, async () => {
  const ada = await newcomer();
  let away = true;
  ada.line.change = (name, address, headers) => {
    if (away) expire(headers);
    return away && name === 'Refresh' ? 'http://localhost:9' : address;
  };
  const { error } = await ada.client.query(MeDocument, {});
  assert.ok(error && failureOf(error) === undefined);
  assert.equal(ada.users.at(-1), ada.username);
  away = false;
  assert.equal((await ada.client.query(MeDocument, {})).data?.me?.username, ada.username);
});

test('a login in steps, and a change that needs a second factor', async () => {
  const ada = await newcomer();
  const phone = page();
  await login(phone.client, ada.username, ada.password);

  const { data: started } = await ada.client.mutation(StartTotpDocument, {});
  const secret = started?.startTotp?.totp?.secret ?? '';
  const input = { challenge: started?.startTotp?.challenge ?? '', totpCode: appCode(secret) };
  const { data: added } = await ada.client.mutation(ConfirmTotpDocument, { input });
  const [recoveryCode = ''] = added?.confirmTotp?.recoveryCodes ?? [];

  // The phone has shown a password only. Somebody gives up first, and has a code at hand then.
  const change = () => phone.client.mutation(ChangeEmailDocument, { input: { email: `new-${ada.email}`, password: ada.password } });
  const given = await withStepUp(change, async () => false);
  assert.deepEqual(failureOf(given.error), { code: 'FORBIDDEN', reason: 'STEP_UP', level: 'aal2' });
  const levels: string[] = [];
  const held = await withStepUp(change, async (level) => {
    levels.push(level);
    const { data } = await phone.client.mutation(StepUpDocument, { input: { answer: { recoveryCode } } });
    return Boolean(data?.stepUp?.tokens);
  });
  assert.equal(held.data?.changeEmail?.user?.pendingEmail, `new-${ada.email}`);
  assert.deepEqual(levels, ['aal2']);

  const tablet = page();
  const begun = await login(tablet.client, ada.username, ada.password);
  assert.deepEqual(codes(begun), ['SECOND_FACTOR_NEEDED']);
  assert.ok(begun?.step?.__typename === 'SecondFactorStep' && begun.step.factors.includes('TOTP'));
  const { challenge } = begun.step;
  const { data: wrong } = await tablet.client.mutation(ContinueLoginDocument, { input: { challenge, answer: { totpCode: '12' } } });
  assert.deepEqual(codes(wrong?.continueLogin), ['CODE_INVALID']);
  const answer = { totpCode: appCode(secret, 1) };
  await tablet.client.mutation(ContinueLoginDocument, { input: { challenge, answer } });
  assert.deepEqual(tablet.users, [undefined, ada.username]);
});
