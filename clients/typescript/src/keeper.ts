/** The session of this device: its access token, who is signed in, and when it is refreshed. */
import { now, since, systemClock, type Moment } from './clock.js';
import { LatchkeyError, passes } from './errors.js';
import type { Account, Answers, NewTokens, Operations } from './operations.js';
import type { Options } from './options.js';
import { later, platform } from './platform.js';
import { createStore } from './store.js';
import { createTabs, type Message } from './tabs.js';
import type { Session } from './types.js';
import type { Vault } from './vault.js';
import type { Wire } from './wire.js';

interface Access {
  readonly token: string;
  readonly userId: string;
  readonly lifetime: number; // milliseconds
  readonly since: Moment;
}

/** How long before its end an access token is refreshed: so many milliseconds, and no more than this part of its life. */
const margin = 30_000;
const marginPart = 0.1;

/** The pauses of a client that does not know yet who is signed in, in milliseconds. */
const pauses = [1000, 2000, 5000, 10_000, 30_000];

export class Keeper<U> {
  readonly session = createStore<Session<U>>({ status: 'loading', problem: null }, () => void this.restore());
  private access: Access | null = null;
  private refreshing: Promise<void> | null = null;
  private restoring: Promise<void> | null = null;
  /** The last word of a service that said when to come again. */
  private refusal: { readonly error: LatchkeyError; readonly since: Moment } | null = null;
  private failures = 0;
  private stopTimer = () => {};
  private closed = false;
  private readonly clock;
  private readonly tabs;

  constructor(options: Options<U>, private readonly wire: Wire, private readonly vault: Vault, private readonly operations: Operations) {
    this.clock = options.clock ?? systemClock;
    this.tabs = createTabs(options);
  }

  // ---------------------------------------------------------------- what there is

  /** Whose session it is; null for nobody's. */
  userId(): string | null {
    return this.access?.userId ?? null;
  }

  /** The access token, be it old. */
  lastToken(): string | null {
    return this.access?.token ?? null;
  }

  /** A good access token; null if nobody is signed in. */
  async accessToken(): Promise<string | null> {
    if (this.session.get().status === 'loading') {
      const known = await this.restore();
      if (known.status === 'loading') throw known.problem ?? new LatchkeyError('NETWORK', 'The client is closed.');
    }
    const { access } = this;
    if (!access || this.isGood(access)) return this.lastToken();
    try {
      await this.refresh(access.token);
    } catch (error) {
      if (this.access !== access || this.age(access) >= access.lifetime) throw error;
    }
    return this.lastToken();
  }

  private age(of: Access): number {
    return since(this.clock, of.since);
  }

  private isGood(of: Access): boolean {
    return this.age(of) < of.lifetime - Math.min(margin, of.lifetime * marginPart);
  }

  // ---------------------------------------------------------------- refreshing

  /** Has another access token than the one that was refused, or none if the session is over. */
  refresh(refused: string | null): Promise<void> {
    this.refreshing ??= this.tabs.exclusive(async () => {
      if (this.access && this.access.token !== refused && this.isGood(this.access)) return; // another tab or a login was faster
      if (refused !== null && !this.access) return; // and so was a logout
      await this.trade();
    }).finally(() => { this.refreshing = null; });
    return this.refreshing;
  }

  private async trade() {
    const token = await this.vault.refreshToken();
    if (token === null && this.vault.transport === 'BODY') return this.signOut('ended'); // nobody logged in here, or another tab logged out
    const { user, account, tokens } = await this.ask(token);
    await this.vault.traded(token, tokens?.refreshToken ?? null);
    if (user && account && tokens) this.signIn(user, account, tokens);
    else this.signOut('ended');
  }

  /** Asks for the successor of a token. A lost answer is asked for again: the service gives the same one. */
  private async ask(refreshToken: string | null): Promise<Answers<U>['refresh']> {
    this.mindRefusal();
    const input = refreshToken === null ? {} : { refreshToken };
    const send = () => this.wire.send<Pick<Answers<U>, 'refresh'>>(this.operations.refresh, { input });
    try {
      const { refresh } = await send().catch((error) => (error.code === 'NETWORK' ? send() : Promise.reject(error)));
      return refresh;
    } catch (error) {
      if (error instanceof LatchkeyError && error.retryAfter) this.refusal = { error, since: now(this.clock) };
      throw error;
    }
  }

  /** Fails as the service did, until the time is over that it said. */
  private mindRefusal() {
    if (!this.refusal) return;
    const { error, since: moment } = this.refusal;
    const seconds = Math.ceil(error.retryAfter! - since(this.clock, moment) / 1000);
    if (seconds > 0) throw new LatchkeyError(error.code, error.message, { retryAfter: seconds, cause: error });
  }

  /** Finds out who is signed in; while the service is away it says so in the session, and tries again later. */
  restore = (): Promise<Session<U>> => {
    if (this.closed || this.session.get().status !== 'loading') return Promise.resolve(this.session.get());
    this.open();
    this.restoring ??= this.refresh(null).catch((error) => {
      if (this.session.get().status !== 'loading') return;
      this.session.set({ status: 'loading', problem: error });
      if (passes(error)) this.retryLater(error.retryAfter);
    }).finally(() => { this.restoring = null; });
    return this.restoring.then(() => this.session.get());
  };

  private retryLater(seconds: number | null) {
    const pause = pauses[Math.min(this.failures++, pauses.length - 1)]!;
    this.stopTimer();
    this.stopTimer = later(seconds === null ? pause : seconds * 1000, this.retry);
  }

  private readonly retry = () => {
    this.stopTimer();
    void this.restore();
  };

  // ---------------------------------------------------------------- what changes it

  /** Runs a request that opens or ends a session, with no refresh beside it. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    this.open();
    return this.tabs.exclusive(work);
  }

  signIn(user: U, account: Account, tokens: NewTokens) {
    this.accept(account.id, tokens);
    this.enter(user);
    this.tellTokens(false);
  }

  /** Goes on with another access token of the same session, unless it is over or another's by now. */
  renew(userId: string, tokens: NewTokens) {
    if (this.userId() !== userId) return;
    this.accept(userId, tokens);
    this.tellTokens(true);
  }

  /** Has the user as they are now, under the same condition. */
  update(user: U, account: Account) {
    if (this.userId() !== account.id) return;
    this.enter(user);
    this.tellTokens(true);
  }

  signOut(why: 'logout' | 'ended') {
    const was = this.session.get().status;
    this.leave(was === 'loading' && why === 'ended' ? 'visitor' : why);
    if (was === 'signed-in' || why === 'logout') this.tabs.tell({ kind: 'signed-out', why });
  }

  private accept(userId: string, { accessToken, accessTokenExpiresIn }: NewTokens) {
    this.access = { token: accessToken, userId, lifetime: accessTokenExpiresIn * 1000, since: now(this.clock) };
  }

  private enter(user: U) {
    this.failures = 0;
    this.refusal = null;
    const before = this.session.get();
    if (before.status !== 'signed-in' || JSON.stringify(before.user) !== JSON.stringify(user)) this.session.set({ status: 'signed-in', user });
  }

  private leave(why: 'visitor' | 'logout' | 'ended') {
    this.access = null;
    this.session.set({ status: 'signed-out', why });
  }

  // ---------------------------------------------------------------- other tabs

  private open() {
    if (this.closed) return;
    this.tabs.open((message) => this.hear(message));
    platform.addEventListener?.('online', this.retry);
  }

  private tellTokens(goesOn: boolean) {
    const { access } = this;
    const session = this.session.get();
    if (!access || session.status !== 'signed-in') return;
    const { token: accessToken, userId, lifetime } = access;
    this.tabs.tell({ kind: 'signed-in', user: session.user, userId, accessToken, lifetime: lifetime - this.age(access), sentAt: this.clock.wall(), goesOn });
  }

  private hear(message: Message) {
    if (message.kind === 'signed-in') {
      const { accessToken, userId } = message;
      if (message.goesOn && this.userId() !== userId) return; // a logout, or another's login, was faster
      const slept = Math.max(0, this.clock.wall() - message.sentAt); // this tab may have, with the message waiting
      this.access = { token: accessToken, userId, lifetime: message.lifetime - slept, since: now(this.clock) };
      this.enter(message.user as U);
    } else if (message.kind === 'signed-out' && this.session.get().status !== 'signed-out') {
      if (message.why === 'logout') this.leave('logout');
      else if (this.access) this.refresh(this.access.token).catch(() => {}); // by its own cookie or storage, which may be another's
    }
  }

  close = () => {
    this.closed = true;
    this.stopTimer();
    platform.removeEventListener?.('online', this.retry);
    this.tabs.close();
  };
}
