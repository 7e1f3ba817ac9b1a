// What the tests need beside the example itself.
import { createHmac, randomBytes } from 'node:crypto';
import { mailedToken } from '../src/development.js';
import { RegisterDocument } from '../src/gql/graphql.js';
import { type Kept, type Options, Session } from '../src/session.js';

export const service = process.env.LATCHKEY_URL ?? 'http://localhost:8080';

/** A device whose store a test can look into, and which counts the operations that it sends. */
export async function device(kept: Kept = {}, options: Partial<Options> = {}) {
  const store = { kept, read: async () => store.kept, write: async (next: Kept) => void (store.kept = next) };
  const sent: string[] = [];
  const send = options.fetch ?? fetch;
  const counting: typeof fetch = (input, init) => {
    sent.push(/(?:query|mutation) (\w+)/.exec(String(init?.body))?.[1] ?? '');
    return send(input, init);
  };
  const session = await Session.open({ url: `${service}/graphql`, store, ...options, fetch: counting });
  return { session, store, sent };
}

/** Somebody who registered, confirmed and is logged in on a device. */
export async function newcomer() {
  const username = `u${randomBytes(8).toString('hex')}`;
  const who = { username, email: `${username}@example.org`, password: `correct horse ${username.slice(1, 9)} battery` };
  const at = await device();
  await at.session.ask(RegisterDocument, { input: { ...who } });
  await at.session.confirmEmail({ token: await mailedToken(service, who.email, 'confirm_registration') });
  return { ...who, ...at };
}

/** The same access token as it is after its time, signed with the service's own SECRET_KEY. */
export function expired(accessToken = ''): string {
  const [header, claims] = accessToken.split('.');
  const past = { ...JSON.parse(Buffer.from(claims ?? '', 'base64url').toString()), iat: 1, exp: 2 };
  const text = `${header}.${Buffer.from(JSON.stringify(past)).toString('base64url')}`;
  return `${text}.${createHmac('sha256', process.env.SECRET_KEY ?? '').update(text).digest('base64url')}`;
}
