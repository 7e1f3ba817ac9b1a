import type { SecondFactorStep } from 'latchkey-client';
import { BeginAgain } from '../../components/BeginAgain';
import { Page } from '../../components/Page';
import { ProofForm } from '../../components/ProofForm';
import type { StepProps } from './NextStep';

/** What was shown so far was right, and the account asks for more: a code of an app, a passkey or a recovery code. */
export function SecondFactor({ step, follow, leave }: StepProps<SecondFactorStep>) {
  const remember = ({ rememberDevice }: Record<string, string>) => ({ rememberDevice: rememberDevice === 'on' });
  return (
    <Page title="Show your second factor">
      <p>That was right. This account asks for one thing more.</p>
      <ProofForm
        proofs={step.factors}
        answer={async (typed, values) => follow(await step.answer(typed as { totpCode: string } | { recoveryCode: string }, remember(values)))}
        withPasskey={step.withPasskey && (async (values) => follow(await step.withPasskey!(remember(values))))}
      >
        {step.mayRememberDevice && (
          <label className="check"><input type="checkbox" name="rememberDevice" /> Do not ask again on this device</label>
        )}
      </ProofForm>
      <BeginAgain leave={leave} />
    </Page>
  );
}
