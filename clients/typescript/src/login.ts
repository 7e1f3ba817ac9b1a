/** Logins: how each begins, and how its steps carry it to its end. */
import { credentialFor } from './authenticator.js';
import type { Keeper } from './keeper.js';
import { sorted } from './mistakes.js';
import type { Answers, OpenedPayload, Operations, StepData } from './operations.js';
import type { Authenticator, Options } from './options.js';
import type { LoginAnswer, UserError } from './schema.js';
import type { Cancelled, Client, LoginResult, LoginStep } from './types.js';
import type { Vault } from './vault.js';
import type { Wire } from './wire.js';

export interface Logins<U> extends Pick<Client<U>, 'login' | 'loginWithEmailCode' | 'confirmEmail' | 'logout'> {
  /** Answers the challenge of a login that has begun. */
  answer(challenge: string, answer: LoginAnswer, more?: { rememberDevice?: boolean }): Promise<LoginResult<U, 'answer'>>;
}

interface Parts<U> {
  readonly options: Options<U>;
  readonly wire: Wire;
  readonly vault: Vault;
  readonly keeper: Keeper<U>;
  readonly operations: Operations;
  readonly authenticator: Authenticator | null;
  /** Is called behind each login. */
  readonly opened: () => void;
}

export function createLogins<U>({ options, wire, vault, keeper, operations, authenticator, opened }: Parts<U>): Logins<U> {
  const device = { deviceName: options.deviceName, transport: vault.transport };

  const send = async <Name extends keyof Answers<U>>(name: Name, input: object): Promise<Answers<U>[Name]> =>
    (await wire.send<Answers<U>>(operations[name], { input }))[name];

  /** Sends what may open a session, with no refresh beside it, and takes the tokens in. */
  const open = (name: 'login' | 'continueLogin' | 'confirmEmail', input: object) => keeper.exclusive(async () => {
    const payload = await send(name, input);
    const { user, account, tokens, deviceToken } = payload;
    if (tokens && user && account) {
      await vault.opened(tokens.refreshToken, deviceToken);
      keeper.signIn(user, account, tokens);
      opened();
    }
    return payload;
  });

  const answer: Logins<U>['answer'] = async (challenge, given, { rememberDevice = false } = {}) => {
    const deviceToken = await vault.deviceToken();
    const payload = await open('continueLogin', { challenge, answer: given, rememberDevice, deviceToken });
    const over = payload.errors.some(({ code }) => code === 'CHALLENGE_INVALID' || code === 'ACCOUNT_DISABLED');
    return resultOf<'answer'>(payload, over);
  };

  function resultOf<Field extends string>(payload: OpenedPayload<U>, over: boolean): LoginResult<U, Field> {
    const { user, tokens, step, errors, recoveryCodes = null } = payload;
    if (tokens && user) return { status: 'signed-in', user, recoveryCodes };
    const next = step && stepOf(step);
    return next ? { status: 'step', step: next } : refused(errors, over);
  }

  function stepOf(step: StepData): LoginStep<U> | null {
    const { challenge } = step;
    switch (step.__typename) {
      case 'SecondFactorStep': {
        const { factors, mayRememberDevice, passkeyOptions } = step;
        const withPasskey = passkey(passkeyOptions, 'get', challenge);
        return { kind: 'second-factor', factors, mayRememberDevice, withPasskey, answer: (given, more) => answer(challenge, given, more) };
      }
      case 'EnrolmentStep': {
        const { totp, passkeyOptions } = step;
        return { kind: 'enrolment', totp, withPasskey: passkey(passkeyOptions, 'create', challenge), answer: (given) => answer(challenge, given) };
      }
      case 'NewPasswordStep':
        return { kind: 'new-password', answer: (given) => answer(challenge, given) };
      default:
        return null; // of a later version: the error beside it says what is needed
    }
  }

  function passkey(passkeyOptions: string | null, make: 'create' | 'get', challenge: string) {
    if (!passkeyOptions || !authenticator) return null;
    return async (more: { rememberDevice?: boolean; signal?: AbortSignal } = {}): Promise<LoginResult<U, 'answer'> | Cancelled> => {
      const made = await credentialFor(() => authenticator[make](JSON.parse(passkeyOptions), more));
      return made === null ? { status: 'cancelled' } : answer(challenge, { passkey: made }, more);
    };
  }

  return {
    answer,
    async login(input) {
      const deviceToken = await vault.deviceToken();
      return resultOf(await open('login', { ...input, ...device, deviceToken }), false);
    },
    async loginWithEmailCode(input) {
      const { challenge, reference, errors } = await send('requestLoginCode', { ...input, ...device });
      if (!challenge || !reference) return refused(errors, false);
      return { status: 'step', step: { kind: 'email-code', reference, answer: (given) => answer(challenge, given) } };
    },
    async confirmEmail(input) {
      const payload = await open('confirmEmail', { ...input, ...device });
      if (!payload.tokens && payload.errors.length === 0) return { status: 'confirmed' };
      return resultOf(payload, false);
    },
    logout: () => keeper.exclusive(async () => {
      const refreshToken = await vault.refreshToken();
      await wire.send(operations.logout, { input: { refreshToken } }, { accessToken: keeper.lastToken() });
      await vault.traded(refreshToken, null);
      keeper.signOut('logout');
    }),
  };
}

function refused<Field extends string>(errors: readonly UserError[], over: boolean) {
  return { status: 'mistakes', mistakes: sorted<Field>(errors), over } as const;
}
