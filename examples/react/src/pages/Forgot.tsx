import { useState } from 'react';
import { auth } from '../auth';
import { Email } from '../components/Field';
import { Form, Submit } from '../components/Form';
import { Inbox } from '../components/Inbox';
import { Page } from '../components/Page';
import { Link } from '../lib/router';

/** A forgotten password. The answer is the same whether or not the address has an account. */
export function Forgot() {
  const [asked, setAsked] = useState('');
  if (asked) {
    return (
      <Page title="Read your mail">
        <p>If <strong><bdi>{asked}</bdi></strong> has an account, a link is on its way there. It sets a new password.</p>
        <Inbox to={asked} />
        <div className="buttons"><Link to="/login" className="button">Log in</Link></div>
      </Page>
    );
  }
  return (
    <Page title="Forgot your password?">
      <p>We mail you a link that sets a new one.</p>
      <Form onSubmit={({ email }) => auth.requestPasswordReset({ email })} onDone={({ email }) => setAsked(email)}>
        <Email autoFocus />
        <Submit>Mail me a link</Submit>
      </Form>
      <div className="aside"><Link to="/login">Back to the login</Link></div>
    </Page>
  );
}
