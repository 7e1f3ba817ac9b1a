import type { NewPasswordStep as Step } from 'latchkey-client';
import { BeginAgain } from '../../components/BeginAgain';
import { NewPassword } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { Page } from '../../components/Page';
import type { StepProps } from './NextStep';

/** An administrator asked for another password. */
export function NewPasswordStep({ step, follow, leave }: StepProps<Step>) {
  return (
    <Page title="Choose a new password">
      <p>Your account has to have a new one. Then you are logged in.</p>
      <Form onSubmit={async ({ answer }) => follow(await step.answer({ newPassword: answer }))}>
        <NewPassword name="answer" autoFocus />
        <Submit>Set this password</Submit>
      </Form>
      <BeginAgain leave={leave} />
    </Page>
  );
}
