// Drives the code of docs/frontends.md as a page would, compiled into the folder given first, as the user whose login and
// password follow, and then with the cookie of another, whose follow those. Prints a line of JSON for each client: who was signed in when two requests came at once with an access
// token whose time is over, and what was sent for them; whether a request failed whose refresh found no service, and who
// was signed in when it was back; and whose a request was that began before the other logged in. SECRET_KEY is the service's.
import { createHmac } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import relay from 'relay-runtime';
import { LOGIN, ME, loginRequest, meRequest } from './operations.mjs';

const [folder, login, password, otherLogin, otherPassword] = process.argv.slice(2);
const snippet = (name) => import(pathToFileURL(`${folder}/${name}.js`));
const nobody = (n) => ({ id: `00000000-0000-7000-8000-00000000000${n}` });
const input = { login, password, transport: 'COOKIE' };

// What a browser does: an origin, cookies, and a clock that goes on.
const jar = new Map();
const line = { sent: [], old: new Set(), aging: false, away: false };
const { fetch } = globalThis;
globalThis.fetch = async (address, init) => {
  const what = /refresh/.test(init.body) ? 'refresh' : /login/.test(init.body) ? 'login' : 'query';
  line.sent.push(what);
  const headers = new Headers(init.headers);
  headers.set('origin', 'http://localhost:5173');
  if (init.credentials === 'include') headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
  const token = headers.get('authorization');
  if (token && line.aging && !line.sent.includes('refresh')) line.old.add(token);
  if (line.old.has(token)) headers.set('authorization', expired(token));
  if (line.away && what === 'refresh') throw new TypeError('fetch failed');
  const response = await fetch(address, { ...init, headers });
  for (const cookie of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
    /max-age=0/i.test(cookie) ? jar.delete(name) : jar.set(name, value);
  }
  return response;
};

function expired(bearer) {
  const [header, claims] = bearer.replace('Bearer ', '').split('.');
  const past = { ...JSON.parse(Buffer.from(claims, 'base64url')), iat: 1, exp: 2 };
  const text = `${header}.${Buffer.from(JSON.stringify(past)).toString('base64url')}`;
  return `Bearer ${text}.${createHmac('sha256', process.env.SECRET_KEY).update(text).digest('base64url')}`;
}

// Each returns a function that logs in and one that asks who is signed in.
const clients = {
  fetch: async () => {
    const { ask } = await snippet('plain');
    return { logIn: () => ask(LOGIN, { input }), me: (variables) => ask(ME, variables) };
  },
  Apollo: async () => {
    const { gql } = await import('@apollo/client/core');
    const { apollo } = await snippet('apollo');
    return {
      logIn: () => apollo.mutate({ mutation: gql(LOGIN), variables: { input } }),
      me: async (variables) => (await apollo.query({ query: gql(ME), variables, fetchPolicy: 'network-only' })).data,
    };
  },
  urql: async () => {
    const { urql } = await snippet('urql');
    return {
      logIn: () => urql.mutation(LOGIN, { input }),
      me: async (variables) => {
        const { data, error } = await urql.query(ME, variables, { requestPolicy: 'network-only' });
        if (error) throw error;
        return data;
      },
    };
  },
  'graphql-request': async () => {
    const { client } = await snippet('graphqlrequest');
    return { logIn: () => client.request(LOGIN, { input }), me: (variables) => client.request(ME, variables) };
  },
  Relay: async () => {
    const { environment } = await snippet('relay');
    return {
      logIn: () => new Promise((onCompleted, onError) => {
        relay.commitMutation(environment, { mutation: loginRequest, variables: { input }, onCompleted, onError });
      }),
      me: (variables) => relay.fetchQuery(environment, meRequest, variables).toPromise(),
    };
  },
};

const { api, refresh } = await snippet('auth');
await refresh(); // of a visitor who never logged in

/** Has the other log in in another tab: only the cookies know. */
async function another() {
  const variables = { input: { login: otherLogin, password: otherPassword, transport: 'COOKIE' } };
  const headers = { 'content-type': 'application/json' };
  await globalThis.fetch(api, { method: 'POST', headers, body: JSON.stringify({ query: LOGIN, variables }), credentials: 'include' });
}

for (const [name, make] of Object.entries(clients)) {
  const { logIn, me } = await make();
  await logIn();
  Object.assign(line, { sent: [], aging: true });
  const users = await Promise.all([me(nobody(1)), me(nobody(2))]);
  const { sent } = line;
  Object.assign(line, { sent: [], away: true });
  const failed = await me(nobody(3)).then(() => false, () => true);
  Object.assign(line, { away: false, aging: false });
  const after = await me(nobody(4));
  await another();
  Object.assign(line, { sent: [], aging: true });
  const taken = await me(nobody(5)).then((data) => data.me?.username ?? 'nobody', () => 'nobody');
  line.aging = false;
  console.log(JSON.stringify({
    name, users: users.map((data) => data.me.username), sent: sent.sort().join(' '), failed, after: after.me.username, taken,
  }));
}
