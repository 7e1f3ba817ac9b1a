import { useId, type ComponentProps } from 'react';
import { useMistake } from './Form';

type Props = ComponentProps<'input'> & {
  /** The name of the field in the mutation's input: a mistake finds its field by it. */
  name: string;
  label: string;
  hint?: string;
};

/** An input with its label, its hint and what is wrong with it, tied together for screen readers. */
export function Field({ name, label, hint, ...input }: Props) {
  const id = useId();
  const mistake = useMistake(name);
  const described = [mistake && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint && <p id={`${id}-hint`}>{hint}</p>}
      <input id={id} name={name} required aria-describedby={described || undefined} aria-invalid={mistake ? true : undefined} {...input} />
      {mistake && <p id={`${id}-error`} className="error">{mistake}</p>}
    </div>
  );
}

type Kind = Partial<Props>;

// The fields that several pages have. The values of autoComplete are what password managers and passkeys go by.
export const Email = (more: Kind) => <Field name="email" label="Email" type="email" autoComplete="email" {...more} />;
export const Username = (more: Kind) => (
  <Field name="username" label="Username" autoComplete="username" autoCapitalize="none" spellCheck={false} {...more} />
);
export const Password = (more: Kind) => <Field name="password" label="Password" type="password" autoComplete="current-password" {...more} />;
export const NewPassword = (more: Kind) => (
  <Field name="newPassword" label="New password" type="password" autoComplete="new-password" hint="At least 8 characters. Long is better than complicated." {...more} />
);
export const Code = (more: Kind) => (
  <Field name="totpCode" label="Code" hint="Six digits, from your authenticator app." inputMode="numeric" autoComplete="one-time-code" {...more} />
);

/** Tells password managers whose password a form is about, where no field asks for it. */
export const Whose = ({ username }: { username: string }) => <input type="text" name="whose" autoComplete="username" value={username} readOnly hidden />;
