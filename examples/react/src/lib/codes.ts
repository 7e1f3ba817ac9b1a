import { useSyncExternalStore } from 'react';

// Recovery codes come once, at the end of a login or of a change. Whoever gets them puts them here, and the app shows
// them before anything else.

let codes: readonly string[] | null = null;
const listeners = new Set<() => void>();

export function showOnce(these: readonly string[] | null | undefined) {
  if (!these?.length) return;
  set(these);
}

/** Forgets the codes: their owner has them. */
export const codesAreKept = () => set(null);

/** The codes that wait to be shown. */
export const useCodes = () => useSyncExternalStore(subscribe, () => codes);

function set(these: readonly string[] | null) {
  codes = these;
  for (const changed of listeners) changed();
}

function subscribe(changed: () => void) {
  listeners.add(changed);
  return () => listeners.delete(changed);
}
