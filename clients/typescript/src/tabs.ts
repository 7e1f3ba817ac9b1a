/** The tabs of one browser: they take turns at what changes tokens, and tell each other what came of it. */
import { textOf } from './document.js';
import { later, platform } from './platform.js';
import type { Channel, Locks, Options } from './options.js';

/** What tabs tell each other. */
export type Message =
  | {
      readonly kind: 'signed-in'; readonly user: unknown; readonly userId: string; readonly accessToken: string; readonly lifetime: number; readonly sentAt: number;
      readonly goesOn: boolean; // of a session that is there already: told without the lock
    }
  | { readonly kind: 'signed-out'; readonly why: 'logout' | 'ended' }
  | { readonly kind: 'nothing' };

export interface Tabs {
  /**
   * Runs `work` while no other of this tab and, where there are locks, of any tab runs. If another tab was at it, `work` runs
   * once the word of that tab was heard.
   */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  tell(message: Message): void;
  /** Begins to listen. */
  open(hear: (message: Message) => void): void;
  close(): void;
}

/** How long the word of a tab is waited for that let go of the lock. It is on its way, unless that tab was closed. */
const patience = 1000;

export function createTabs(options: Options<any>): Tabs {
  const name = `latchkey ${options.url}`;
  const shared = isShared(options);
  const locks = options.locks === undefined && shared ? platform.navigator?.locks : options.locks;
  const openChannel = options.channel === undefined && shared ? systemChannel() : options.channel;
  let channel: Channel | null = null;
  let last: Promise<unknown> = Promise.resolve(); // of this tab's turns
  let next = promised(); // word of another tab
  let told = false;

  const tell = (message: Message) => {
    told = true;
    channel?.postMessage(message);
  };
  const turn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!locks) return work();
    const word = next.promise;
    return underLock(locks, name, options.timeout ?? 30_000, async (waited) => {
      if (waited && channel) await Promise.race([word, new Promise<void>((go) => later(patience, go))]);
      told = false;
      try {
        return await work();
      } finally {
        if (!told) tell({ kind: 'nothing' });
      }
    });
  };
  return {
    exclusive(work) {
      const mine = last.then(() => turn(work));
      last = mine.catch(() => {});
      return mine;
    },
    tell,
    open(hear) {
      if (channel || !openChannel) return;
      channel = openChannel(options.user === undefined ? name : `${name} ${textOf(options.user)}`); // to those who know the same of users
      channel.onmessage = ({ data }) => {
        hear(data);
        next.resolve();
        next = promised();
      };
    },
    close() {
      channel?.close();
      channel = null;
    },
  };
}

/** Whether tabs share a session: by the cookie, or by what a page stores. Two clients of a program on node do not. */
function isShared({ transport, storage }: Options<any>): boolean {
  return transport === 'cookie' || (storage !== undefined && platform.document !== undefined);
}

function systemChannel(): ((name: string) => Channel) | null {
  const { BroadcastChannel } = platform;
  if (!BroadcastChannel) return null;
  return (name) => {
    const channel = new BroadcastChannel(name);
    channel.unref?.(); // on node it would keep the process alive
    return channel;
  };
}

function promised() {
  let resolve!: () => void;
  const promise = new Promise<void>((go) => { resolve = go; });
  return { promise, resolve };
}

/**
 * Runs `work` under a lock, and says whether another tab had it first. It runs without one where locks are refused, as on pages
 * without storage, and where a tab sleeps with the lock in its hand: that is waited for twice as long as a request may take.
 * The service copes with tabs that refresh at once.
 */
async function underLock<T>(locks: Locks, name: string, timeout: number, work: (waited: boolean) => Promise<T>): Promise<T> {
  let runs = false;
  const run = (waited: boolean) => {
    runs = true;
    return work(waited);
  };
  const giveUp = new AbortController();
  let settled = () => {};
  try {
    const free = await locks.request(name, { ifAvailable: true }, async (lock) => (lock ? { result: await run(false) } : null));
    if (free) return free.result;
    settled = later(2 * timeout, () => giveUp.abort());
    return await locks.request(name, { signal: giveUp.signal }, () => run(true));
  } catch (error) {
    if (runs) throw error;
    return work(true);
  } finally {
    settled();
  }
}
