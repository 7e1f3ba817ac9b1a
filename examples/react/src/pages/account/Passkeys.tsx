import { useApolloClient } from '@apollo/client/react';
import { useState } from 'react';
import { auth } from '../../auth';
import { Act } from '../../components/Act';
import { Field } from '../../components/Field';
import { Form, Submit } from '../../components/Form';
import { When } from '../../components/When';
import { FactorsDocument, RenamePasskeyDocument, type FactorsFragment } from '../../gql/graphql';
import { useChange } from '../../lib/useChange';
import { PasskeyOnly } from './PasskeyOnly';

type Passkey = Extract<NonNullable<FactorsFragment['factors']>[number], { __typename: 'Passkey' }>;

/** The keys that log in by a finger, a face or a PIN. Adding one and taking one off is the client's: the browser has to know. */
export function Passkeys({ me }: { me: FactorsFragment }) {
  const [adding, setAdding] = useState(false);
  const passkeys = me.factors?.filter((factor): factor is Passkey => factor.__typename === 'Passkey') ?? [];
  return (
    <section className="part">
      <h2>Passkeys</h2>
      <p>A passkey logs in by a finger, a face or a PIN, and needs no password beside it.</p>
      {passkeys.length > 0 && <ul className="list">{passkeys.map((passkey) => <OnePasskey key={passkey.id} {...passkey} />)}</ul>}
      {adding
        ? <Add onDone={() => setAdding(false)} />
        : <div className="buttons"><button type="button" className="quiet" onClick={() => setAdding(true)}>Add a passkey</button></div>}
      {passkeys.length > 0 && <PasskeyOnly me={me} />}
    </section>
  );
}

function Add({ onDone }: { onDone: () => void }) {
  const shown = useFreshFactors();
  return (
    <Form onSubmit={({ name }) => shown(auth.addPasskey({ name: name || undefined }))} onDone={onDone}>
      <Field name="name" label="Name" hint="So that you know it again. Left empty, it is named after this device." maxLength={64} required={false} autoFocus />
      <Submit>Make the passkey</Submit>
    </Form>
  );
}

function OnePasskey({ id, name, createdAt, lastUsedAt, synced }: Passkey) {
  const [renaming, setRenaming] = useState(false);
  const rename = useChange(RenamePasskeyDocument);
  const shown = useFreshFactors();
  return (
    <li>
      <div>
        <h3><bdi>{name}</bdi></h3>
        <p>Added <When at={createdAt} />{lastUsedAt && <>, used <When at={lastUsedAt} /></>}{synced && ', copied to your other devices'}</p>
      </div>
      <div className="buttons">
        <button type="button" className="quiet" aria-label={`Rename ${name}`} aria-expanded={renaming} onClick={() => setRenaming(!renaming)}>Rename</button>
        <Act label={`Remove ${name}`} does={() => shown(auth.removeFactor(id))}>Remove</Act>
      </div>
      {renaming && (
        <Form onSubmit={({ name }) => rename({ passkeyId: id, name })} onDone={() => setRenaming(false)}>
          <Field name="name" label="New name" defaultValue={name} maxLength={64} autoFocus />
          <Submit>Rename</Submit>
        </Form>
      )}
    </li>
  );
}

/** Has Apollo ask for the factors anew behind what the client changed. */
function useFreshFactors() {
  const apollo = useApolloClient();
  return async <T,>(change: Promise<T>) => {
    const result = await change;
    await apollo.refetchQueries({ include: [FactorsDocument] });
    return result;
  };
}
