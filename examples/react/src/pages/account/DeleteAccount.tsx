import { auth } from '../../auth';
import { Password, Whose } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { DeleteAccountDocument } from '../../gql/graphql';
import { go } from '../../lib/router';
import { useChange } from '../../lib/useChange';
import type { Change } from './me';

export function DeleteAccount({ me }: Pick<Change, 'me'>) {
  const remove = useChange(DeleteAccountDocument);

  async function leave() {
    go('/deleted');
    await auth.logout();
  }

  return (
    <Form onSubmit={({ password }) => remove({ password })} onDone={leave}>
      <p>Your account, its devices and its history here end at once and for good.</p>
      <Whose username={me.username} />
      {me.hasPassword && <Password autoFocus />}
      <Submit>Delete my account for good</Submit>
    </Form>
  );
}
