// Changes that could lock the owner out ask for a fresh proof of who is there.
import type { AnyVariables, OperationResult } from '@urql/core';
import { failureOf } from './failure.js';

/**
 * Runs a mutation. If it asks for a fresh proof, has `prove` get one, and runs it again. `prove` shows a dialog, sends
 * `stepUp` until an answer holds, and says false if the person gives up. Hooks fit as they are:
 * `withStepUp(() => changeEmail({ input }), prove)`.
 */
export async function withStepUp<Data, Variables extends AnyVariables>(
  run: () => PromiseLike<OperationResult<Data, Variables>>,
  prove: (level: 'aal1' | 'aal2') => Promise<boolean>,
): Promise<OperationResult<Data, Variables>> {
  const result = await run();
  const failure = failureOf(result.error);
  if (failure?.reason !== 'STEP_UP' || !(await prove(failure.level ?? 'aal1'))) return result;
  return run();
}
