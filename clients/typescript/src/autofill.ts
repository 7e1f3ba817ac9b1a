/** Passkeys that the browser offers in a field, for as long as a login page is open. */
import { errorOf, type LatchkeyError, passes } from './errors.js';
import type { Authenticator } from './options.js';
import { later, platform } from './platform.js';
import type { Cancelled, LoginResult, PasskeyOptions, Session, Store } from './types.js';

export interface Autofill<U> {
  offer(listener: (result: LoginResult<U> | LatchkeyError) => void): () => void;
  /** Ends the offer while `work` asks the browser something else, which it does one at a time. */
  makeWay<T>(work: () => Promise<T>): Promise<T>;
}

type LogIn<U> = (how: PasskeyOptions & { mediation: 'conditional' }) => Promise<LoginResult<U> | Cancelled>;

/** A challenge is good for 15 minutes, and whoever takes the passkey needs some of them. */
const renewal = 10 * 60_000;

/** The longest pause between two tries, where the browser or the service refuses. */
const longestPause = 60_000;

export function createAutofill<U>(session: Store<Session<U>>, logIn: LogIn<U>, authenticator: Authenticator | null): Autofill<U> {
  let current: AbortController | null = null; // of the offer that stands
  let offering: Promise<unknown> = Promise.resolve();
  let busy: Promise<unknown> = Promise.resolve(); // what it makes way for

  /** Offers once, and returns what came of it. It is cancelled by its renewal, by what it makes way for, or by its end. */
  async function once(controller: AbortController): Promise<LoginResult<U> | Cancelled> {
    const renewed = later(renewal, () => controller.abort());
    try {
      return await logIn({ mediation: 'conditional', signal: controller.signal });
    } finally {
      renewed();
    }
  }

  async function run(stopped: () => boolean, listener: (result: LoginResult<U> | LatchkeyError) => void) {
    let refusals = 0;
    for (;;) {
      await busy;
      if (stopped() || session.get().status === 'signed-in') return;
      const controller = current = new AbortController();
      const outcome = once(controller).catch((error: unknown) => error as Error);
      offering = outcome;
      const result = await outcome;
      if (!(result instanceof Error) && result.status !== 'cancelled') {
        refusals = 0;
        if (!stopped()) listener(result);
        continue;
      }
      if (controller.signal.aborted) continue;
      if (result instanceof Error) {
        const error = errorOf(result);
        if (!error) throw result; // the browser's, which developers see in its console
        if (!passes(error)) return; // there are no passkeys here
        listener(error);
      }
      await new Promise<void>((go) => later(Math.min(2 ** refusals++ * 1000, longestPause), go));
    }
  }

  return {
    offer(listener) {
      let stopped = false;
      const unsubscribe = session.subscribe(() => session.get().status === 'signed-in' && current?.abort());
      void isAvailable(authenticator).then(async (yes) => { if (yes) await run(() => stopped, listener); });
      return () => {
        stopped = true;
        unsubscribe();
        current?.abort();
      };
    },
    makeWay(work) {
      const mine = (async () => {
        current?.abort();
        await offering;
        return work();
      })();
      busy = mine.catch(() => {});
      return mine;
    },
  };
}

/** Whether there is a field in which passkeys may be offered: an app's own authenticator has none. */
async function isAvailable(authenticator: Authenticator | null): Promise<boolean> {
  const available = platform.PublicKeyCredential?.isConditionalMediationAvailable;
  return authenticator !== null && available !== undefined && available.call(platform.PublicKeyCredential);
}
