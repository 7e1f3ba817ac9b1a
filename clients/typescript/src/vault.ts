/** Where the refresh token and the device token are between requests. With the cookie they are out of reach, and nothing is here. */
import type { Options, TokenStorage } from './options.js';

export interface Vault {
  /** What `LoginInput` and `RefreshInput` say of how tokens travel. */
  readonly transport: 'COOKIE' | 'BODY';
  /** Null if there is none here. */
  refreshToken(): Promise<string | null>;
  deviceToken(): Promise<string | null>;
  /** Keeps the tokens of a login. */
  opened(refreshToken: string | null, deviceToken: string | null | undefined): Promise<void>;
  /** Keeps the successor of a token, unless another tab has put something else in its place since. */
  traded(refreshToken: string | null, successor: string | null): Promise<void>;
}

const refreshKey = 'latchkey.refresh';
const deviceKey = 'latchkey.device';

export function createVault(options: Options<any>): Vault {
  if (options.transport === 'cookie') return cookies;
  const storage = options.storage ?? inMemory();
  const read = async (key: string) => (await storage.getItem(key)) ?? null;
  const write = async (key: string, value: string | null) => {
    await (value === null ? storage.removeItem(key) : storage.setItem(key, value));
  };
  return {
    transport: 'BODY',
    refreshToken: () => read(refreshKey),
    deviceToken: () => read(deviceKey),
    async opened(refreshToken, deviceToken) {
      await write(refreshKey, refreshToken);
      if (deviceToken) await write(deviceKey, deviceToken); // it outlives the session
    },
    async traded(refreshToken, successor) {
      if ((await read(refreshKey)) === refreshToken) await write(refreshKey, successor);
    },
  };
}

const cookies: Vault = {
  transport: 'COOKIE',
  refreshToken: async () => null,
  deviceToken: async () => null,
  opened: async () => {},
  traded: async () => {},
};

function inMemory(): TokenStorage {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
}
