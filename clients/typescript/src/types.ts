/** The public API of the client. Start at Client. */
import type { LatchkeyError } from './errors.js';
import type {
  ConfirmEmailInput, LoginInput, LoginMethods, Passkey, ProofKind, RegisterInput,
  RequestLoginCodeInput, ResetPasswordInput, Role, StepUpAnswer, TotpSecret, User, UserError,
} from './schema.js';

/** A value that changes. It fits React's `useSyncExternalStore(store.subscribe, store.get)`, and other libraries' stores. */
export interface Store<T> {
  /** The value as it is now: the same object until it changes. */
  get(): T;
  /** Calls `listener` behind each change, until the function that is returned is called. */
  subscribe(listener: () => void): () => void;
}

// ---------------------------------------------------------------- who is signed in

/** What is known of the user, unless `user` of the options selects something else. */
export interface DefaultUser extends Pick<User, 'id' | 'username'> {
  readonly email: string;
  readonly role: Role;
}

/** Whether somebody is signed in on this device. */
export type Session<U = DefaultUser> =
  /** Not known yet. `problem` says why the service could not be asked; the client goes on trying. */
  | { readonly status: 'loading'; readonly problem: LatchkeyError | null }
  /** `ended`: somebody was signed in here, and the session is over without their doing. */
  | { readonly status: 'signed-out'; readonly why: 'visitor' | 'logout' | 'ended' }
  | { readonly status: 'signed-in'; readonly user: U };

// ---------------------------------------------------------------- what a person can put right

/** What is wrong with an input, as a form shows it. */
export interface Mistakes<Field extends string = string> {
  /** The first mistake of each field of the input. */
  readonly fields: { readonly [F in Field]?: UserError };
  /** Those that belong to no one field. */
  readonly form: readonly UserError[];
  /** All of them, in the service's order. */
  readonly all: readonly UserError[];
}

/** A form was not taken. */
export interface Refused<Field extends string = string> {
  readonly status: 'mistakes';
  readonly mistakes: Mistakes<Field>;
}

/** The outcome of what either happens or was mistaken. */
export type Outcome<Field extends string = string> = { readonly status: 'done' } | Refused<Field>;

// ---------------------------------------------------------------- logging in

/** Somebody is signed in now; the session's store says so too. */
export interface SignedIn<U> {
  readonly status: 'signed-in';
  readonly user: U;
  /** Eight, where a second factor was added on the way and there were none. Show them: they come once. */
  readonly recoveryCodes: readonly string[] | null;
}

/** More is asked for. Show a form for `step`, and call its `answer`. */
export interface NextStep<U> {
  readonly status: 'step';
  readonly step: LoginStep<U>;
}

/**
 * What comes of each call that logs in. Of an answer to a step that was not taken, `over` says whether the login has ended,
 * so that it begins again; otherwise the same step takes another answer.
 */
export type LoginResult<U = DefaultUser, Field extends string = string> =
  | SignedIn<U>
  | NextStep<U>
  | (Refused<Field> & { readonly over: boolean });

/** The person closed the browser's window for passkeys, or took too long. */
export interface Cancelled {
  readonly status: 'cancelled';
}

/** What is still asked for, told apart by `kind`. Each carries its login along. */
export type LoginStep<U = DefaultUser> = SecondFactorStep<U> | EnrolmentStep<U> | NewPasswordStep<U> | EmailCodeStep<U>;

export interface SecondFactorStep<U = DefaultUser> {
  readonly kind: 'second-factor';
  /** What this account can answer with, the one used last first. */
  readonly factors: readonly ProofKind[];
  /** Whether `rememberDevice` does anything. */
  readonly mayRememberDevice: boolean;
  answer(answer: { totpCode: string } | { recoveryCode: string }, options?: RememberDevice): Promise<LoginResult<U, 'answer'>>;
  /** Asks the browser for a passkey; null where there is none to ask for. */
  readonly withPasskey: ((options?: RememberDevice & PasskeyOptions) => Promise<LoginResult<U, 'answer'> | Cancelled>) | null;
}

/** The account has to have a second factor and has none: put the secret into an app and answer with a code, or make a passkey. */
export interface EnrolmentStep<U = DefaultUser> {
  readonly kind: 'enrolment';
  readonly totp: TotpSecret;
  answer(answer: { totpCode: string }): Promise<LoginResult<U, 'answer'>>;
  /** Has the browser make a passkey; null where it cannot. */
  readonly withPasskey: ((options?: PasskeyOptions) => Promise<LoginResult<U, 'answer'> | Cancelled>) | null;
}

/** The account has to have a new password. */
export interface NewPasswordStep<U = DefaultUser> {
  readonly kind: 'new-password';
  answer(answer: { newPassword: string }): Promise<LoginResult<U, 'answer'>>;
}

/** A code was mailed, if the address has an account. */
export interface EmailCodeStep<U = DefaultUser> {
  readonly kind: 'email-code';
  /** Four characters that the mail repeats, so that people take the right one of two. */
  readonly reference: string;
  answer(answer: { emailCode: string }): Promise<LoginResult<U, 'answer'>>;
}

export interface RememberDevice {
  /** Leave the second factor out at later logins on this device. */
  readonly rememberDevice?: boolean;
}

export interface PasskeyOptions {
  /** Ends the browser's question, which then counts as cancelled. */
  readonly signal?: AbortSignal;
}

export type ConfirmResult<U = DefaultUser> =
  | LoginResult<U, keyof ConfirmEmailInput>
  /** The address is confirmed, and nobody was signed in by it: it was a change of address. */
  | { readonly status: 'confirmed' };

export type RegisterResult =
  /** Where the mail with the link went, as the address was understood. */
  | { readonly status: 'mailed'; readonly email: string }
  | Refused<keyof RegisterInput>;

// ---------------------------------------------------------------- showing again who is there

/**
 * An operation waits for a fresh proof of who is there. Show a dialog for it. The operation goes on once an answer is taken,
 * and fails with `STEP_UP` if this is cancelled.
 */
export interface StepUp {
  readonly level: 'aal1' | 'aal2';
  /** What this account can answer with. */
  readonly proofs: readonly ProofKind[];
  answer(answer: Exclude<StepUpAnswer, { passkey: string }>): Promise<Outcome<'answer'>>;
  /** Asks the browser for a passkey; null where there is none to ask for. */
  readonly withPasskey: ((options?: PasskeyOptions) => Promise<Outcome<'answer'> | Cancelled>) | null;
  cancel(): void;
}

export type AddPasskeyResult<U = DefaultUser> =
  | { readonly status: 'added'; readonly passkey: Passkey; readonly user: U }
  | Refused
  | Cancelled;

export type RemoveFactorResult<U = DefaultUser> = { readonly status: 'removed'; readonly user: U } | Refused;

// ---------------------------------------------------------------- operations of your own

/** A GraphQL document: its text, or what a code generator or a GraphQL library makes of it. */
export type Document<Data = unknown, Variables = Record<string, unknown>> = string | TypedDocument<Data, Variables>;

/** What graphql-codegen (`TypedDocumentNode`, `TypedDocumentString`), gql.tada and others make. */
export interface TypedDocument<Data, Variables> {
  readonly __apiType?: (variables: Variables) => Data;
}

/**
 * One operation, for adapters of GraphQL libraries: with which access token it goes, and whether it is to be repeated. It is
 * repeated once behind a refresh and once behind a step-up, and never for another user than it began with.
 */
export interface Attempt {
  /** A good access token, or null if nobody is signed in. */
  accessToken(): Promise<string | null>;
  /** Refreshes or asks for a step-up if this error can be helped by it, and says whether to send the operation again. */
  again(error: LatchkeyError): Promise<boolean>;
}

// ---------------------------------------------------------------- the client

/**
 * The client of one service. Methods return what a person can put right, and throw a `LatchkeyError` for what failed: no
 * answer, too many tries, a server in trouble.
 */
export interface Client<U = DefaultUser> {
  /** Who is signed in. The first subscriber, request or call of `restore` finds out. */
  readonly session: Store<Session<U>>;
  /** Finds out who is signed in, from the cookie or the storage, and returns it; at once if it is known. */
  restore(): Promise<Session<U>>;
  /** Asks the service anew for the user, behind a change of theirs. */
  reload(): Promise<Session<U>>;
  /** What the service offers, for a login page. */
  loginMethods(): Promise<LoginMethods>;

  register(input: RegisterInput): Promise<RegisterResult>;
  /** Mails the link of an unfinished registration again. */
  resendConfirmation(input: { email: string }): Promise<Outcome<'email'>>;
  /** Takes the token of a mailed link, which finishes a registration or a change of address. */
  confirmEmail(input: Pick<ConfirmEmailInput, 'token' | 'username' | 'password'>): Promise<ConfirmResult<U>>;
  requestPasswordReset(input: { email: string }): Promise<Outcome<'email'>>;
  /** Sets a new password by the token of a mailed link. Nobody is signed in by it. */
  resetPassword(input: ResetPasswordInput): Promise<Outcome<keyof ResetPasswordInput>>;

  login(input: Pick<LoginInput, 'login' | 'password'>): Promise<LoginResult<U, keyof LoginInput>>;
  /** Mails a code, which the step that comes back takes. */
  loginWithEmailCode(input: Pick<RequestLoginCodeInput, 'email'>): Promise<LoginResult<U, 'email'>>;
  /** For a button: has the browser ask for a passkey. An offer by autofill makes way for it. */
  loginWithPasskey(options?: PasskeyOptions): Promise<LoginResult<U> | Cancelled>;
  /**
   * Offers passkeys in the field `<input autocomplete="username webauthn">`, where the browser can, until the function that
   * is returned is called. `listener` hears what came of one that was taken, and of what failed.
   */
  passkeyAutofill(listener: (result: LoginResult<U> | LatchkeyError) => void): () => void;
  /** Ends the session. If the service does not answer it throws, and the session stays. */
  logout(): Promise<void>;

  /** What waits for a fresh proof, for the dialog of the app; null if nothing does. Without a subscriber `STEP_UP` fails at once. */
  readonly stepUp: Store<StepUp | null>;
  /** Has the person show who they are before something is asked for that needs it. False if they cancel. */
  requireFresh(level?: 'aal1' | 'aal2'): Promise<boolean>;

  /** Has the browser make a passkey for the account. */
  addPasskey(options?: PasskeyOptions & { name?: string }): Promise<AddPasskeyResult<U>>;
  /** Takes an authenticator app or a passkey off the account, and tells the browser. */
  removeFactor(factorId: string): Promise<RemoveFactorResult<U>>;
  /** Tells the browser which passkeys the account has. Logins and `removeFactor` do it by themselves. */
  signalPasskeys(): Promise<void>;

  /** Runs an operation and returns its data. It refreshes and asks for a step-up where that is needed. */
  request<Data = any, Variables = Record<string, unknown>>(
    document: Document<Data, Variables>, variables?: Variables, options?: { signal?: AbortSignal },
  ): Promise<Data>;
  /**
   * `fetch` with the access token, for backends of your own. A 401 has it refreshed once, or the person asked for a step-up
   * where the challenge says so (RFC 9470), and the request repeated. The token goes to whatever address is given.
   */
  readonly fetch: typeof globalThis.fetch;
  /** A good access token, refreshed if need be; null if nobody is signed in. */
  accessToken(): Promise<string | null>;
  /** For adapters of GraphQL libraries. */
  attempt(): Attempt;
  /** Lets go of channels and timers. */
  close(): void;
}
