// Why a request failed. What a person can put right is no failure: it stands in the payload's `errors` (mistakes.ts).
import { ClientError } from 'graphql-request';

export type FailureCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'BAD_USER_INPUT'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'INTERNAL';

export interface Failure {
  code: FailureCode;
  /** More about the code: `EXPIRED`, `REVOKED`, `INVALID`, `MISSING` of UNAUTHENTICATED, `STEP_UP` and others of FORBIDDEN. */
  reason?: string;
  /** What a step-up has to show: `aal2` is a second factor. */
  level?: 'aal1' | 'aal2';
  /** Seconds to wait, of RATE_LIMITED and UNAVAILABLE. */
  retryAfter?: number;
}

/** What the service said of a failed request; undefined of everything else, such as a network that is away. */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof ClientError)) return undefined;
  return error.response.errors?.[0]?.extensions as Failure | undefined;
}
