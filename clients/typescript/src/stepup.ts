/** Fresh proofs: what waits for one, for the dialog of the app, and its answers. */
import { createAttempt, persist } from './attempt.js';
import { credentialFor } from './authenticator.js';
import { LatchkeyError } from './errors.js';
import type { Keeper } from './keeper.js';
import { sorted } from './mistakes.js';
import type { Answers, Operations } from './operations.js';
import type { Authenticator } from './options.js';
import type { StepUpAnswer } from './schema.js';
import { createStore } from './store.js';
import type { Outcome, StepUp, Store } from './types.js';
import type { Wire } from './wire.js';

export interface StepUps {
  readonly store: Store<StepUp | null>;
  /** Has the person asked, if anybody shows the question. Several operations wait for one answer. */
  ask(level: 'aal1' | 'aal2'): Promise<boolean>;
}

type Offer = Answers<any>['startStepUp'];

export function createStepUps(keeper: Keeper<any>, wire: Wire, operations: Operations, authenticator: Authenticator | null): StepUps {
  const store = createStore<StepUp | null>(null);
  let pending: Promise<boolean> | null = null;

  /** Runs a mutation that itself asks for no fresh proof. */
  async function run<Name extends 'startStepUp' | 'stepUp'>(name: Name, input?: object): Promise<Answers<any>[Name]> {
    const attempt = createAttempt(keeper, { ask: async () => false });
    const data = await persist(attempt, (accessToken) => wire.send<Answers<any>>(operations[name], { input }, { accessToken }));
    return data[name];
  }

  async function open(level: 'aal1' | 'aal2'): Promise<boolean> {
    const userId = keeper.userId();
    const offer = await run('startStepUp');
    if (keeper.userId() !== userId) return false;
    const proofs = offer.proofs ?? [];
    if (level === 'aal2' && !proofs.some((proof) => ['TOTP', 'PASSKEY', 'RECOVERY_CODE'].includes(proof))) return false; // there is none to show
    return new Promise((resolve) => {
      let over = false;
      const show = (offered: Offer) => over || store.set(question(level, offered, answer, () => done(false)));
      const stop = keeper.session.subscribe(() => keeper.userId() === userId || done(false));
      const done = (shown: boolean) => {
        over = true;
        stop();
        store.set(null);
        resolve(shown);
      };
      const answer = async (challenge: string | null, given: StepUpAnswer): Promise<Outcome<'answer'>> => {
        const { tokens, errors } = await run('stepUp', { challenge, answer: given });
        if (tokens && userId !== null) {
          keeper.renew(userId, tokens);
          done(true);
          return { status: 'done' };
        }
        if (errors.some(({ code }) => code === 'CHALLENGE_INVALID')) show(await run('startStepUp'));
        return { status: 'mistakes', mistakes: sorted(errors) };
      };
      show(offer);
    });
  }

  function question(
    level: 'aal1' | 'aal2', { proofs, challenge, passkeyOptions }: Offer,
    answer: (challenge: string | null, given: StepUpAnswer) => Promise<Outcome<'answer'>>, cancel: () => void,
  ): StepUp {
    return {
      level,
      proofs: proofs ?? [],
      answer: (given) => answer('emailCode' in given ? challenge : null, given),
      withPasskey: passkeyOptions && authenticator ? async (options = {}) => {
        const passkey = await credentialFor(() => authenticator.get(JSON.parse(passkeyOptions), options));
        return passkey === null ? { status: 'cancelled' } : answer(challenge, { passkey });
      } : null,
      cancel,
    };
  }

  return {
    store,
    ask(level) {
      if (!pending && !store.watched()) return Promise.resolve(false);
      pending ??= open(level).finally(() => { pending = null; });
      return pending;
    },
  };
}

/** Has the person show who they are, whether or not something asked for it. */
export async function requireFresh(keeper: Keeper<any>, stepUps: StepUps, level: 'aal1' | 'aal2'): Promise<boolean> {
  if ((await keeper.accessToken()) === null) throw new LatchkeyError('UNAUTHENTICATED', 'Nobody is signed in.', { reason: 'MISSING' });
  return stepUps.ask(level);
}
