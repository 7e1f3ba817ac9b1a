import type { Store } from './types.js';

/** A store with what changes it. */
export interface Source<T> extends Store<T> {
  set(value: T): void;
  /** Whether anybody subscribed. */
  watched(): boolean;
}

/** `began` is called with each subscription. */
export function createStore<T>(value: T, began: () => void = () => {}): Source<T> {
  const listeners = new Map<object, () => void>();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const listener of [...listeners.values()]) listener();
    },
    subscribe(listener) {
      const key = {}; // the same function may subscribe twice
      listeners.set(key, listener);
      began();
      return () => void listeners.delete(key);
    },
    watched: () => listeners.size > 0,
  };
}

/** A store for those who only look. */
export const readOnly = <T>({ get, subscribe }: Store<T>): Store<T> => ({ get, subscribe });
