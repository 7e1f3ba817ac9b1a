// The life of an account, told in a terminal: `npm start`, beside a service in development.
import { randomBytes } from 'node:crypto';
import { appCode, mailedToken } from './development.js';
import {
  ChangeEmailDocument, ChangePasswordDocument, ChangeUsernameDocument, ConfirmTotpDocument, DeleteAccountDocument, DevicesDocument,
  MeDocument, RegisterDocument, RequestPasswordResetDocument, ResetPasswordDocument, StartTotpDocument,
} from './gql/graphql.js';
import { byField } from './mistakes.js';
import { type Kept, Session, type Store } from './session.js';

const service = process.env.LATCHKEY_URL ?? 'http://localhost:8080';
const say = (line: string) => console.log(line);

/** Keeps tokens for as long as the program runs. One that people start again keeps them in a file of mode 0600. */
function inMemory(kept: Kept = {}): Store {
  return {
    read: async () => kept,
    write: async (next) => void (kept = next),
  };
}

const name = `ada${randomBytes(4).toString('hex')}`;
let email = `${name}@example.org`;
let password = 'correct horse battery';
let recoveryCodes: string[] = [];

const open = () =>
  Session.open({
    url: `${service}/graphql`,
    store: inMemory(),
    prove: async (level) => {
      say(`   The service asks who is there (${level}). A recovery code says it.`);
      return { answer: { recoveryCode: recoveryCodes.pop() ?? '' } };
    },
  });
const laptop = await open();
const phone = await open();

say(`1. ${name} registers. The first password is refused, beside its field:`);
const refused = await laptop.ask(RegisterDocument, { input: { email, username: name, password: '1234567' } });
say(`   ${JSON.stringify(byField(refused.register?.errors ?? []))}`);
await laptop.ask(RegisterDocument, { input: { email, username: name, password } });

say('2. A mail brings a link. Following it confirms the address and logs the laptop in.');
await laptop.confirmEmail({ token: await mailedToken(service, email, 'confirm_registration'), deviceName: 'Laptop' });
say(`   ${JSON.stringify((await laptop.ask(MeDocument, {})).me)}`);

say('3. The phone logs in too.');
await phone.login({ login: name, password, deviceName: 'Phone' });
const { me } = await phone.ask(DevicesDocument, {});
say(`   ${me?.sessions?.map((device) => device.deviceName).join(' and ')} are logged in.`);

say('4. The laptop adds an authenticator app.');
const { startTotp } = await laptop.ask(StartTotpDocument, {});
const secret = startTotp?.totp?.secret ?? '';
const added = await laptop.ask(ConfirmTotpDocument, { input: { challenge: startTotp?.challenge ?? '', totpCode: appCode(secret) } });
recoveryCodes = added.confirmTotp?.recoveryCodes ?? [];
say(`   There are ${recoveryCodes.length} recovery codes for the day when it is lost.`);

say('5. The phone changes the address. It has shown a password only, so it is asked for more.');
await phone.ask(ChangeEmailDocument, { input: { email: `new-${email}`, password } });
email = `new-${email}`;
await phone.confirmEmail({ token: await mailedToken(service, email, 'confirm_new_email') });
await phone.ask(ChangeUsernameDocument, { input: { username: `${name}.new` } });
await phone.ask(ChangePasswordDocument, { input: { currentPassword: password, newPassword: 'a quiet lamp by the river' } });
password = 'a quiet lamp by the river';
say(`   ${JSON.stringify((await phone.ask(MeDocument, {})).me)}`);

say('6. A new password logged the laptop out. Then it is forgotten, and a mailed link sets another.');
await laptop.forget();
await laptop.ask(RequestPasswordResetDocument, { input: { email } });
password = 'nine green bottles on a wall';
await laptop.ask(ResetPasswordDocument, { input: { token: await mailedToken(service, email, 'password_reset'), newPassword: password } });

say('7. The laptop logs in, in two steps.');
const login = await laptop.login({ login: email, password, deviceName: 'Laptop' });
say(`   ${login?.step?.__typename}: ${login?.errors.map((error) => error.message)}`);
const totpCode = appCode(secret, 1); // the one of before is used up
await laptop.continueLogin({ challenge: login?.step?.challenge ?? '', answer: { totpCode } });

say('8. The account ends.');
const { deleteAccount } = await laptop.ask(DeleteAccountDocument, { input: { password } });
say(`   ${deleteAccount?.deletedUserId} is gone.`);
