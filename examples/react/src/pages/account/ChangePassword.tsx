import { NewPassword, Password, Whose } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { ChangePasswordDocument } from '../../gql/graphql';
import { useChange } from '../../lib/useChange';
import type { Change } from './me';

export function ChangePassword({ me, close }: Change) {
  const change = useChange(ChangePasswordDocument);
  return (
    <Form
      onSubmit={({ currentPassword, newPassword }) => change({ currentPassword, newPassword })}
      onDone={() => close('Your password is set. Your other devices were logged out.')}
    >
      <Whose username={me.username} />
      {me.hasPassword && <Password name="currentPassword" label="Password so far" autoFocus />}
      <NewPassword />
      <Submit>Set this password</Submit>
    </Form>
  );
}
