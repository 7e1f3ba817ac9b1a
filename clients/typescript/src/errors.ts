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

  constructor(code: ErrorCode, message: string, more: { reason?: Reason; retryAfter?: number; level?: 'aal1' | 'aal2'; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.reason = more.reason ?? null;
    this.retryAfter = more.retryAfter ?? null;
    this.level = more.level ?? null;
  }
}
