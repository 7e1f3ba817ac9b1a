import { ApolloLink } from '@apollo/client/link';
import { concatMap, defer, from, type Observable, of } from 'rxjs';
import { errorOf } from './errors.js';
import type { Client } from './types.js';

/** A link for Latchkey's own API, before the `HttpLink`: it sends the access token, refreshes, and asks for a step-up. */
export function latchkeyLink(latchkey: Pick<Client<any>, 'attempt'>): ApolloLink {
  return new ApolloLink((operation, forward) => defer(() => {
    const attempt = latchkey.attempt();
    const send = (): Observable<ApolloLink.Result> => from(attempt.accessToken()).pipe(
      concatMap((accessToken) => {
        const authorization = accessToken ? { authorization: `Bearer ${accessToken}` } : {};
        operation.setContext(({ headers }) => ({ headers: { ...headers, ...authorization } }));
        return forward(operation);
      }),
      concatMap(async (result) => {
        const failure = errorOf(result);
        return { result, again: failure !== null && (await attempt.again(failure)) };
      }),
      concatMap(({ result, again }) => (again ? send() : of(result))),
    );
    return send();
  }));
}
