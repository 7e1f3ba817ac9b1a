/** Passkeys: logging in by a button and by autofill, adding and removing them, and telling the browser what is left. */
import { persist } from './attempt.js';
import { createAutofill } from './autofill.js';
import { credentialFor, isNamed } from './authenticator.js';
import { LatchkeyError } from './errors.js';
import type { Logins } from './login.js';
import { sorted } from './mistakes.js';
import { type Answers, type Operations, passkeysOfUser } from './operations.js';
import type { Authenticator, Options } from './options.js';
import { platform } from './platform.js';
import type { Keeper } from './keeper.js';
import type { Attempt, Cancelled, Client, LoginResult, PasskeyOptions } from './types.js';
import type { Vault } from './vault.js';
import type { Wire } from './wire.js';

export type Passkeys<U> = Pick<Client<U>, 'loginWithPasskey' | 'passkeyAutofill' | 'addPasskey' | 'removeFactor' | 'signalPasskeys'>;

interface Parts<U> {
  readonly options: Options<U>;
  readonly wire: Wire;
  readonly vault: Vault;
  readonly keeper: Keeper<U>;
  readonly operations: Operations;
  readonly authenticator: Authenticator | null;
  readonly answer: Logins<U>['answer'];
  readonly attempt: () => Attempt;
}

export function createPasskeys<U>({ options, wire, vault, keeper, operations, authenticator, answer, attempt }: Parts<U>): Passkeys<U> {
  let domain: string | null = null; // what passkeys are made for here, as options of the service say
  const autofill = createAutofill<U>(keeper.session, (how) => logIn(how), authenticator);

  const asUser = async <Name extends 'startPasskey' | 'addPasskey' | 'removeFactor'>(name: Name, input?: object): Promise<Answers<U>[Name]> => {
    const data = await persist(attempt(), (accessToken) => wire.send<Answers<U>>(operations[name], { input }, { accessToken }));
    return data[name];
  };

  /** The beginning of a login, which names nobody. */
  async function start(): Promise<{ challenge: string; publicKey: { rpId: string } }> {
    const input = { deviceName: options.deviceName, transport: vault.transport };
    const { startPasskeyLogin } = await wire.send<Answers<U>>(operations.startPasskeyLogin, { input });
    const { challenge, passkeyOptions, errors } = startPasskeyLogin;
    if (!challenge || !passkeyOptions) throw new LatchkeyError('INTERNAL', errors[0]?.message ?? 'There is no challenge.');
    const publicKey = JSON.parse(passkeyOptions);
    domain = publicKey.rpId;
    return { challenge, publicKey };
  }

  async function logIn(how: PasskeyOptions & { mediation?: 'conditional' }): Promise<LoginResult<U> | Cancelled> {
    const { challenge, publicKey } = await start();
    const passkey = await credentialFor(() => needed(authenticator).get(publicKey, how));
    if (passkey === null) return { status: 'cancelled' };
    const result = await answer(challenge, { passkey });
    if (result.status === 'mistakes' && result.mistakes.all.some(({ code }) => code === 'PASSKEY_UNKNOWN')) {
      await platform.PublicKeyCredential?.signalUnknownCredential?.({ rpId: publicKey.rpId, credentialId: JSON.parse(passkey).id });
    }
    return result;
  }

  async function signalPasskeys() {
    const signal = platform.PublicKeyCredential?.signalAllAcceptedCredentials;
    if (!signal) return;
    const rpId = domain ?? (await start()).publicKey.rpId;
    const { me } = await persist(attempt(), (accessToken) =>
      wire.send<{ me: { passkeyUserId: string; factors: { credentialId?: string }[] } | null }>(passkeysOfUser, {}, { accessToken }));
    if (!me) return;
    const allAcceptedCredentialIds = me.factors.flatMap(({ credentialId }) => credentialId ?? []);
    await signal.call(platform.PublicKeyCredential, { rpId, userId: me.passkeyUserId, allAcceptedCredentialIds });
  }

  return {
    signalPasskeys,
    loginWithPasskey: (how = {}) => autofill.makeWay(() => logIn(how)),
    passkeyAutofill: autofill.offer,
    async addPasskey({ name, signal } = {}) {
      const { challenge, passkeyOptions, errors } = await asUser('startPasskey');
      if (!challenge || !passkeyOptions) return { status: 'mistakes', mistakes: sorted(errors) };
      let passkey: string | null;
      try {
        passkey = await credentialFor(() => needed(authenticator).create(JSON.parse(passkeyOptions), { signal }));
      } catch (error) {
        if (!isNamed(error, 'InvalidStateError')) throw error;
        return { status: 'mistakes', mistakes: sorted([{ code: 'PASSKEY_TAKEN', message: 'This device has a passkey of this account already.' }]) };
      }
      if (passkey === null) return { status: 'cancelled' };
      const added = await asUser('addPasskey', { challenge, passkey, name });
      if (!added.passkey || !added.user || !added.account) return { status: 'mistakes', mistakes: sorted(added.errors) };
      keeper.update(added.user, added.account);
      return { status: 'added', passkey: added.passkey, user: added.user };
    },
    async removeFactor(factorId) {
      const { user, account, errors } = await asUser('removeFactor', { factorId });
      if (errors.length || !user || !account) return { status: 'mistakes', mistakes: sorted(errors) };
      keeper.update(user, account);
      await signalPasskeys().catch(() => {}); // the factor is gone, whatever becomes of this
      return { status: 'removed', user };
    },
  };
}

function needed(authenticator: Authenticator | null): Authenticator {
  if (!authenticator) throw new TypeError('There are no passkeys on this platform: see the option `authenticator`.');
  return authenticator;
}
