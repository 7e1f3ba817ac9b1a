import type { Mistakes } from 'latchkey-client';
import { createContext, useContext, useEffect, useRef, useState, type ReactNode, type SubmitEvent } from 'react';
import { cancelled, mistakesIn, type Answer } from '../lib/mistakes';
import { explain, word } from '../lib/words';

/** What is shown: under each field its mistake, and beside the button what belongs to none. */
type Shown = { fields: Record<string, string>; general?: string };

const nothing: Shown = { fields: {} };
const Context = createContext({ shown: nothing, busy: false });

type Props = {
  /** Sends what was typed, and returns the answer. */
  onSubmit: (values: Record<string, string>) => Promise<Answer>;
  onDone?: (values: Record<string, string>) => void;
  children: ReactNode;
};

/**
 * A form whose mistakes come from the service: each stands under its field, the first wrong field takes the focus, and
 * what was typed stays, passwords excepted.
 */
export function Form({ onSubmit, onDone, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [shown, setShown] = useState(nothing);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    if (shown === nothing) return;
    const passwords = form.current!.querySelectorAll<HTMLInputElement>('input[type="password"]');
    for (const field of passwords) field.value = '';
    (form.current!.querySelector<HTMLElement>('[aria-invalid="true"]') ?? passwords[0])?.focus();
  }, [shown]);

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return; // a double click is one try
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setBusy(true);
    setShown(nothing);
    try {
      const answer = await onSubmit(values);
      const mistakes = mistakesIn(answer);
      if (mistakes) setShown(sorted(mistakes, values));
      else if (!cancelled(answer)) onDone?.(values);
    } catch (failure) {
      setShown({ fields: {}, general: explain(failure) });
    }
    setBusy(false);
  }

  return (
    <form ref={form} onSubmit={submit} noValidate aria-busy={busy}>
      <p role="alert" className="note bad" hidden={!shown.general}>{shown.general}</p>
      <Context value={{ shown, busy }}>{children}</Context>
    </form>
  );
}

/** Puts each mistake under its field, where the form has that. */
function sorted(mistakes: Mistakes, values: Record<string, string>): Shown {
  const shown: Shown = { fields: {}, general: mistakes.form[0] && word(mistakes.form[0]) };
  for (const [field, mistake] of Object.entries(mistakes.fields)) {
    if (field in values) shown.fields[field] = word(mistake!);
    else shown.general ??= word(mistake!);
  }
  return shown;
}

/** What is wrong with one field. */
export const useMistake = (name: string) => useContext(Context).shown.fields[name];

/** The button that sends the form. It keeps the focus while it waits. */
export function Submit({ children }: { children: ReactNode }) {
  return <button aria-disabled={useContext(Context).busy}>{children}</button>;
}
