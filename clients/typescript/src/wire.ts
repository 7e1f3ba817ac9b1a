/** GraphQL over HTTP: one operation, one answer or one LatchkeyError. */
import { failureOf, type GraphQLError, LatchkeyError, unanswered } from './errors.js';
import { later } from './platform.js';
import type { Options } from './options.js';

export interface Wire {
  send<Data>(document: string, variables?: object, how?: { accessToken?: string | null; signal?: AbortSignal }): Promise<Data>;
}

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[];
}

export function createWire(options: Options<any>): Wire {
  const send = options.fetch ?? ((input, init) => fetch(input, init)); // looked up each time: tools put their own in its place
  const { timeout = 30_000 } = options;
  return {
    async send<Data>(query: string, variables: object = {}, { accessToken, signal }: { accessToken?: string | null; signal?: AbortSignal } = {}) {
      const patience = new AbortController();
      const stop = () => patience.abort();
      const settled = later(timeout, stop);
      signal?.addEventListener('abort', stop);
      try {
        const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
        if (accessToken) headers['authorization'] = `Bearer ${accessToken}`;
        const response = await send(options.url, {
          method: 'POST', headers, body: JSON.stringify({ query, variables }), signal: patience.signal,
          credentials: options.transport === 'cookie' ? 'include' : 'omit',
        });
        return dataOf<Data>(response, await response.text());
      } catch (error) {
        if (error instanceof LatchkeyError) throw error;
        if (signal?.aborted) throw error;
        throw patience.signal.aborted ? unanswered(error, `The service did not answer within ${timeout / 1000} seconds.`) : unanswered(error);
      } finally {
        settled();
        signal?.removeEventListener('abort', stop);
      }
    },
  };
}

function dataOf<Data>(response: Response, text: string): Data {
  const answer = parsed(text);
  if (answer?.errors?.length) throw failureOf(answer.errors);
  if (answer?.data) return answer.data as Data;
  // Something else answered: a proxy before a service that is away, or a wrong address.
  const { status } = response;
  const retryAfter = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  const more = Number.isNaN(retryAfter) ? {} : { retryAfter };
  if (status === 429) throw new LatchkeyError('RATE_LIMITED', 'Too many requests.', more);
  if (status >= 500) throw new LatchkeyError('UNAVAILABLE', 'The service is not available.', more);
  throw new LatchkeyError('NETWORK', `There is no GraphQL API at this address: it answers ${status}.`);
}

function parsed(text: string): Answer | null {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' ? (answer as Answer | null) : null;
  } catch {
    return null;
  }
}
