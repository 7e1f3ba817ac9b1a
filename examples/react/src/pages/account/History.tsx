import { useQuery } from '@apollo/client/react';
import { Act } from '../../components/Act';
import { Loaded } from '../../components/Loaded';
import { Title } from '../../components/Page';
import { When } from '../../components/When';
import { HistoryDocument, type HistoryQuery } from '../../gql/graphql';
import { eventWord } from '../../lib/events';

type Event = NonNullable<NonNullable<HistoryQuery['me']>['securityEvents']>['nodes'][number];

/** What happened to the account, the newest first. */
export function History() {
  const history = useQuery(HistoryDocument, { fetchPolicy: 'cache-and-network' });

  async function more() {
    await history.fetchMore({ variables: { after: history.data?.me?.securityEvents?.pageInfo.endCursor } });
  }

  return (
    <section className="sheet">
      <Title>History</Title>
      <p>What happened to your account in the last 90 days. If something was not you, change your password, and end the devices that you do not know.</p>
      <Loaded of={history}>
        {({ me }) => me?.securityEvents && (
          <>
            <ul className="list">{me.securityEvents.nodes.map((event) => <OneEvent key={event.id} {...event} />)}</ul>
            {me.securityEvents.pageInfo.hasNextPage && (
              <div className="buttons"><Act does={more}>Show earlier ones</Act></div>
            )}
          </>
        )}
      </Loaded>
    </section>
  );
}

function OneEvent({ at, kind, outcome, actor, device, client, count }: Event) {
  return (
    <li>
      <div>
        <h2>{eventWord(kind, count)}{outcome === 'REFUSED' && ' (refused)'}</h2>
        <p>
          <When at={at} />
          {device && <>, <bdi>{device}</bdi></>}
          {client && `, from ${client}`}
          {(actor === 'ADMIN' || actor === 'SHELL') && ', by an administrator'}
        </p>
      </div>
    </li>
  );
}
