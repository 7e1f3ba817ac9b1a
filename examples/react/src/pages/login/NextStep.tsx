import type { LoginStep } from 'latchkey-client';
import type { Follow } from '../../lib/useLogin';
import { Enrolment } from './Enrolment';
import { MailedCode } from './MailedCode';
import { NewPasswordStep } from './NewPasswordStep';
import { SecondFactor } from './SecondFactor';

type Props = { step: LoginStep; follow: Follow; leave: () => void };

/** What a login still asks for. */
export function NextStep({ step, follow, leave }: Props) {
  switch (step.kind) {
    case 'second-factor':
      return <SecondFactor step={step} follow={follow} leave={leave} />;
    case 'enrolment':
      return <Enrolment step={step} follow={follow} leave={leave} />;
    case 'new-password':
      return <NewPasswordStep step={step} follow={follow} leave={leave} />;
    case 'email-code':
      return <MailedCode step={step} follow={follow} leave={leave} />;
  }
}

/** What each of these pages is given. */
export type StepProps<Step extends LoginStep> = Omit<Props, 'step'> & { step: Step };
