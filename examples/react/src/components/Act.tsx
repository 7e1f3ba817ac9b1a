import { useState, type ReactNode } from 'react';
import { mistakesIn, type Answer } from '../lib/mistakes';
import { explain, word } from '../lib/words';

type Props = {
  /** Does it, and returns the answer. */
  does: () => Promise<Answer | void>;
  children: ReactNode;
  className?: string;
  /** What the button is about, for those who do not see what stands beside it. */
  label?: string;
};

/** A button that does one thing at once, and says below why it could not. */
export function Act({ does, children, className = 'quiet', label }: Props) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState('');

  async function act() {
    if (busy) return;
    setBusy(true);
    setWrong('');
    try {
      const answer = await does();
      const mistake = answer && mistakesIn(answer)?.all[0];
      if (mistake) setWrong(word(mistake));
    } catch (failure) {
      setWrong(explain(failure));
    }
    setBusy(false);
  }

  return (
    <div className="act" aria-busy={busy}>
      <button type="button" className={className} aria-label={label} aria-disabled={busy} onClick={act}>{children}</button>
      <p role="alert" className="error" hidden={!wrong}>{wrong}</p>
    </div>
  );
}
