/** `fetch` for backends of the app's own, which verify the access token. */
import { LatchkeyError } from './errors.js';
import type { Options } from './options.js';
import type { Attempt } from './types.js';

export function createBackendFetch(options: Options<any>, attempt: () => Attempt): typeof globalThis.fetch {
  const send = options.fetch ?? ((input, init) => fetch(input, init));
  return async (input, init) => {
    const mine = attempt();
    const isRequest = typeof input === 'object' && 'headers' in input;
    for (;;) {
      const accessToken = await mine.accessToken();
      const headers = new Headers(init?.headers ?? (isRequest ? input.headers : undefined));
      if (accessToken) headers.set('authorization', `Bearer ${accessToken}`);
      const response = await send(isRequest ? input.clone() : input, { ...init, headers });
      if (response.status !== 401 || isSpent(init?.body)) return response;
      if (!(await mine.again(refusalOf(response.headers.get('www-authenticate') ?? '')))) return response;
    }
  };
}

/** Whether a body was read as it was sent, and is there no more. */
function isSpent(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'getReader' in body;
}

/** What a challenge asks for: a step-up by RFC 9470, or another token. */
function refusalOf(challenge: string): LatchkeyError {
  if (!/\berror="?insufficient_user_authentication\b/.test(challenge)) return new LatchkeyError('UNAUTHENTICATED', 'The backend refuses the access token.');
  const level = /\bacr_values="[^"]*\baal2\b/.test(challenge) ? 'aal2' : 'aal1';
  return new LatchkeyError('FORBIDDEN', 'The backend wants a fresh proof.', { reason: 'STEP_UP', level });
}
