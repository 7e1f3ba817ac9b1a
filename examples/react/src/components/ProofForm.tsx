import type { ProofKind, StepUp } from 'latchkey-client';
import { useState, type ReactNode } from 'react';
import type { Answer } from '../lib/mistakes';
import { Code, Field, Password } from './Field';
import { Form, Submit } from './Form';

/** What is typed of a proof. */
export type Typed = Parameters<StepUp['answer']>[0];

type Way = { button: string; other: string; field?: ReactNode; answer?: (typed: string) => Typed };

const ways: { [kind in ProofKind]?: Way } = {
  PASSWORD: {
    button: 'Go on', other: 'Type your password',
    field: <Password name="answer" autoFocus />, answer: (password) => ({ password }),
  },
  TOTP: {
    button: 'Go on', other: 'Type a code of your app',
    field: <Code name="answer" autoFocus />, answer: (totpCode) => ({ totpCode }),
  },
  PASSKEY: { button: 'Use my passkey', other: 'Use a passkey' },
  RECOVERY_CODE: {
    button: 'Go on', other: 'Use a recovery code',
    field: <Field name="answer" label="Recovery code" hint="One of the eight that you kept. Each works once." autoComplete="off" autoCapitalize="none" spellCheck={false} autoFocus />,
    answer: (recoveryCode) => ({ recoveryCode }),
  },
  EMAIL_CODE: {
    button: 'Go on', other: 'Type the code of the mail',
    field: <Field name="answer" label="Code" hint="Eight characters, from the mail that we have sent you." autoComplete="one-time-code" autoCapitalize="characters" spellCheck={false} autoFocus />,
    answer: (emailCode) => ({ emailCode }),
  },
};

type Props = {
  /** What the account has, the one used last first. */
  proofs: readonly ProofKind[];
  answer: (typed: Typed, values: Record<string, string>) => Promise<Answer>;
  /** Asks the browser for a passkey; null where there is none. */
  withPasskey: ((values: Record<string, string>) => Promise<Answer>) | null;
  /** More fields of the form. */
  children?: ReactNode;
};

/** Asks for one proof of who is there, and offers the others that the account has. */
export function ProofForm({ proofs, answer, withPasskey, children }: Props) {
  const usable = proofs.filter((kind) => ways[kind] && (kind !== 'PASSKEY' || withPasskey));
  const [kind, setKind] = useState(usable[0]);
  const way = kind && ways[kind];
  if (!way) return <p role="alert">There is nothing here that you could show. Log out, and log in again.</p>;
  return (
    <>
      <Form key={kind} onSubmit={(values) => (way.answer ? answer(way.answer(values.answer), values) : withPasskey!(values))}>
        {way.field}
        {children}
        <Submit>{way.button}</Submit>
      </Form>
      {usable.length > 1 && (
        <div className="aside">
          {usable.filter((other) => other !== kind).map((other) => (
            <button key={other} type="button" className="plain" onClick={() => setKind(other)}>{ways[other]!.other}</button>
          ))}
        </div>
      )}
    </>
  );
}
