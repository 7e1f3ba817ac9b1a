/** One operation of a signed-in person: what it goes with, and whether it is sent again. */
import { LatchkeyError } from './errors.js';
import type { Keeper } from './keeper.js';
import type { StepUps } from './stepup.js';
import type { Attempt } from './types.js';

export function createAttempt(keeper: Keeper<any>, stepUps: Pick<StepUps, 'ask'>): Attempt {
  let used: string | null = null;
  let userId = keeper.userId(); // who began it; null where that is not known yet
  let refreshed = false;
  let proven = false;
  const sameUser = () => keeper.userId() !== null && keeper.userId() === userId;
  return {
    async accessToken() {
      used = await keeper.accessToken();
      userId ??= keeper.userId();
      // A refresh goes by what all tabs share, which may be another's by now.
      if (used !== null && !sameUser()) throw new LatchkeyError('UNAUTHENTICATED', 'Somebody else is signed in by now.', { reason: 'REVOKED' });
      return used;
    },
    async again(error) {
      if (used === null) return false; // nobody is signed in
      if (error.code === 'UNAUTHENTICATED' && !refreshed) {
        refreshed = true;
        await keeper.refresh(used);
        return sameUser();
      }
      if (error.reason === 'STEP_UP' && !proven) {
        proven = true;
        return (await stepUps.ask(error.level ?? 'aal1')) && sameUser();
      }
      return false;
    },
  };
}

/** Runs `work` with an access token, and once more where the attempt says so. */
export async function persist<T>(attempt: Attempt, work: (accessToken: string | null) => Promise<T>): Promise<T> {
  for (;;) {
    const accessToken = await attempt.accessToken();
    try {
      return await work(accessToken);
    } catch (error) {
      if (!(error instanceof LatchkeyError) || !(await attempt.again(error))) throw error;
    }
  }
}
