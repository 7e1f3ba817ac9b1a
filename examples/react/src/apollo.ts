import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { latchkeyLink } from 'latchkey-client/apollo';
import { auth, graphql } from './auth';

/**
 * Apollo with one link more. It sends the access token, refreshes it, and has the person show who they are where an
 * operation asks for that; the operation then goes on by itself.
 */
export const apollo = new ApolloClient({
  link: ApolloLink.from([latchkeyLink(auth), new HttpLink({ uri: graphql, credentials: 'include' })]),
  cache: new InMemoryCache({
    possibleTypes: { Factor: ['Totp', 'Passkey'] },
    typePolicies: {
      User: { fields: { securityEvents: { keyArgs: false, merge: appendPage } } },
    },
  }),
});

type Page = { nodes: readonly unknown[] };

/** Puts the next page of a list behind those that are there. */
function appendPage(before: Page | undefined, page: Page, { args }: { args: Record<string, unknown> | null }) {
  return before && args?.after ? { ...page, nodes: [...before.nodes, ...page.nodes] } : page;
}

// What belongs to one person is not kept for the next.
let user: string | undefined;
auth.session.subscribe(() => {
  const session = auth.session.get();
  const now = session.status === 'signed-in' ? session.user.id : undefined;
  if (now !== user) void apollo.clearStore();
  user = now;
});

// A link that was followed in another tab, or another device, may have changed what is shown here.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && user) void apollo.refetchQueries({ include: 'active' });
});
