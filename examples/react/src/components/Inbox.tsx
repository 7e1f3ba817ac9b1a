import { service } from '../auth';

/**
 * In development no mail leaves the machine: the service keeps all of them on a page, which this leads to. A build for
 * production has nothing of it.
 */
export function Inbox({ to }: { to?: string | null }) {
  if (!import.meta.env.DEV) return null;
  const inbox = `${service}/dev/mail${to ? `?to=${encodeURIComponent(to)}` : ''}`;
  return <p><a href={inbox} target="_blank" rel="noreferrer">Look into the development inbox</a></p>;
}
