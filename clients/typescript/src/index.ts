export { createClient } from './client.js';
export { errorOf, LatchkeyError, type ErrorCode } from './errors.js';
export { mistakesOf, type Mistake } from './mistakes.js';
export type { Authenticator, Channel, Clock, Locks, Options, TokenStorage } from './options.js';
export type {
  AddPasskeyResult, Attempt, Cancelled, Client, ConfirmResult, DefaultUser, Document, EmailCodeStep, EnrolmentStep, LoginResult, LoginStep, Mistakes,
  NewPasswordStep, NextStep, Outcome, PasskeyOptions, Refused, RegisterResult, RememberDevice, RemoveFactorResult, SecondFactorStep, Session, SignedIn,
  StepUp, Store, TypedDocument,
} from './types.js';
export type {
  Factor, LoginMethods, Passkey, ProofKind, Reason, RequestCode, Role, Totp, TotpSecret, User, UserError, UserErrorCode,
} from './schema.js';
/** All types of the schema, also those whose names mean something else here: `schema.Session` is a device in the list. */
export type * as schema from './schema.js';
