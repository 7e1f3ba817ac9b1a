// What a person can put right, as the `errors` of each payload have it.
import type { MistakeFragment, UserErrorCode } from './gql/graphql.js';

/** Own words for some codes. Codes will be added: for those that are not here the service's message is shown. */
const words: { [code in UserErrorCode]?: (limit: number) => string } = {
  PASSWORD_TOO_SHORT: (limit) => `Take ${limit} characters or more.`,
  PASSWORD_TOO_LONG: (limit) => `At most ${limit} characters.`,
  CHALLENGE_INVALID: () => 'That took too long. Begin again.',
};

export const wordsFor = ({ code, message, limit }: MistakeFragment): string => words[code]?.(limit ?? 0) ?? message;

/** What to say beside each field of a form, by the field's name. What is of no one field is under ''. */
export function byField(errors: readonly MistakeFragment[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const error of errors) fields[error.field?.at(-1) ?? ''] ??= wordsFor(error);
  return fields;
}
