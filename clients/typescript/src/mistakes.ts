import type { UserError } from './schema.js';
import type { Mistakes } from './types.js';

/** A mistake as an operation selects it: `errors { code message field limit }`. */
export type Mistake = Pick<UserError, 'code' | 'message'> & Partial<Pick<UserError, 'field' | 'limit'>>;

/** Sorts the errors of a payload for a form; null if there are none. */
export function mistakesOf<Field extends string = string>(errors: readonly Mistake[]): Mistakes<Field> | null {
  return errors.length ? sorted(errors) : null;
}

/** The same of errors that are there. A field is that of the input: `["input", "email"]` is `email`. */
export function sorted<Field extends string>(errors: readonly Mistake[]): Mistakes<Field> {
  const fields: { [F in Field]?: UserError } = {};
  const form: UserError[] = [];
  const all = errors.map(({ code, message, field = null, limit = null }) => ({ code, message, field, limit }));
  for (const error of all) {
    const name = error.field?.[1] as Field | undefined;
    if (name === undefined) form.push(error);
    else fields[name] ??= error;
  }
  return { fields, form, all };
}
