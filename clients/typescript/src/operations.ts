/** The client's own operations, and what comes of each. */
import type {
  EnrolmentStep, LoginPayload, NewPasswordStep, Passkey, RegisterPayload, RequestLoginCodePayload, SecondFactorStep, StartPasskeyLoginPayload,
  StartPasskeyPayload, StartStepUpPayload, Tokens, UserError,
} from './schema.js';
import { textOf } from './document.js';
import type { Document } from './types.js';

const errors = 'errors { code message field limit }';
const tokens = 'tokens { accessToken accessTokenExpiresIn refreshToken }';
const step = `step {
  __typename challenge
  ... on SecondFactorStep { factors passkeyOptions mayRememberDevice }
  ... on EnrolmentStep { totp { secret uri qrCode } passkeyOptions }
}`;

export type NewTokens = Pick<Tokens, 'accessToken' | 'accessTokenExpiresIn' | 'refreshToken'>;

/** What is asked for next, as it is selected above; of a type that this version does not know, only its name. */
export type StepData =
  | Pick<SecondFactorStep, '__typename' | 'challenge' | 'factors' | 'passkeyOptions' | 'mayRememberDevice'>
  | Pick<EnrolmentStep, '__typename' | 'challenge' | 'totp' | 'passkeyOptions'>
  | Pick<NewPasswordStep, '__typename' | 'challenge'>;

interface Payload { readonly errors: readonly UserError[] }

/** The user as the app selects it, and whose account that is. */
interface Signed<U> {
  readonly user: U | null;
  readonly account: Account | null;
}

export interface Account { readonly id: string }

export interface OpenedPayload<U> extends Payload, Signed<U> {
  readonly tokens: NewTokens | null;
  readonly step: StepData | null;
  readonly deviceToken: string | null;
  readonly recoveryCodes?: LoginPayload['recoveryCodes'];
}

/** What each mutation comes to: its one field. */
export interface Answers<U> {
  login: OpenedPayload<U>;
  continueLogin: OpenedPayload<U>;
  confirmEmail: OpenedPayload<U>;
  refresh: Payload & Signed<U> & { readonly tokens: NewTokens | null };
  logout: Payload;
  startPasskeyLogin: Pick<StartPasskeyLoginPayload, 'challenge' | 'passkeyOptions' | 'errors'>;
  requestLoginCode: Pick<RequestLoginCodePayload, 'challenge' | 'reference' | 'errors'>;
  startStepUp: Pick<StartStepUpPayload, 'proofs' | 'challenge' | 'passkeyOptions' | 'errors'>;
  stepUp: Payload & { readonly tokens: NewTokens | null };
  register: Pick<RegisterPayload, 'email' | 'errors'>;
  resendConfirmation: Payload;
  requestPasswordReset: Payload;
  resetPassword: Payload;
  startPasskey: Pick<StartPasskeyPayload, 'challenge' | 'passkeyOptions' | 'errors'>;
  addPasskey: Payload & Signed<U> & { readonly passkey: Passkey | null };
  removeFactor: Payload & Signed<U>;
}

export type Operations = { readonly [Name in keyof Answers<any> | 'me']: string };

export type Me<U> = { readonly me: U | null; readonly account: Account | null };

/** The documents, which select of the user what the app wants to know. */
export function createOperations(userFragment: Document<any, any> | undefined): Operations {
  const fragment = userFragment === undefined ? 'fragment LatchkeyUser on User { id username email role }' : textOf(userFragment);
  const name = /fragment\s+(\w+)\s+on\s+User\b/.exec(fragment)?.[1];
  if (!name) throw new TypeError('The option `user` is no fragment on User.');
  const user = `user { ...${name} } account: user { id }`;
  const mutation = (field: string, selection: string) => {
    const type = `${field[0]!.toUpperCase()}${field.slice(1)}Input!`;
    const document = `mutation Latchkey_${field}($input: ${type}) { ${field}(input: $input) { ${selection} ${errors} } }`;
    return document.includes(`...${name} `) ? `${document}\n${fragment}` : document;
  };
  const bare = (field: string, selection: string) => `mutation Latchkey_${field} { ${field} { ${selection} ${errors} } }`;
  return {
    login: mutation('login', `${user} ${tokens} ${step} recoveryCodes deviceToken`),
    continueLogin: mutation('continueLogin', `${user} ${tokens} ${step} recoveryCodes deviceToken`),
    confirmEmail: mutation('confirmEmail', `${user} ${tokens} ${step} deviceToken`),
    refresh: mutation('refresh', `${user} ${tokens}`),
    logout: mutation('logout', ''),
    me: `query Latchkey_me { me { ...${name} } account: me { id } }\n${fragment}`,
    startPasskeyLogin: mutation('startPasskeyLogin', 'challenge passkeyOptions'),
    requestLoginCode: mutation('requestLoginCode', 'challenge reference'),
    startStepUp: bare('startStepUp', 'proofs challenge passkeyOptions'),
    stepUp: mutation('stepUp', tokens),
    register: mutation('register', 'email'),
    resendConfirmation: mutation('resendConfirmation', ''),
    requestPasswordReset: mutation('requestPasswordReset', ''),
    resetPassword: mutation('resetPassword', ''),
    startPasskey: bare('startPasskey', 'challenge passkeyOptions'),
    addPasskey: mutation('addPasskey', `${user} passkey { __typename id name createdAt lastUsedAt credentialId synced }`),
    removeFactor: mutation('removeFactor', user),
  };
}

export const loginMethods = '{ loginMethods { password passkeys emailCode registration secondFactor } }';
export const passkeysOfUser = '{ me { passkeyUserId factors { ... on Passkey { credentialId } } } }';
