// What the tests need beside the example itself.
import { createHmac, randomBytes } from 'node:crypto';
import { browserFetch } from '../src/browser.js';
import { makeClient } from '../src/client.js';
import { mailedToken } from '../src/development.js';
import { ConfirmEmailDocument, LoginDocument, type MeFragment, RegisterDocument } from '../src/gql/graphql.js';

export const service = process.env.LATCHKEY_URL ?? 'http://localhost:8080';

/** The names of operations that went over the line, and what else a test wants to see of them or do to them. */
interface Line {
  sent: string[];
  /** Makes another request of one: of its name, its address and its headers. */
  change: (name: string, address: string, headers: Headers) => string;
}

/** A page of a browser that a test can look into. With the fetch of another page it is a tab of the same browser. */
export function page(fetch = browserFetch('http://localhost:5173')) {
  const users: (string | undefined)[] = [];
  const line: Line = { sent: [], change: (_, address) => address };
  const watched: typeof globalThis.fetch = (input, init) => {
    const name = /(?:query|mutation) (\w+)/.exec(String(init?.body))?.[1] ?? '';
    line.sent.push(name);
    const headers = new Headers(init?.headers);
    return fetch(line.change(name, String(input), headers), { ...init, headers });
  };
  const onUser = (user: MeFragment | null) => users.push(user?.username);
  return { fetch, line, users, client: makeClient({ url: `${service}/graphql`, onUser, fetch: watched }) };
}

/** Somebody who registered, confirmed and is logged in on a page. */
export async function newcomer() {
  const username = `u${randomBytes(8).toString('hex')}`;
  const who = { username, email: `${username}@example.org`, password: `correct horse ${username.slice(1, 9)} battery` };
  const at = page();
  await at.client.mutation(RegisterDocument, { input: { ...who } });
  const token = await mailedToken(service, who.email, 'confirm_registration');
  await at.client.mutation(ConfirmEmailDocument, { input: { token, transport: 'COOKIE' } });
  return { ...who, ...at };
}

/** The payload of a login with the cookie. */
export async function login(client: ReturnType<typeof page>['client'], login: string, password: string) {
  const { data } = await client.mutation(LoginDocument, { input: { login, password, transport: 'COOKIE' } });
  return data?.login;
}

/** Makes the access token of a request one whose time is over, signed with the service's own SECRET_KEY. */
export function expire(headers: Headers): void {
  const [header, claims] = headers.get('authorization')?.replace('Bearer ', '').split('.') ?? [];
  if (!header || !claims) return;
  const past = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), iat: 1, exp: 2 };
  const text = `${header}.${Buffer.from(JSON.stringify(past)).toString('base64url')}`;
  const signature = createHmac('sha256', process.env.SECRET_KEY ?? '').update(text).digest('base64url');
  headers.set('authorization', `Bearer ${text}.${signature}`);
}
