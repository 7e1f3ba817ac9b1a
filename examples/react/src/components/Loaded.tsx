import type { ReactNode } from 'react';
import { explain } from '../lib/words';

type Props<T> = {
  /** What `useQuery` returned. */
  of: { data?: T; error?: unknown; refetch: () => unknown };
  children: (data: T) => ReactNode;
};

/** Shows what a query brought, or why there is nothing yet. */
export function Loaded<T>({ of: { data, error, refetch }, children }: Props<T>) {
  if (data) return children(data);
  if (!error) return <p role="status">One moment…</p>;
  return (
    <>
      <p role="alert" className="error">{explain(error)}</p>
      <div className="buttons"><button type="button" className="quiet" onClick={() => refetch()}>Try again</button></div>
    </>
  );
}
