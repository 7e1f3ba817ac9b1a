import { useState } from 'react';
import { Page } from '../../components/Page';
import { takeFromAddress } from '../../lib/router';
import { useLogin } from '../../lib/useLogin';
import { AskForCode } from './AskForCode';
import { CodeOfMail } from './CodeOfMail';
import { NextStep } from './NextStep';
import { PasswordLogin } from './PasswordLogin';

const said = { visitor: '', logout: 'You are logged out.', ended: 'This device was logged out. Log in again to go on.' };

/** A login from its first field to its last step. */
export function Login({ why }: { why: 'visitor' | 'logout' | 'ended' }) {
  const [mailed] = useState(() => takeFromAddress('code'));
  const [byMail, setByMail] = useState(false);
  const { step, notice, follow, leave } = useLogin();
  if (step) return <NextStep step={step} follow={follow} leave={leave} />;
  if (mailed) return <CodeOfMail code={mailed} />;
  if (byMail) return <AskForCode follow={follow} leave={() => setByMail(false)} />;
  return (
    <Page title="Log in">
      {(notice || said[why]) && <p role="status" className="note">{notice || said[why]}</p>}
      <PasswordLogin follow={follow} byMail={() => setByMail(true)} />
    </Page>
  );
}
