import { useState } from 'react';
import { auth } from '../auth';
import { Password, Username } from '../components/Field';
import { Form, Submit } from '../components/Form';
import { Page } from '../components/Page';
import { go, Link, takeFromAddress } from '../lib/router';
import { useLogin } from '../lib/useLogin';
import { NextStep } from './login/NextStep';

/** Where the links of confirmations lead, if CONFIRM_URL names this page. Looking changes nothing: scanners of mails look, too. */
export function Confirm() {
  const [token] = useState(() => takeFromAddress('token'));
  const [several, setSeveral] = useState(false); // registrations of this address: which one is asked for
  const [changed, setChanged] = useState(false);
  const { step, follow, leave } = useLogin(() => go('/account'));

  async function confirm(values: Record<string, string>) {
    const result = follow(await auth.confirmEmail({ token: token!, ...values }));
    if (result.status === 'confirmed') setChanged(true);
    if (result.status === 'mistakes') setSeveral(result.mistakes.all.some(({ code }) => code === 'WRONG_PASSWORD'));
    return result;
  }

  if (step) return <NextStep step={step} follow={follow} leave={leave} />;
  if (changed) {
    return (
      <Page title="Your email is changed">
        <p className="note good">Log in with it from now on, or with your username as before.</p>
        <div className="buttons"><Link to="/account" className="button">Go on</Link></div>
      </Page>
    );
  }
  return (
    <Page title={token ? 'Confirm your email' : 'This link is incomplete'}>
      {token
        ? <p>{several ? 'Several accounts with this address wait to be confirmed. Type the username and the password that you chose.' : 'This opens your account, or gives it its new address.'}</p>
        : <p>A part of it is missing. Open it from the mail again, or copy the whole of it.</p>}
      {token && (
        <Form onSubmit={confirm}>
          {several && <><Username /><Password /></>}
          <Submit>Confirm my email</Submit>
        </Form>
      )}
      <div className="aside">
        <Link to="/login">Log in</Link>
        <Link to="/register">Register</Link>
      </div>
    </Page>
  );
}
