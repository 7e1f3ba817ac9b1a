/** What somebody who is not signed in may do with an account. */
import { sorted } from './mistakes.js';
import { type Answers, loginMethods, type Operations } from './operations.js';
import type { LoginMethods, UserError } from './schema.js';
import type { Client, Outcome } from './types.js';
import type { Wire } from './wire.js';

export type Accounts = Pick<Client, 'loginMethods' | 'register' | 'resendConfirmation' | 'requestPasswordReset' | 'resetPassword'>;

export function createAccounts(wire: Wire, operations: Operations): Accounts {
  const send = async <Name extends keyof Answers<unknown>>(name: Name, input: object): Promise<Answers<unknown>[Name]> =>
    (await wire.send<Answers<unknown>>(operations[name], { input }))[name];
  return {
    loginMethods: async () => (await wire.send<{ loginMethods: LoginMethods }>(loginMethods)).loginMethods,
    async register(input) {
      const { email, errors } = await send('register', input);
      return email === null ? { status: 'mistakes', mistakes: sorted(errors) } : { status: 'mailed', email };
    },
    resendConfirmation: async (input) => outcomeOf(await send('resendConfirmation', input)),
    requestPasswordReset: async (input) => outcomeOf(await send('requestPasswordReset', input)),
    resetPassword: async (input) => outcomeOf(await send('resetPassword', input)),
  };
}

function outcomeOf<Field extends string>({ errors }: { errors: readonly UserError[] }): Outcome<Field> {
  return errors.length ? { status: 'mistakes', mistakes: sorted(errors) } : { status: 'done' };
}
