import type { EmailCodeStep } from 'latchkey-client';
import { useEffect, useRef } from 'react';
import { BeginAgain } from '../../components/BeginAgain';
import { Field } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { Inbox } from '../../components/Inbox';
import { Page } from '../../components/Page';
import { onMailedCode } from '../../lib/mailedCode';
import type { StepProps } from './NextStep';

/** A code is on its way. It is typed here, or comes from the tab that the mail's link opened. */
export function MailedCode({ step, follow, leave }: StepProps<EmailCodeStep>) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => onMailedCode((code) => {
    field.current!.value = code;
    field.current!.form!.requestSubmit();
  }), []);
  return (
    <Page title="Type the code of the mail">
      <p>If your address has an account, a mail is on its way. Take the one with the reference <strong id="reference">{step.reference}</strong>.</p>
      <Form onSubmit={async ({ answer }) => follow(await step.answer({ emailCode: answer }))}>
        <Field ref={field} name="answer" label="Code" hint="Eight characters. Dashes and case do not count." autoComplete="one-time-code" autoCapitalize="characters" spellCheck={false} autoFocus />
        <Submit>Log in</Submit>
      </Form>
      <Inbox />
      <BeginAgain leave={leave} />
    </Page>
  );
}
