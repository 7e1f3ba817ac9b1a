/** The session of this device: its access token, who is signed in, and when it is refreshed. */
import { now, since, systemClock, type Moment } from './clock.js';
import { LatchkeyError, passes } from './errors.js';
import type { Account, Answers, NewTokens, Operations } from './operations.js';
import { later, platform } from './platform.js';
import { createStore } from './store.js';
import { createTabs, type Message } from './tabs.js';
import type { Options, Session, Store } from './types.js';
import type { Vault } from './vault.js';
import type { Wire } from './wire.js';

export interface Keeper<U> {
  readonly session: Store<Session<U>>;
  restore(): Promise<Session<U>>;
  /** Whose session it is; null for nobody's. */
  userId(): string | null;
  /** The access token, be it old. */
  lastToken(): string | null;
  accessToken(): Promise<string | null>;
  /** Has another access token than this one, or none if the session is over. */
  refresh(refused: string): Promise<void>;
  /** Runs a request that opens or ends a session, with no refresh beside it. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  signIn(user: U, account: Account, tokens: NewTokens): void;
  /** Goes on with another access token of the same session, unless it is over or another's by now. */
  renew(userId: string, tokens: NewTokens): void;
  /** Has the user as they are now, under the same condition. */
  update(user: U, account: Account): void;
  signOut(why: 'logout' | 'ended'): void;
  close(): void;
}

interface Access {
  readonly token: string;
  readonly userId: string;
  readonly lifetime: number; // milliseconds
  readonly since: Moment;
}

/** How long before its end an access token is refreshed, at most and as a part of its life. */
const margin = 30_000;
const marginPart = 0.1;

/** The pauses of a client that does not know yet who is signed in, in milliseconds. */
const pauses = [1000, 2000, 5000, 10_000, 30_000];

export function createKeeper<U>(options: Options<U>, wire: Wire, vault: Vault, operations: Operations): Keeper<U> {
  const clock = options.clock ?? systemClock;
  const tabs = createTabs(options);
  const session = createStore<Session<U>>({ status: 'loading', problem: null }, () => void restore());
  let access: Access | null = null;
  let refreshing: Promise<void> | null = null;
  let restoring: Promise<void> | null = null;
  let paused: { readonly error: LatchkeyError; readonly since: Moment } | null = null;
  let failures = 0;
  let stopTimer = () => {};
  let closed = false;

  const age = (of: Access) => since(clock, of.since);
  const isGood = (of: Access) => age(of) < of.lifetime - Math.min(margin, of.lifetime * marginPart);

  function open() {
    tabs.open(hear);
    platform.addEventListener?.('online', retry);
  }

  function hear(message: Message) {
    if (message.kind === 'signed-in') {
      // It may have waited while this tab slept: then its token is as much older.
      const slept = Math.max(0, clock.wall() - message.sentAt);
      access = { token: message.accessToken, userId: message.userId, lifetime: message.lifetime - slept, since: now(clock) };
      enter(message.user as U);
    } else if (message.kind === 'signed-out' && session.get().status !== 'signed-out') {
      if (message.why === 'logout') leave('logout');
      else if (access) refresh(access.token).catch(() => {}); // by its own cookie or storage, which may be another's
    }
  }

  function enter(user: U) {
    failures = 0;
    paused = null;
    const before = session.get();
    if (before.status !== 'signed-in' || JSON.stringify(before.user) !== JSON.stringify(user)) session.set({ status: 'signed-in', user });
  }

  function leave(why: 'visitor' | 'logout' | 'ended') {
    access = null;
    session.set({ status: 'signed-out', why });
  }

  function tellTokens() {
    const current = session.get();
    if (!access || current.status !== 'signed-in') return;
    const { token: accessToken, userId } = access;
    tabs.tell({ kind: 'signed-in', user: current.user, userId, accessToken, lifetime: access.lifetime - age(access), sentAt: clock.wall() });
  }

  function accept(userId: string, tokens: NewTokens) {
    access = { token: tokens.accessToken, userId, lifetime: tokens.accessTokenExpiresIn * 1000, since: now(clock) };
  }

  function signIn(user: U, account: Account, tokens: NewTokens) {
    accept(account.id, tokens);
    enter(user);
    tellTokens();
  }

  function signOut(why: 'logout' | 'ended') {
    const was = session.get().status;
    leave(was === 'loading' && why === 'ended' ? 'visitor' : why);
    if (was === 'signed-in' || why === 'logout') tabs.tell({ kind: 'signed-out', why });
  }

  function refresh(refused: string | null): Promise<void> {
    refreshing ??= tabs.exclusive(async () => {
      if (access && access.token !== refused && isGood(access)) return; // another tab or a login was faster
      if (refused !== null && !access) return; // and so was a logout
      await trade();
    }).finally(() => { refreshing = null; });
    return refreshing;
  }

  /** Trades the refresh token for the next. A lost answer is asked for again: the service gives the same successor. */
  async function trade() {
    const waits = paused && (paused.error.retryAfter ?? 0) - since(clock, paused.since) / 1000;
    if (paused && waits! > 0) throw new LatchkeyError(paused.error.code, paused.error.message, { retryAfter: Math.ceil(waits!), cause: paused.error });
    const token = await vault.refreshToken();
    if (token === null && vault.transport === 'BODY') return signOut('ended'); // nobody logged in here, or another tab logged out
    const input = token === null ? {} : { refreshToken: token };
    const ask = () => wire.send<Pick<Answers<U>, 'refresh'>>(operations.refresh, { input });
    const { refresh: answer } = await ask()
      .catch((error) => (error.code === 'NETWORK' ? ask() : Promise.reject(error)))
      .catch((error) => {
        if (error.retryAfter) paused = { error, since: now(clock) };
        throw error;
      });
    if (answer.user && answer.account && answer.tokens) {
      await vault.traded(token, answer.tokens.refreshToken);
      signIn(answer.user, answer.account, answer.tokens);
    } else {
      await vault.traded(token, null);
      signOut('ended');
    }
  }

  /** Finds out who is signed in; while the service is away it says so in the session and tries again later. */
  function restore(): Promise<Session<U>> {
    if (closed || session.get().status !== 'loading') return Promise.resolve(session.get());
    open();
    restoring ??= refresh(null).catch((error) => {
      if (session.get().status !== 'loading') return;
      session.set({ status: 'loading', problem: error });
      if (passes(error)) {
        stopTimer();
        stopTimer = later(error.retryAfter ? error.retryAfter * 1000 : pauses[Math.min(failures++, pauses.length - 1)]!, retry);
      }
    }).finally(() => { restoring = null; });
    return restoring.then(() => session.get());
  }

  function retry() {
    stopTimer();
    void restore();
  }

  return {
    session,
    restore,
    refresh,
    signIn,
    signOut,
    userId: () => access?.userId ?? null,
    lastToken: () => access?.token ?? null,
    async accessToken() {
      if (session.get().status === 'loading') {
        const known = await restore();
        if (known.status === 'loading') throw known.problem ?? new LatchkeyError('NETWORK', 'The client is closed.');
      }
      if (!access || isGood(access)) return access?.token ?? null;
      const before: Access = access;
      try {
        await refresh(before.token);
      } catch (error) {
        if (access !== before || age(before) >= before.lifetime) throw error;
      }
      return (access as Access | null)?.token ?? null;
    },
    exclusive(work) {
      open();
      return tabs.exclusive(work);
    },
    renew(userId, tokens) {
      if (access?.userId !== userId) return;
      accept(userId, tokens);
      tellTokens();
    },
    update(user, account) {
      if (access?.userId !== account.id) return;
      enter(user);
      tellTokens();
    },
    close() {
      closed = true;
      stopTimer();
      platform.removeEventListener?.('online', retry);
      tabs.close();
    },
  };
}
