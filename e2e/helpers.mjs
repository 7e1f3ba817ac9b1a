// Uses the helpers of docs/testing.md, compiled into the folder given, as a test of an app would: somebody registers, adds an
// authenticator app, and logs in with a code of it.
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';

const { appCode, ask, mailedLink, newcomer } = await import(pathToFileURL(`${process.argv[2]}/latchkey.js`));
const { username, email, password, accessToken } = await newcomer();

const { challenge, totp } = await ask('mutation { startTotp { challenge totp { secret } } }', undefined, accessToken);
const confirm = 'mutation ($input: ConfirmTotpInput!) { confirmTotp(input: $input) { errors { code } } }';
const { errors } = await ask(confirm, { challenge, totpCode: appCode(totp.secret) }, accessToken);
assert.deepEqual(errors, []);
assert.match(await mailedLink(email, 'factor_added'), /^http/);

const login = 'mutation ($input: LoginInput!) { login(input: $input) { step { challenge } } }';
const { step } = await ask(login, { login: username, password });
const next = 'mutation ($input: ContinueLoginInput!) { continueLogin(input: $input) { tokens { accessToken } } }';
const { tokens } = await ask(next, { challenge: step.challenge, answer: { totpCode: appCode(totp.secret, 1) } });
assert.ok(tokens.accessToken);
