import type { EnrolmentStep } from 'latchkey-client';
import { Act } from '../../components/Act';
import { AppSecret } from '../../components/AppSecret';
import { BeginAgain } from '../../components/BeginAgain';
import { Code } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { Page } from '../../components/Page';
import type { StepProps } from './NextStep';

/** This account has to have a second factor and has none: it is added on the way in. */
export function Enrolment({ step, follow, leave }: StepProps<EnrolmentStep>) {
  return (
    <Page title="Add a second factor">
      <p>Your account has to have one. Put it into an authenticator app, or make a passkey.</p>
      {step.withPasskey && <div className="other"><Act does={async () => follow(await step.withPasskey!())}>Make a passkey</Act></div>}
      <AppSecret {...step.totp} />
      <Form onSubmit={async ({ answer }) => follow(await step.answer({ totpCode: answer }))}>
        <Code name="answer" hint="The six digits that the app shows now." />
        <Submit>Confirm the app</Submit>
      </Form>
      <BeginAgain leave={leave} />
    </Page>
  );
}
