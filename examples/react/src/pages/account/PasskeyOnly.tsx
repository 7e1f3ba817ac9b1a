import { Act } from '../../components/Act';
import { RemovePasswordDocument, RequireSecondFactorDocument, type FactorsFragment } from '../../gql/graphql';
import { useChange } from '../../lib/useChange';

/** What a passkey makes possible: a password that is not enough, or none at all. */
export function PasskeyOnly({ me }: { me: FactorsFragment }) {
  const require = useChange(RequireSecondFactorDocument);
  const removePassword = useChange(RemovePasswordDocument);
  const required = me.secondFactorRequired ?? false;
  const app = me.factors?.some((factor) => factor.__typename === 'Totp');
  if (!me.hasPassword) return <p>Your account has no password: it opens by your passkeys alone.</p>;
  return (
    <>
      <p>
        {app ? 'A login by password asks for the app or a passkey.'
          : required ? 'A login by password asks for a passkey, too.'
            : 'A login by password asks for no passkey so far.'}
      </p>
      <div className="buttons">
        {!app && (
          <Act does={() => require({ required: !required })}>
            {required ? 'Let the password be enough' : 'Ask for a passkey, too'}
          </Act>
        )}
        <Act does={() => removePassword()}>Remove my password</Act>
      </div>
    </>
  );
}
