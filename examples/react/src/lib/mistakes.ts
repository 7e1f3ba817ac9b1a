import { mistakesOf, type Mistakes, type UserError } from 'latchkey-client';

/** What comes back for what was typed: the payload of a mutation, or what a method of the client returns. */
export type Answer = { readonly errors: readonly UserError[] } | { readonly status: string; readonly mistakes?: Mistakes };

/** What a person can put right, or null. */
export const mistakesIn = (answer: Answer) => ('errors' in answer ? mistakesOf(answer.errors) : answer.mistakes ?? null);

/** Whether somebody closed the browser's window for passkeys: nothing happened then. */
export const cancelled = (answer: Answer) => 'status' in answer && answer.status === 'cancelled';
