import { Act } from '../../components/Act';
import { When } from '../../components/When';
import { ForgetDeviceDocument, type TrustedFragment } from '../../gql/graphql';
import { useChange } from '../../lib/useChange';

/** Where a login leaves the second factor out. */
export function TrustedDevices({ devices }: { devices: TrustedFragment[] }) {
  const forget = useChange(ForgetDeviceDocument);
  return (
    <section className="part">
      <h2>Trusted devices</h2>
      <p>On these a login asks for no second factor.</p>
      <ul className="list">
        {devices.map(({ id, name, lastUsedAt, expiresAt }) => (
          <li key={id}>
            <div>
              <h3><bdi>{name}</bdi></h3>
              <p>Used <When at={lastUsedAt} />, trusted until <When at={expiresAt} /></p>
            </div>
            <Act label={`Ask there again: ${name}`} does={() => forget({ deviceId: id })}>
              Ask there again
            </Act>
          </li>
        ))}
      </ul>
    </section>
  );
}
