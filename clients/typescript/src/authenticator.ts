/** WebAuthn's JSON, and what a browser makes of it. */
import { platform } from './platform.js';
import type { Authenticator } from './options.js';

/** The browser's, or null where there is none. */
export function systemAuthenticator(): Authenticator | null {
  const { PublicKeyCredential, navigator } = platform;
  const credentials = navigator?.credentials;
  if (!PublicKeyCredential || !credentials) return null;
  return {
    async create(options, { signal }) {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? decoded(options);
      return toJSON(await credentials.create({ publicKey, signal }));
    },
    async get(options, { signal, mediation }) {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? decoded(options);
      return toJSON(await credentials.get({ publicKey, signal, mediation }));
    },
  };
}

/** The text of the credential that is made or used; null if the person cancels. */
export async function credentialFor(ask: () => Promise<object>): Promise<string | null> {
  try {
    return JSON.stringify(await ask());
  } catch (error) {
    if (isNamed(error, 'NotAllowedError') || isNamed(error, 'AbortError')) return null;
    throw error;
  }
}

export function isNamed(error: unknown, name: string): boolean {
  return (error as { name?: unknown } | null)?.name === name;
}

// ---------------------------------------------------------------- browsers that do not read and write the JSON themselves

/** Options with bytes where the JSON has base64url. */
function decoded(options: any): object {
  const { challenge, user, excludeCredentials, allowCredentials } = options;
  const withBytes = (named: { id: string }) => ({ ...named, id: fromBase64url(named.id) });
  return {
    ...options,
    challenge: fromBase64url(challenge),
    ...(user ? { user: withBytes(user) } : {}),
    excludeCredentials: excludeCredentials?.map(withBytes),
    allowCredentials: allowCredentials?.map(withBytes),
  };
}

/** A credential as JSON. */
function toJSON(credential: any): object {
  if (typeof credential.toJSON === 'function') return credential.toJSON();
  const { id, type, rawId, authenticatorAttachment, response } = credential;
  const read = (names: readonly string[]) => Object.fromEntries(
    names.flatMap((name) => (response[name] ? [[name, toBase64url(response[name])]] : [])));
  return {
    id, type, authenticatorAttachment, rawId: toBase64url(rawId), clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      ...read(['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']),
      ...(response.getTransports ? { transports: response.getTransports() } : {}),
    },
  };
}

function fromBase64url(text: string): Uint8Array {
  return Uint8Array.from(platform.atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}

function toBase64url(buffer: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return platform.btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
