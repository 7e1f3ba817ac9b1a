import { useQuery } from '@apollo/client/react';
import { auth } from '../../auth';
import { Act } from '../../components/Act';
import { Loaded } from '../../components/Loaded';
import { Title } from '../../components/Page';
import { When } from '../../components/When';
import { DevicesDocument, EndDeviceDocument, EndOtherDevicesDocument, type DeviceFragment } from '../../gql/graphql';
import { useChange } from '../../lib/useChange';
import { TrustedDevices } from './TrustedDevices';

/** Where somebody is logged in. Ending a device counts on its next request. */
export function Devices() {
  const endOthers = useChange(EndOtherDevicesDocument);
  const devices = useQuery(DevicesDocument, { fetchPolicy: 'cache-and-network' }); // others come and go
  return (
    <section className="sheet">
      <Title>Devices</Title>
      <p>You are logged in on these. End what you do not know or no longer use, and change your password if it was not you.</p>
      <Loaded of={devices}>
        {({ me }) => me && (
          <>
            <ul className="list">{me.sessions?.map((device) => <Device key={device.id} {...device} />)}</ul>
            {me.sessions && me.sessions.length > 1 && (
              <div className="buttons"><Act does={() => endOthers()}>Log out all other devices</Act></div>
            )}
            {!!me.trustedDevices?.length && <TrustedDevices devices={me.trustedDevices} />}
          </>
        )}
      </Loaded>
    </section>
  );
}

function Device({ id, current, deviceName, ipAddress, lastUsedAt, lastRefresh }: DeviceFragment) {
  const end = useChange(EndDeviceDocument);
  const moved = lastRefresh?.device && lastRefresh.device !== deviceName; // somebody else may have its tokens
  return (
    <li>
      <div>
        <h2><bdi>{deviceName}</bdi> {current && <span className="tag">This device</span>}</h2>
        <p>Used <When at={lastUsedAt} />{ipAddress && ` from ${ipAddress}`}</p>
        {moved && <p>Last used by <bdi>{lastRefresh.device}</bdi></p>}
      </div>
      {current
        ? <Act does={() => auth.logout()}>Log out</Act>
        : <Act label={`Log out ${deviceName}`} does={() => end({ sessionId: id })}>Log out</Act>}
    </li>
  );
}
