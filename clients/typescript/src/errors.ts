import type { Reason, RequestCode } from './schema.js';

/** A code of the service, or `NETWORK` where no answer came. Codes will be added: keep a default. */
export type ErrorCode = RequestCode | 'NETWORK';

/** A request that failed. What a person can put right is no error: it is in the result. */
export class LatchkeyError extends Error {
  override readonly name = 'LatchkeyError';
  readonly code: ErrorCode;
  /** More about the code. */
  readonly reason: Reason | null;
  /** Of `RATE_LIMITED` and `UNAVAILABLE`: how many seconds to wait. */
  readonly retryAfter: number | null;
  /** Of the reason `STEP_UP`: what is asked for. */
  readonly level: 'aal1' | 'aal2' | null;

  constructor(code: ErrorCode, message: string, more: ErrorDetails & { cause?: unknown } = {}) {
    super(message, 'cause' in more ? { cause: more.cause } : undefined);
    this.code = code;
    this.reason = more.reason ?? null;
    this.retryAfter = more.retryAfter ?? null;
    this.level = more.level ?? null;
  }
}

interface ErrorDetails {
  reason?: Reason;
  retryAfter?: number;
  level?: 'aal1' | 'aal2';
}

/** An error of a GraphQL answer. */
export interface GraphQLError {
  readonly message: string;
  readonly extensions?: ErrorDetails & { code?: RequestCode };
}

/** The error that a GraphQL answer fails with: of several the first. */
export function failureOf(errors: readonly GraphQLError[]): LatchkeyError {
  const [first] = errors;
  const { code = 'INTERNAL', ...details } = first?.extensions ?? {};
  return new LatchkeyError(code, first?.message ?? 'The answer has errors that say nothing.', details);
}

/** Whether the same may well succeed later, with nothing done about it. */
export function passes(error: unknown): error is LatchkeyError {
  return error instanceof LatchkeyError && ['NETWORK', 'UNAVAILABLE', 'RATE_LIMITED', 'INTERNAL'].includes(error.code);
}

/** What the errors of GraphQL libraries look like: urql's, Apollo's, graphql-request's. */
interface Foreign {
  readonly graphQLErrors?: readonly GraphQLError[];
  readonly networkError?: unknown;
  readonly errors?: readonly GraphQLError[];
  readonly response?: { readonly errors?: readonly GraphQLError[] };
}

/** Makes a `LatchkeyError` of what a GraphQL library throws; null if it is none. */
export function errorOf(error: unknown): LatchkeyError | null {
  if (error instanceof LatchkeyError) return error;
  if (typeof error !== 'object' || error === null) return null;
  const { graphQLErrors, networkError, errors, response } = error as Foreign;
  const found = [graphQLErrors, errors, response?.errors].find((list) => Array.isArray(list) && list.length > 0);
  if (found) return failureOf(found);
  if (networkError) return errorOf(networkError) ?? unanswered(networkError);
  return error instanceof TypeError ? unanswered(error) : null; // what fetch throws
}

/** The error where no answer came, or where it was lost. */
export function unanswered(cause: unknown, message = 'The service did not answer.'): LatchkeyError {
  return new LatchkeyError('NETWORK', message, { cause });
}
