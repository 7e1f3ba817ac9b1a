// Ways in, by every step, and what a person can put right.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { control, elsewhere, enrol, join, loginOf, mails, program, storage, tokenOf, totp, until } from './world.mjs';

test('mistakes come by the fields of the form', async () => {
  const latchkey = program();
  const taken = await join();
  const refused = await latchkey.register({ email: 'nobody', username: taken.username, password: 'short' });
  assert.equal(refused.status, 'mistakes');
  const { fields, form, all } = refused.mistakes;
  assert.deepEqual(Object.keys(fields).sort(), ['email', 'password', 'username']);
  assert.equal(fields.email.code, 'EMAIL_INVALID');
  assert.equal(fields.username.code, 'USERNAME_TAKEN');
  assert.deepEqual([fields.password.code, fields.password.limit], ['PASSWORD_TOO_SHORT', 8]);
  assert.deepEqual(form, []);
  assert.equal(all.length, 3);

  const wrong = await latchkey.login({ login: taken.username, password: 'not the horse' });
  assert.deepEqual([wrong.status, wrong.mistakes.form[0].code, wrong.over], ['mistakes', 'INVALID_CREDENTIALS', false]);
  assert.equal(latchkey.session.get().status, 'loading'); // nobody asked yet
});

test('what is no mistake of a person is thrown, with when to come again', async () => {
  const ada = await join();
  const guess = () => ada.latchkey.login({ login: ada.username, password: 'a wrong one' });
  const stranger = program();
  await assert.rejects(async () => {
    for (let tries = 0; tries < 30; tries++) await stranger.login({ login: ada.username, password: 'a wrong one' });
  }, (error) => error.name === 'LatchkeyError' && error.code === 'RATE_LIMITED' && error.retryAfter > 0);
  assert.equal((await guess()).status, 'mistakes'); // not this device
  assert.equal(ada.latchkey.session.get().status, 'signed-in');
});

test('registering, another link, a forgotten password, another address', async () => {
  const latchkey = program();
  const person = { email: `${crypto.randomUUID()}@example.org`, password: 'correct horse battery' };
  assert.deepEqual(await latchkey.register(person), { status: 'mailed', email: person.email });
  assert.deepEqual(await latchkey.resendConfirmation({ email: person.email }), { status: 'done' });
  await until(async () => (await mails(person.email)).length === 2, 'two mails');
  const confirmed = await latchkey.confirmEmail({ token: await tokenOf(person.email, 'confirm-email') });
  assert.equal(confirmed.status, 'signed-in');

  assert.deepEqual(await latchkey.requestPasswordReset({ email: person.email }), { status: 'done' });
  const token = await tokenOf(person.email, 'reset-password');
  const short = await latchkey.resetPassword({ token, newPassword: 'short' });
  assert.equal(short.mistakes.fields.newPassword.code, 'PASSWORD_TOO_SHORT');
  assert.deepEqual(await latchkey.resetPassword({ token, newPassword: 'another fine horse' }), { status: 'done' });
  const dead = await latchkey.resetPassword({ token, newPassword: 'another fine horse' });
  assert.equal(dead.mistakes.fields.token.code, 'TOKEN_INVALID');

  const back = await latchkey.login({ login: person.email, password: 'another fine horse' });
  assert.equal(back.status, 'signed-in');
  const email = `${crypto.randomUUID()}@example.org`;
  await latchkey.request('mutation ($input: ChangeEmailInput!) { changeEmail(input: $input) { errors { code } } }', { input: { email, password: 'another fine horse' } });
  assert.deepEqual(await latchkey.confirmEmail({ token: await tokenOf(email, 'confirm-email') }), { status: 'confirmed' });
  assert.equal((await latchkey.reload()).user.email, email);
});

test('an app, a recovery code, a remembered device', async () => {
  const shared = storage();
  const ada = await join(program({ storage: shared }));
  const { secret, recoveryCodes } = await enrol(ada.latchkey);
  assert.equal(recoveryCodes.length, 8);

  const first = await program().login(loginOf(ada));
  assert.equal(first.status, 'step');
  const { step } = first;
  assert.deepEqual([step.kind, step.factors, step.mayRememberDevice, step.withPasskey], ['second-factor', ['TOTP', 'RECOVERY_CODE'], true, null]);
  const wrong = await step.answer({ totpCode: '000000' });
  assert.deepEqual([wrong.status, wrong.mistakes.all[0].code, wrong.over], ['mistakes', 'CODE_INVALID', false]);
  assert.ok(wrong.mistakes.fields.answer);
  assert.equal((await step.answer({ totpCode: totp(secret, 1) })).status, 'signed-in');
  const late = await step.answer({ recoveryCode: recoveryCodes[1] });
  assert.deepEqual([late.status, late.mistakes.all[0].code, late.over], ['mistakes', 'CHALLENGE_INVALID', true]);

  const second = await ada.latchkey.login(loginOf(ada));
  const remembered = await second.step.answer({ recoveryCode: recoveryCodes[0] }, { rememberDevice: true });
  assert.deepEqual([remembered.status, remembered.recoveryCodes], ['signed-in', null]);
  assert.equal((await ada.latchkey.login(loginOf(ada))).status, 'signed-in');
  await ada.latchkey.logout();
  assert.equal((await program({ storage: shared }).login(loginOf(ada))).status, 'signed-in'); // the device token outlives it
});

test('a new password and an enrolment, one after the other', async () => {
  const admin = await join();
  const ada = await join();
  await control('admin', admin);
  await admin.latchkey.request('mutation ($input: RequireAtNextLoginInput!) { requireAtNextLogin(input: $input) { errors { code } } }',
    { input: { userId: ada.id, newPassword: true, secondFactor: true } });
  let result = await ada.latchkey.login(loginOf(ada));
  const seen = [];
  while (result.status === 'step') {
    const { step } = result;
    seen.push(step.kind);
    if (step.kind === 'new-password') {
      assert.equal((await step.answer({ newPassword: 'short' })).mistakes.fields.answer.code, 'PASSWORD_TOO_SHORT');
      result = await step.answer({ newPassword: 'quite another horse' });
    } else {
      assert.match(step.totp.qrCode, /^<svg|^<\?xml/);
      result = await step.answer({ totpCode: totp(step.totp.secret) });
    }
  }
  assert.deepEqual(seen.sort(), ['enrolment', 'new-password']);
  assert.equal(result.status, 'signed-in');
  assert.equal(result.recoveryCodes.length, 8);
});

test('a code by mail', async () => {
  const ada = await join();
  const latchkey = program();
  assert.equal((await latchkey.loginWithEmailCode({ email: 'nobody' })).mistakes.fields.email.code, 'EMAIL_INVALID');
  const { status, step } = await latchkey.loginWithEmailCode({ email: ada.email });
  assert.deepEqual([status, step.kind, step.reference.length], ['step', 'email-code', 4]);
  const mail = await until(async () => (await mails(ada.email)).find(({ text }) => text.includes(step.reference)), 'the code');
  const emailCode = /^\s*([a-z0-9]{4}[- ]?[a-z0-9]{4})\s*$/im.exec(mail.text)[1];
  assert.equal((await step.answer({ emailCode: 'aaaa-aaaa' })).mistakes.all[0].code, 'CODE_INVALID');
  assert.equal((await step.answer({ emailCode })).status, 'signed-in');
});

test('what the app wants to know of the user, and how its device is called', async () => {
  const latchkey = program({ user: 'fragment Viewer on User { username sessions { deviceName } }', deviceName: 'A kitchen radio' });
  const person = { email: `${crypto.randomUUID()}@example.org`, password: 'correct horse battery' };
  await latchkey.register(person);
  const { user } = await latchkey.confirmEmail({ token: await tokenOf(person.email, 'confirm-email') });
  assert.deepEqual(Object.keys(user).sort(), ['sessions', 'username']);
  assert.deepEqual(user.sessions, [{ deviceName: 'A kitchen radio' }]);
  assert.throws(() => program({ user: '{ me { id } }' }), TypeError);
});

test('what the service offers', async () => {
  const offered = await program({ fetch: elsewhere() }).loginMethods();
  assert.deepEqual(offered, { password: true, passkeys: offered.passkeys, emailCode: true, registration: true, secondFactor: 'OPTIONAL' });
});
