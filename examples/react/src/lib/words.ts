import { errorOf, type UserError, type UserErrorCode } from 'latchkey-client';

/**
 * Our own words for some of a person's mistakes. Codes will be added to the schema, and the service words each of them:
 * its `message` is shown for all others.
 */
const mistakes: { [code in UserErrorCode]?: (limit: number) => string } = {
  INVALID_CREDENTIALS: () => 'No account has this name and password.',
  PASSWORD_TOO_SHORT: (limit) => `At least ${limit} characters.`,
  CHALLENGE_INVALID: () => 'This took too long. Begin again.',
};

export const word = ({ code, message, limit }: UserError) => mistakes[code]?.(limit ?? 0) ?? message;

/** Says of a request that failed what happened and what to do. */
export function explain(failure: unknown): string {
  const error = errorOf(failure);
  switch (error?.code) {
    case 'RATE_LIMITED':
      return `That was too often. Try again in ${inWords(error.retryAfter ?? 60)}.`;
    case 'UNAVAILABLE':
      return `The service is busy just now. Try again in ${inWords(error.retryAfter ?? 5)}.`;
    case 'NETWORK':
      return 'The service does not answer. See whether you are online, and try again.';
    case 'UNAUTHENTICATED':
      return 'You are logged out. Log in and try again.';
    case 'FORBIDDEN':
      if (error.reason === 'STEP_UP') return 'Nothing was changed, since you did not show that it is you.';
      if (error.reason === 'REGISTRATION_CLOSED') return 'Accounts are made by an administrator here. Ask one for yours.';
      return error.message;
    default:
      return 'Something went wrong on our side. Try again in a while.';
  }
}

/** How long so many seconds are, rounded up. */
function inWords(seconds: number) {
  const [n, unit] = seconds <= 90 ? [seconds, 'second'] : seconds <= 5400 ? [Math.ceil(seconds / 60), 'minute'] : [Math.ceil(seconds / 3600), 'hour'];
  return n === 1 ? `one ${unit}` : `${n} ${unit}s`;
}
