import { type CombinedError, type Exchange, makeErrorResult, makeOperation, type Operation, type OperationResult } from '@urql/core';
import { filter, fromPromise, makeSubject, map, merge, mergeMap, pipe, share, takeUntil } from 'wonka';
import { errorOf } from './errors.js';
import type { Attempt, Client } from './types.js';

/** An exchange for Latchkey's own API, before the `fetchExchange`: it sends the access token, refreshes, and asks for a step-up. */
export function latchkeyExchange(latchkey: Pick<Client<any>, 'attempt'>): Exchange {
  return ({ forward }) => (operations$) => {
    const incoming$ = pipe(operations$, share);
    const repeated = makeSubject<Operation>();
    const teardowns$ = pipe(incoming$, filter(({ kind }) => kind === 'teardown'));

    const prepared$ = pipe(
      merge([pipe(incoming$, filter(({ kind }) => kind !== 'teardown'), map((operation) => begun(operation, latchkey.attempt()))), repeated.source]),
      mergeMap((operation) => pipe(
        fromPromise(authorized(operation).catch((error) => makeErrorResult(operation, error))),
        takeUntil(pipe(teardowns$, filter(({ key }) => key === operation.key))),
      )),
      share,
    );
    const sent$ = pipe(prepared$, filter((prepared): prepared is Operation => 'kind' in prepared));
    const unsent$ = pipe(prepared$, filter((prepared): prepared is OperationResult => !('kind' in prepared)));

    const results$ = pipe(
      forward(merge([sent$, teardowns$])),
      mergeMap((result) => fromPromise(settled(result).catch((error) => makeErrorResult(result.operation, error)))),
      filter((result) => result !== null),
    );
    return merge([results$, unsent$]);

    /** The result, or null if its operation is sent again. */
    async function settled(result: OperationResult): Promise<OperationResult | null> {
      const failure = errorOf(result.error as CombinedError | undefined);
      if (!failure || !(await attemptOf(result.operation).again(failure))) return result;
      repeated.next(result.operation);
      return null;
    }
  };
}

/** An operation carries its attempt in its context, so that its result finds it. */
function begun(operation: Operation, attempt: Attempt): Operation {
  return makeOperation(operation.kind, operation, { ...operation.context, latchkey: attempt });
}

function attemptOf(operation: Operation): Attempt {
  return operation.context['latchkey'];
}

async function authorized(operation: Operation): Promise<Operation> {
  const accessToken = await attemptOf(operation).accessToken();
  if (!accessToken) return operation;
  const given = operation.context.fetchOptions;
  const fetchOptions = (typeof given === 'function' ? given() : given) ?? {};
  const headers = new Headers(fetchOptions.headers);
  headers.set('authorization', `Bearer ${accessToken}`);
  return makeOperation(operation.kind, operation, { ...operation.context, fetchOptions: { ...fetchOptions, headers: Object.fromEntries(headers) } });
}
