import { useQuery } from '@apollo/client/react';
import { Loaded } from '../../components/Loaded';
import { Title } from '../../components/Page';
import { Row } from '../../components/Row';
import { When } from '../../components/When';
import { AccountDocument } from '../../gql/graphql';
import { ChangeEmail } from './ChangeEmail';
import { ChangePassword } from './ChangePassword';
import { ChangeUsername } from './ChangeUsername';
import { DeleteAccount } from './DeleteAccount';

/** Who somebody is here, and every change of it. */
export function Profile() {
  return (
    <section className="sheet">
      <Title>Your account</Title>
      <Loaded of={useQuery(AccountDocument)}>
        {({ me }) => me && (
          <ul className="list">
            <Row label="Username" value={<bdi>{me.username}</bdi>} action="Change username">
              {(close) => <ChangeUsername me={me} close={close} />}
            </Row>
            <Row label="Email" value={<Address {...me} />} action="Change email">
              {(close) => <ChangeEmail me={me} close={close} />}
            </Row>
            <Row label="Password" value={me.hasPassword ? 'Set' : 'None: you log in by passkey'} action={me.hasPassword ? 'Change password' : 'Set a password'}>
              {(close) => <ChangePassword me={me} close={close} />}
            </Row>
            <Row label="Account" value={<>Open since <When at={me.createdAt} /></>} action="Delete account">
              {() => <DeleteAccount me={me} />}
            </Row>
          </ul>
        )}
      </Loaded>
    </section>
  );
}

function Address({ email, pendingEmail }: { email?: string | null; pendingEmail?: string | null }) {
  return (
    <>
      <bdi>{email}</bdi>
      {pendingEmail && <> · <bdi>{pendingEmail}</bdi> waits for the link in its mail</>}
    </>
  );
}
