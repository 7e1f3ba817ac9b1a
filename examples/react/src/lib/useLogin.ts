import type { LoginStep, Mistakes } from 'latchkey-client';
import { useState } from 'react';
import { showOnce } from './codes';
import { word } from './words';

/** What the client's logins come to. */
type Came = { status: string; step?: LoginStep; recoveryCodes?: readonly string[] | null; over?: boolean; mistakes?: Mistakes };

/** Takes what came of a try, and hands it on to the form that made it. */
export type Follow = <Result extends Came>(result: Result) => Result;

/** Follows a login through its steps. At its end `done` is called. */
export function useLogin(done?: () => void) {
  const [step, setStep] = useState<LoginStep | null>(null);
  const [notice, setNotice] = useState('');

  const follow: Follow = (result) => {
    if (result.step) setStep(result.step);
    if (result.over) { // it took too long, or something about the account has changed: begin again
      setStep(null);
      setNotice(word(result.mistakes!.all[0]));
    }
    if (result.status === 'signed-in') {
      showOnce(result.recoveryCodes);
      done?.();
    }
    return result;
  };

  return { step, notice, follow, leave: () => setStep(null) };
}
