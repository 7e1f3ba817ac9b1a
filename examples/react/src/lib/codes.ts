import { useSyncExternalStore } from 'react';
import { auth } from '../auth';

// Recovery codes come once, at the end of a login or of a change. Whoever gets them puts them here, and the app shows
// them before anything else.

let codes: readonly string[] | null = null;
let owner: string | null = null;
const listeners = new Set<() => void>();

export function showOnce(these: readonly string[] | null | undefined) {
  if (!these?.length) return;
  owner = user();
  set(these);
}

/** Forgets the codes: their owner has them. */
export const codesAreKept = () => set(null);

/** The codes that wait to be shown. */
export const useCodes = () => useSyncExternalStore(subscribe, () => codes);

// Whoever logs out leaves them to nobody, nor does somebody else who logs in in another tab see them.
auth.session.subscribe(() => codes && user() !== owner && set(null));

function user() {
  const session = auth.session.get();
  return session.status === 'signed-in' ? session.user.id : null;
}

function set(these: readonly string[] | null) {
  codes = these;
  for (const changed of listeners) changed();
}

function subscribe(changed: () => void) {
  listeners.add(changed);
  return () => listeners.delete(changed);
}
