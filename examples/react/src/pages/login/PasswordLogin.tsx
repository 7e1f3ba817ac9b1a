import { useQuery } from '@apollo/client/react';
import { useEffect, useState } from 'react';
import { auth } from '../../auth';
import { Act } from '../../components/Act';
import { Password, Username } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { LoginMethodsDocument } from '../../gql/graphql';
import { Link } from '../../lib/router';
import type { Follow } from '../../lib/useLogin';
import { explain } from '../../lib/words';

/** The first page of a login: a password, a passkey by button or by autofill, or another way. */
export function PasswordLogin({ follow, byMail }: { follow: Follow; byMail: () => void }) {
  const methods = useQuery(LoginMethodsDocument).data?.loginMethods;
  const [wrong, setWrong] = useState('');

  // The browser offers passkeys in the first field, and answers once somebody takes one.
  useEffect(() => auth.passkeyAutofill((result) => {
    if (result instanceof Error) setWrong(explain(result));
    else follow(result);
  }), []);

  return (
    <>
      <Form onSubmit={async ({ login, password }) => follow(await auth.login({ login, password }))}>
        <Username name="login" label="Username or email" autoComplete="username webauthn" autoFocus />
        <Password />
        <Submit>Log in</Submit>
      </Form>
      {methods?.passkeys && (
        <div className="other"><Act does={async () => follow(await auth.loginWithPasskey())}>Log in with a passkey</Act></div>
      )}
      <p role="alert" className="error" hidden={!wrong}>{wrong}</p>
      <div className="aside">
        {methods?.emailCode && <button type="button" className="plain" onClick={byMail}>Log in with a code by mail</button>}
        <Link to="/forgot">Forgot your password?</Link>
        {methods?.registration && <Link to="/register">Register</Link>}
      </div>
    </>
  );
}
