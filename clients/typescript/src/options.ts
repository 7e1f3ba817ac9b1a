/** What a client is made with: where the service is, and what a platform or a test gives in the place of the browser's. */
import type { DefaultUser, Document, PasskeyOptions } from './types.js';

export interface Options<U = DefaultUser> {
  /** Of the GraphQL API, for example `https://auth.example.org/graphql`. */
  readonly url: string;
  /**
   * How the refresh token travels. `cookie` is for web pages of the service's site: scripts cannot read it. `body` is for
   * native apps and programs, which keep it in `storage`.
   */
  readonly transport: 'cookie' | 'body';
  /** Where `body` keeps the refresh token and the device token. Left out, in memory. */
  readonly storage?: TokenStorage;
  /** What to know of the user: a fragment on `User`. Left out, `id username email role`. */
  readonly user?: Document<U, any>;
  /** What the list of devices calls this one. Left out, the service makes a name of the user agent. */
  readonly deviceName?: string;
  /** After how many milliseconds without an answer a request of this client is given up: 30,000 unless it is given. */
  readonly timeout?: number;
  readonly fetch?: typeof globalThis.fetch;
  readonly clock?: Clock;
  /** Web Locks, by which the tabs refresh once; null for none. Left out, those of the browser. */
  readonly locks?: Locks | null;
  /** A channel to the other tabs by its name; null for none. Left out, a `BroadcastChannel`. */
  readonly channel?: ((name: string) => Channel) | null;
  /** What makes and uses passkeys. Left out, the browser; native apps give their system's. */
  readonly authenticator?: Authenticator;
}

/** `localStorage`, React Native's AsyncStorage, or what you make of a secure store. The keys are of `a-z A-Z .`. */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** Two clocks in milliseconds. Neither needs to be right: only what passes counts, by the one that says more. */
export interface Clock {
  /** Never set, but may stand while the device sleeps: `performance.now()`. */
  monotonic(): number;
  /** Goes on in sleep, but may be set: `Date.now()`. */
  wall(): number;
}

/** What the client needs of Web Locks' `LockManager`. */
export interface Locks {
  request<T>(name: string, options: { ifAvailable?: boolean; signal?: AbortSignal }, work: (lock: unknown) => Promise<T>): Promise<T>;
}

/** What the client needs of a `BroadcastChannel`. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: any) => void) | null;
  close(): void;
}

/** Takes the JSON of WebAuthn's options and returns the JSON of what was made of them. An error `NotAllowedError` or `AbortError` is a cancel. */
export interface Authenticator {
  create(options: object, more: PasskeyOptions): Promise<object>;
  get(options: object, more: PasskeyOptions & { mediation?: 'conditional' }): Promise<object>;
}

