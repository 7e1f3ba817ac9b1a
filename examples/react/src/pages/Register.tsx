import { useState } from 'react';
import { auth } from '../auth';
import { Act } from '../components/Act';
import { Email, NewPassword, Username } from '../components/Field';
import { Form, Submit } from '../components/Form';
import { Inbox } from '../components/Inbox';
import { Page } from '../components/Page';
import { Link } from '../lib/router';

/** A new account. It is there once the link of its mail is followed. */
export function Register() {
  const [mailed, setMailed] = useState('');
  if (mailed) return <Mailed email={mailed} />;
  return (
    <Page title="Register">
      <Form onSubmit={({ email, username, password }) => auth.register({ email, username, password })} onDone={({ email }) => setMailed(email)}>
        <Email hint="We mail a link there, which opens your account." autoFocus />
        <Username hint="3 to 32 letters, digits, dots, dashes or underscores." />
        <NewPassword name="password" label="Password" />
        <Submit>Register</Submit>
      </Form>
      <div className="aside"><Link to="/login">Log in instead</Link></div>
    </Page>
  );
}

function Mailed({ email }: { email: string }) {
  const [again, setAgain] = useState(false);

  async function send() {
    const result = await auth.resendConfirmation({ email });
    setAgain(result.status === 'done');
    return result;
  }

  return (
    <Page title="Read your mail">
      <p>We have sent a mail to <strong><bdi>{email}</bdi></strong>. Follow its link and confirm that the address is yours. Then log in.</p>
      <Inbox to={email} />
      <div className="buttons">
        <Link to="/login" className="button">Log in</Link>
        <Act does={send}>Send it again</Act>
      </div>
      <p role="status">{again && 'It is on its way again. See whether it ended up as spam.'}</p>
    </Page>
  );
}
