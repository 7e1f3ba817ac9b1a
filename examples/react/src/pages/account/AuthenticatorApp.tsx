import { useState } from 'react';
import { Act } from '../../components/Act';
import { AppSecret } from '../../components/AppSecret';
import { Code } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { When } from '../../components/When';
import { ConfirmTotpDocument, RemoveFactorDocument, StartTotpDocument, type FactorsFragment, type StartTotpMutation } from '../../gql/graphql';
import { showOnce } from '../../lib/codes';
import { useChange } from '../../lib/useChange';

type Begun = NonNullable<StartTotpMutation['startTotp']>;

/** The app that shows codes of six digits: there is one at most. */
export function AuthenticatorApp({ me }: { me: FactorsFragment }) {
  const start = useChange(StartTotpDocument);
  const remove = useChange(RemoveFactorDocument);
  const [begun, setBegun] = useState<Begun | null>(null);
  const app = me.factors?.find((factor) => factor.__typename === 'Totp');

  return (
    <section className="part">
      <h2>Authenticator app</h2>
      <p>
        {app ? <>Added <When at={app.createdAt} />{app.lastUsedAt && <>, used <When at={app.lastUsedAt} /></>}</>
          : 'An app on your phone shows a code, which a login asks for.'}
      </p>
      {begun?.totp
        ? <Confirm {...begun} onDone={() => setBegun(null)} />
        : (
          <div className="buttons">
            <Act does={async () => setBegun(await start())}>{app ? 'Replace the app' : 'Add an app'}</Act>
            {app && <Act does={() => remove({ factorId: app.id })}>Remove the app</Act>}
          </div>
        )}
    </section>
  );
}

function Confirm({ challenge, totp, onDone }: Begun & { onDone: () => void }) {
  const confirm = useChange(ConfirmTotpDocument);

  async function submit(totpCode: string) {
    const payload = await confirm({ challenge: challenge!, totpCode });
    showOnce(payload.recoveryCodes);
    return payload;
  }

  return (
    <>
      <AppSecret {...totp!} />
      <Form onSubmit={({ totpCode }) => submit(totpCode)} onDone={onDone}>
        <Code hint="The six digits that the app shows now." />
        <Submit>Confirm the app</Submit>
      </Form>
      <div className="buttons"><button type="button" className="quiet" onClick={onDone}>Leave it</button></div>
    </>
  );
}
