import { auth } from '../../auth';
import { BeginAgain } from '../../components/BeginAgain';
import { Email } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { Page } from '../../components/Page';
import type { Follow } from '../../lib/useLogin';

/** A login without the password: a code is mailed. */
export function AskForCode({ follow, leave }: { follow: Follow; leave: () => void }) {
  return (
    <Page title="Log in with a code">
      <p>We mail you a code, which you type here.</p>
      <Form onSubmit={async ({ email }) => follow(await auth.loginWithEmailCode({ email }))}>
        <Email autoFocus />
        <Submit>Mail me a code</Submit>
      </Form>
      <BeginAgain leave={leave} />
    </Page>
  );
}
