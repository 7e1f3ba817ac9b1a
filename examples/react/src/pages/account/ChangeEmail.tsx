import { Email, Password, Whose } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { ChangeEmailDocument } from '../../gql/graphql';
import { Inbox } from '../../components/Inbox';
import { useChange } from '../../lib/useChange';
import type { Change } from './me';

export function ChangeEmail({ me, close }: Change) {
  const change = useChange(ChangeEmailDocument);
  return (
    <Form
      onSubmit={({ email, password }) => change({ email, password })}
      onDone={({ email }) => close(`A link is on its way to ${email}. Your email changes once you follow it.`)}
    >
      <Email label="New email" hint="We mail a link there. Until you follow it, nothing changes." autoFocus />
      <Whose username={me.username} />
      {me.hasPassword && <Password />}
      <Submit>Mail me the link</Submit>
      <Inbox to={me.pendingEmail} />
    </Form>
  );
}
