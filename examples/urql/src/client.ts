// An urql client whose user stays logged in. The access token is kept in memory, the refresh token in a cookie.
import { authExchange } from '@urql/exchange-auth';
import { Client, type Exchange, fetchExchange, makeOperation, mapExchange, type Operation } from '@urql/core';
import { failureOf } from './failure.js';
import { type MeFragment, RefreshDocument } from './gql/graphql.js';

export interface Options {
  /** The service's API: `https://auth.example.org/graphql`. */
  url: string;
  /** Told who is logged in: once the page is open, and at each change. Null is nobody. */
  onUser: (user: MeFragment | null) => void;
  /** Exchanges that come before, such as a cache. Have `onUser` make a new client where that keeps what is private. */
  exchanges?: Exchange[];
  fetch?: typeof fetch;
}

export function makeClient({ url, onUser, exchanges = [], fetch }: Options): Client {
  let accessToken: string | undefined;

  function nobody() {
    accessToken = undefined;
    onUser(null);
  }

  // Whatever brings tokens, the page has them: login, continueLogin, confirmEmail, refresh and stepUp.
  const keepTokens = mapExchange({
    onResult({ data, operation }) {
      if (operation.kind !== 'mutation' || !data) return;
      for (const payload of Object.values<Payload | null>(data)) {
        if (payload?.tokens) accessToken = payload.tokens.accessToken;
        if (payload?.tokens && payload.user) onUser(payload.user);
      }
      if (data.logout || data.deleteAccount?.deletedUserId) nobody();
    },
  });

  // It keeps operations waiting while `refreshAuth` runs, and sends each once more.
  const auth = authExchange(async (utilities) => {
    let refused: string | undefined; // what the operation had that was refused last

    async function refresh() {
      const { data, error } = await utilities.mutate(RefreshDocument, {});
      if (error) throw error; // the service is away, which is no logout: what waits fails by that
      if (!data?.refresh?.tokens) nobody(); // TOKEN_INVALID: no cookie, or its session has ended
    }

    await refresh(); // the page has just been opened: only the cookie knows who is there
    return {
      addAuthToOperation(operation) {
        const before = tokenOf(operation); // of an operation that is repeated
        if (before && userOf(before) !== userOf(accessToken)) return operation; // somebody else has logged in in another tab
        return accessToken ? withToken(operation, accessToken) : operation;
      },

      didAuthError(error, operation) {
        const failure = failureOf(error);
        if (failure?.code !== 'UNAUTHENTICATED') return false;
        refused = tokenOf(operation);
        if (failure.reason !== 'REVOKED' || refused !== accessToken) return true; // EXPIRED, INVALID, MISSING
        nobody(); // logged out from another device, or the account was disabled: there is nothing to refresh
        return false;
      },

      async refreshAuth() {
        if (refused === accessToken) await refresh(); // else an answer came late, and there is a new one already
      },
    };
  });

  return new Client({
    url,
    fetch,
    fetchOptions: { credentials: 'include' }, // for the cookie
    preferGetMethod: false, // queries by POST: addresses end up in logs, and variables may be private
    exchanges: [...exchanges, auth, keepTokens, fetchExchange],
  });
}

interface Payload {
  user?: MeFragment | null;
  tokens?: { accessToken: string } | null;
}

const withToken = (operation: Operation, token: string): Operation =>
  makeOperation(operation.kind, operation, {
    ...operation.context,
    accessToken: token,
    fetchOptions: { ...operation.context.fetchOptions, headers: { authorization: `Bearer ${token}` } },
  });

const tokenOf = (operation: Operation): string | undefined => operation.context.accessToken;

/** The id of the user whose token this is. */
const userOf = (token?: string): unknown =>
  token && JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))).sub;
