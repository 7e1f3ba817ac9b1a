import { useQuery } from '@apollo/client/react';
import { Loaded } from '../../components/Loaded';
import { Title } from '../../components/Page';
import { FactorsDocument } from '../../gql/graphql';
import { AuthenticatorApp } from './AuthenticatorApp';
import { Passkeys } from './Passkeys';
import { RecoveryCodes } from './RecoveryCodes';

/** What opens the account besides the password. */
export function Factors() {
  return (
    <section className="sheet">
      <Title>Security</Title>
      <p>With a second factor nobody logs in by your password alone.</p>
      <Loaded of={useQuery(FactorsDocument)}>
        {({ me, loginMethods }) => me && (
          <>
            <AuthenticatorApp me={me} />
            {loginMethods.passkeys && <Passkeys me={me} />}
            <RecoveryCodes me={me} />
          </>
        )}
      </Loaded>
    </section>
  );
}
