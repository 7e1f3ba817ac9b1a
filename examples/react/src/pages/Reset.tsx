import { useState } from 'react';
import { auth } from '../auth';
import { NewPassword } from '../components/Field';
import { Form, Submit } from '../components/Form';
import { Page } from '../components/Page';
import { Link, takeFromAddress } from '../lib/router';

/** Where the link of a reset mail leads, if RESET_URL names this page. */
export function Reset() {
  const [token] = useState(() => takeFromAddress('token'));
  const [done, setDone] = useState(false);
  if (!token) {
    return (
      <Page title="This link is incomplete">
        <p>A part of it is missing. Open it from the mail again, or ask for a new one.</p>
        <div className="buttons"><Link to="/forgot" className="button">Ask for a new link</Link></div>
      </Page>
    );
  }
  if (done) {
    return (
      <Page title="Your password is set">
        <p className="note good">All your devices were logged out. Log in with the new password on those that you use.</p>
        <div className="buttons"><Link to="/login" className="button">Log in</Link></div>
      </Page>
    );
  }
  return (
    <Page title="Choose a new password">
      <p>All your devices will be logged out.</p>
      <Form onSubmit={({ newPassword }) => auth.resetPassword({ token, newPassword })} onDone={() => setDone(true)}>
        <NewPassword autoFocus />
        <Submit>Set this password</Submit>
      </Form>
      <div className="aside"><Link to="/forgot">Ask for a new link</Link></div>
    </Page>
  );
}
