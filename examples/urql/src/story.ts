// The life of an account, told in a terminal: `npm start`, beside a service in development. A page has forms where this
// has steps; client.ts and stepup.ts are the same there.
import { randomBytes } from 'node:crypto';
import { browserFetch } from './browser.js';
import { makeClient } from './client.js';
import { appCode, mailedToken } from './development.js';
import {
  ChangeEmailDocument, ChangePasswordDocument, ChangeUsernameDocument, ConfirmEmailDocument, ConfirmTotpDocument, ContinueLoginDocument,
  DeleteAccountDocument, DevicesDocument, LoginDocument, LogoutDocument, type MeFragment, RegisterDocument, RequestPasswordResetDocument,
  ResetPasswordDocument, StartTotpDocument, StepUpDocument,
} from './gql/graphql.js';
import { byField } from './mistakes.js';
import { withStepUp } from './stepup.js';

const service = process.env.LATCHKEY_URL ?? 'http://localhost:8080';
const say = (line: string) => console.log(line);

/** Opens a page in a browser of its own, or, with the fetch of another page, a further tab. */
function openPage(called: string, fetch = browserFetch('http://localhost:5173')) {
  const onUser = (user: MeFragment | null) => say(`   [${called}] ${user ? `${user.username} is logged in` : 'nobody is logged in'}`);
  return { fetch, client: makeClient({ url: `${service}/graphql`, fetch, onUser }) };
}

const name = `ada${randomBytes(4).toString('hex')}`;
let email = `${name}@example.org`;
let password = 'correct horse battery';

say(`1. ${name} opens a page and registers. The first password is refused, beside its field:`);
const laptop = openPage('laptop');
const refused = await laptop.client.mutation(RegisterDocument, { input: { email, username: name, password: '1234567' } });
say(`   ${JSON.stringify(byField(refused.data?.register?.errors ?? []))}`);
await laptop.client.mutation(RegisterDocument, { input: { email, username: name, password } });

say('2. A mail brings a link. Following it confirms the address and logs the laptop in.');
let token = await mailedToken(service, email, 'confirm_registration');
await laptop.client.mutation(ConfirmEmailDocument, { input: { token, deviceName: 'Laptop', transport: 'COOKIE' } });

say('3. A second tab finds the cookie. Both tabs ask at once.');
const tab = openPage('second tab', laptop.fetch);
const [one, two] = await Promise.all([laptop, tab].map(({ client }) => client.query(DevicesDocument, {})));
say(`   ${one?.data?.me?.sessions?.length} device in the one, ${two?.data?.me?.sessions?.length} in the other.`);

say('4. The phone logs in too, and the laptop adds an authenticator app.');
const phone = openPage('phone');
await phone.client.mutation(LoginDocument, { input: { login: name, password, deviceName: 'Phone', transport: 'COOKIE' } });
const { data: started } = await laptop.client.mutation(StartTotpDocument, {});
const secret = started?.startTotp?.totp?.secret ?? '';
const challenge = started?.startTotp?.challenge ?? '';
const { data: added } = await laptop.client.mutation(ConfirmTotpDocument, { input: { challenge, totpCode: appCode(secret) } });
const [recoveryCode = '', another = ''] = added?.confirmTotp?.recoveryCodes ?? [];

say('5. The phone changes the address. It has shown a password only, so it is asked for more.');
await withStepUp(
  () => phone.client.mutation(ChangeEmailDocument, { input: { email: `new-${email}`, password } }),
  async (level) => {
    say(`   The service asks who is there (${level}). A recovery code says it.`);
    const { data } = await phone.client.mutation(StepUpDocument, { input: { answer: { recoveryCode } } });
    return Boolean(data?.stepUp?.tokens);
  },
);
email = `new-${email}`;
token = await mailedToken(service, email, 'confirm_new_email');
await phone.client.mutation(ConfirmEmailDocument, { input: { token } });
await phone.client.mutation(ChangeUsernameDocument, { input: { username: `${name}.new` } });

say('6. A new password logs the laptop out, which finds that with its next request.');
const newPassword = 'a quiet lamp by the river';
await phone.client.mutation(ChangePasswordDocument, { input: { currentPassword: password, newPassword } });
await laptop.client.query(DevicesDocument, {});

say('7. The new password is forgotten, and a mailed link sets another.');
await laptop.client.mutation(RequestPasswordResetDocument, { input: { email } });
password = 'nine green bottles on a wall';
token = await mailedToken(service, email, 'password_reset');
await laptop.client.mutation(ResetPasswordDocument, { input: { token, newPassword: password } });

say('8. The laptop logs in, in two steps.');
const { data: begun } = await laptop.client.mutation(LoginDocument, { input: { login: email, password, transport: 'COOKIE' } });
const step = begun?.login?.step;
say(`   ${step?.__typename}: ${begun?.login?.errors.map((error) => error.message)}`);
const answer = { totpCode: appCode(secret, 1) }; // the one of before is used up
await laptop.client.mutation(ContinueLoginDocument, { input: { challenge: step?.challenge ?? '', answer } });

say('9. It logs out, and in again, and the account ends.');
await laptop.client.mutation(LogoutDocument, {});
const { data: again } = await laptop.client.mutation(LoginDocument, { input: { login: email, password, transport: 'COOKIE' } });
const last = { challenge: again?.login?.step?.challenge ?? '', answer: { recoveryCode: another } };
await laptop.client.mutation(ContinueLoginDocument, { input: last });
const { data: ended } = await laptop.client.mutation(DeleteAccountDocument, { input: { password } });
say(`   ${ended?.deleteAccount?.deletedUserId} is gone.`);
