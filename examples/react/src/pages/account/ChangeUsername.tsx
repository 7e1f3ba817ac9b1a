import { auth } from '../../auth';
import { Username } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { ChangeUsernameDocument } from '../../gql/graphql';
import { useChange } from '../../lib/useChange';
import type { Change } from './me';

export function ChangeUsername({ me, close }: Change) {
  const change = useChange(ChangeUsernameDocument);

  function done() {
    close('Your username is changed. The old one stays yours for three days.');
    void auth.reload(); // the name above every page is the session's
  }

  return (
    <Form onSubmit={({ username }) => change({ username })} onDone={done}>
      <Username label="New username" hint="3 to 32 letters, digits, dots, dashes or underscores." defaultValue={me.username} autoFocus />
      <Submit>Take this username</Submit>
    </Form>
  );
}
