/** What a platform may have besides fetch: browsers all of it, node some, React Native little. */
import type { Channel, Locks } from './options.js';

interface Platform {
  readonly performance?: { now(): number };
  readonly document?: object;
  readonly navigator?: { readonly locks?: Locks; readonly credentials?: Credentials };
  readonly BroadcastChannel?: new (name: string) => Channel & { unref?(): void };
  readonly PublicKeyCredential?: PublicKey;
  readonly atob: (text: string) => string;
  readonly btoa: (text: string) => string;
  readonly addEventListener?: (event: string, listener: () => void) => void;
  readonly removeEventListener?: (event: string, listener: () => void) => void;
}

interface Credentials {
  create(options: object): Promise<unknown>;
  get(options: object): Promise<unknown>;
}

/** The parts of `PublicKeyCredential` that not every browser with passkeys has. */
interface PublicKey {
  readonly isConditionalMediationAvailable?: () => Promise<boolean>;
  readonly parseCreationOptionsFromJSON?: (options: object) => object;
  readonly parseRequestOptionsFromJSON?: (options: object) => object;
  readonly signalUnknownCredential?: (options: { rpId: string; credentialId: string }) => Promise<void>;
  readonly signalAllAcceptedCredentials?: (
    options: { rpId: string; userId: string; allAcceptedCredentialIds: readonly string[] },
  ) => Promise<void>;
}

export const platform = globalThis as unknown as Platform;

/** Calls `work` once after so many milliseconds, unless the function that is returned is called. It keeps no process alive. */
export function later(milliseconds: number, work: () => void): () => void {
  const timer = setTimeout(work, milliseconds);
  (timer as unknown as { unref?(): void }).unref?.();
  return () => clearTimeout(timer);
}
