import type { AccountQuery } from '../../gql/graphql';

/** Who is logged in, as the page of the account asks for it. */
export type Me = NonNullable<AccountQuery['me']>;

/** A form of that page. It calls `close` with what to say once it is done. */
export type Change = { me: Me; close: (said: string) => void };
