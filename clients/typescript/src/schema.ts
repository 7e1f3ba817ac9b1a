// Made from schema.graphqls by scripts/generate.mjs: change that, and run `npm run generate`.

/** The codes of failed requests: `extensions.code`. */
export type RequestCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'BAD_USER_INPUT'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'UNAVAILABLE'
  | 'INTERNAL';

/** More about `UNAUTHENTICATED` and `FORBIDDEN`: `extensions.reason`. */
export type Reason =
  | 'MISSING'
  | 'EXPIRED'
  | 'INVALID'
  | 'REVOKED'
  | 'STEP_UP'
  | 'ROLE'
  | 'ORIGIN'
  | 'REGISTRATION_CLOSED'
  | 'PASSKEYS_OFF'
  | 'EMAIL_LOGIN_OFF';

/** Something with an id of its own. */
export type Node =
  | User
  | Totp
  | Passkey
  | TrustedDevice
  | Session;

/** What a user may do. Roles may be added. */
export type Role =
  /** Everybody: their own account and nothing else. */
  | 'USER'
  /** Also sees what is private to others, and looks after them. */
  | 'ADMIN';

/** A person with a confirmed email address, or one whom an administrator invited to confirm it. */
export interface User {
  readonly __typename: 'User';
  /** Opaque, never used again, unique among the objects of every type; the `sub` of the access token. */
  readonly id: string;
  /** 3 to 32 of `a-z A-Z 0-9 . _ -`, unique whatever its case. */
  readonly username: string;
  readonly createdAt: string;
  /** Private: null unless the viewer is this user or an administrator. */
  readonly email: string | null;
  /**
   * The address waiting to be confirmed after `changeEmail`. Private: null unless the viewer is this user or an
   * administrator, or none waits.
   */
  readonly pendingEmail: string | null;
  /** Private: null unless the viewer is this user or an administrator. */
  readonly role: Role | null;
  /** When username, email, password or role changed last. Private: null unless the viewer is this user or an administrator. */
  readonly updatedAt: string | null;
  /** Private: null unless the viewer is this user or an administrator, or before the first login. */
  readonly lastLoginAt: string | null;
  /** When an administrator disabled the account; null while it is active. Private, as `email` is. */
  readonly disabledAt: string | null;
  /**
   * One for each signed-in device, the most recently used first; 100 at most: a login beyond ends the least recently used.
   * Private: null unless the viewer is this user or an administrator.
   */
  readonly sessions: readonly Session[] | null;
  /**
   * What happened to the account, newest first: the first 50 unless `first` or `last` says otherwise, as in `users`. Kept for
   * 90 days, or `EVENTS_TTL`; what administrators and the shell did for 400 days at least. Private: null unless the viewer is this user or an administrator.
   */
  readonly securityEvents: SecurityEventConnection | null;
  /** What opens the account besides the password. Private, as `email` is. */
  readonly factors: readonly Factor[] | null;
  /** Whether a login by password asks for one of them. Private, as `email` is. */
  readonly secondFactorRequired: boolean | null;
  /** Null if there are none left, too. Private, as `email` is. */
  readonly recoveryCodes: RecoveryCodes | null;
  /** False for one who cannot log in by a password. Private, as `email` is. */
  readonly hasPassword: boolean | null;
  /** What passkeys know this user by, base64url: for the browser's signal API. Private, as `email` is. */
  readonly passkeyUserId: string | null;
  /** Whether the next login asks for a new password: see `requireAtNextLogin`. Private, as `email` is. */
  readonly mustChangePassword: boolean | null;
  /** Whether the next login asks for a second factor to be added, unless there is one. Private, as `email` is. */
  readonly mustEnrol: boolean | null;
  /** Where the second factor is left out, the one trusted last first; 20 at most. Private, as `email` is. */
  readonly trustedDevices: readonly TrustedDevice[] | null;
  /**
   * Of somebody whom `inviteUser` invited and who has not set a password yet: when the account is deleted if they do not. Null
   * once it is theirs. Private, as `email` is.
   */
  readonly invitedUntil: string | null;
}

/** Something that opens the account besides the password. */
export type Factor =
  | Totp
  | Passkey;

/** An authenticator app (RFC 6238). A user has one at most. */
export interface Totp {
  readonly __typename: 'Totp';
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/** A passkey (WebAuthn). A user has 20 at most. */
export interface Passkey {
  readonly __typename: 'Passkey';
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  /** Base64url: for the browser's signal API. */
  readonly credentialId: string;
  /** Kept by a provider that copies it to other devices. It may change. */
  readonly synced: boolean;
}

/** Codes that stand in for a second factor that is lost, each once. */
export interface RecoveryCodes {
  /** How many are left: 1 at least. */
  readonly left: number;
  readonly createdAt: string;
}

/** A device at which a login leaves the second factor out. */
export interface TrustedDevice {
  readonly __typename: 'TrustedDevice';
  readonly id: string;
  /** As its session was called when it was trusted. */
  readonly name: string;
  readonly createdAt: string;
  /** Of the last login that left the second factor out, or `createdAt`. */
  readonly lastUsedAt: string;
  /** From when on a login asks for the second factor again: `TRUSTED_DEVICE_TTL` after `createdAt`. */
  readonly expiresAt: string;
}

/** How somebody shows who they are. */
export type ProofKind =
  | 'PASSWORD'
  /** A passkey (WebAuthn). With user verification it is as good as two. */
  | 'PASSKEY'
  /** A code of an authenticator app (RFC 6238). */
  | 'TOTP'
  | 'RECOVERY_CODE'
  /** A mailed code, or the link that confirmed the account. */
  | 'EMAIL_CODE'
  /** Another service's login. */
  | 'PROVIDER';

/** One signed-in device: it lives until it is logged out, is revoked or expires. */
export interface Session {
  readonly __typename: 'Session';
  /** As `User.id`; the `sid` of the access token. */
  readonly id: string;
  /** Whether this request was made with it. */
  readonly current: boolean;
  /** The name given at login, or one made from the user agent, for example `Firefox on Linux`. */
  readonly deviceName: string;
  /** Of the login. Null when none was sent; 512 characters at most. */
  readonly userAgent: string | null;
  /** The client's address as the server saw it at the last login or refresh. */
  readonly ipAddress: string | null;
  /**
   * The last refresh; null before the first. Where it came from another kind of device than the login, somebody else may have
   * the device's refresh token: the user was told by mail.
   */
  readonly lastRefresh: SessionRefresh | null;
  readonly createdAt: string;
  /** Of the last login or refresh. */
  readonly lastUsedAt: string;
  /** When it ends unless it is refreshed before. */
  readonly expiresAt: string;
  /** What was shown in it, the last step-up included. */
  readonly proofs: readonly ProofKind[];
  /** When something was shown last; a refresh shows nothing. */
  readonly authenticatedAt: string;
}

/** Who asked for new tokens of a session, and when. */
export interface SessionRefresh {
  readonly at: string;
  /** Null when none was sent; 512 characters at most. */
  readonly userAgent: string | null;
  /** The client's address as the server saw it. */
  readonly ipAddress: string | null;
  /** The kind of device by the user agent, for example `Firefox on Linux`; null when there is none. */
  readonly device: string | null;
}

/** How people log in here. */
export interface LoginMethods {
  readonly password: boolean;
  /** False where the service is called by an IP address, or by plain http: see `PASSKEY_DOMAIN`. */
  readonly passkeys: boolean;
  /** Whether `requestLoginCode` mails codes. */
  readonly emailCode: boolean;
  /** Whether strangers can register. */
  readonly registration: boolean;
  /** Whom the server asks for a second factor. */
  readonly secondFactor: SecondFactorPolicy;
}

export type SecondFactorPolicy =
  | 'OPTIONAL'
  | 'ADMINISTRATORS'
  | 'EVERYBODY';

/** What of a username or an address `users(search:)` is. */
export type UserMatch =
  /** A text that the username or the address begins with, or that it is. */
  | 'BEGINNING'
  /** A text anywhere in the username or the address. */
  | 'CONTAINS';

/** A page of users, after https://relay.dev/graphql/connections.htm. */
export interface UserConnection {
  readonly edges: readonly UserEdge[];
  /** The users of `edges`. */
  readonly nodes: readonly User[];
  readonly pageInfo: PageInfo;
  /**
   * All users that the filters leave, on whichever page. Counted only when it is selected, which takes longer the more there are;
   * beside a `search` up to 1,000, and then `totalCountIsExact` is false where there are more.
   */
  readonly totalCount: number;
  /** Whether `totalCount` is all of them. */
  readonly totalCountIsExact: boolean;
}

export interface UserEdge {
  /** Opaque. It stays good when its user is deleted or no longer fits the filters. */
  readonly cursor: string;
  readonly node: User;
}

/** Where a page lies. */
export interface PageInfo {
  /** Whether more follows. With `last` that is whether `before` was given. */
  readonly hasNextPage: boolean;
  /** Whether more precedes. With `first` that is whether `after` was given. */
  readonly hasPreviousPage: boolean;
  /** Of the first edge; null on an empty page. */
  readonly startCursor: string | null;
  /** Of the last edge; null on an empty page. */
  readonly endCursor: string | null;
}

/** A page of events, after https://relay.dev/graphql/connections.htm. */
export interface SecurityEventConnection {
  readonly edges: readonly SecurityEventEdge[];
  /** The events of `edges`. */
  readonly nodes: readonly SecurityEvent[];
  readonly pageInfo: PageInfo;
}

export interface SecurityEventEdge {
  /** Opaque. It stays good when its event is no longer kept. */
  readonly cursor: string;
  readonly node: SecurityEvent;
}

/**
 * Something that happened. It holds no name and nothing that was typed. Of what an administrator or the shell did, the user is
 * told that, and administrators also who and from where.
 *
 * What anybody can cause as often as they like has no events of its own, but sums of ten minutes: one for each account where
 * that is known, else for each network, with `count`. Beyond a thousand sums the rest are one for each kind and way, with the reason
 * `others`. These kinds say so.
 */
export interface SecurityEvent {
  readonly id: string;
  /** Of a sum, when its ten minutes began. */
  readonly at: string;
  readonly kind: SecurityEventKind;
  readonly outcome: SecurityEventOutcome;
  /** Whose account it concerns; null if it concerns none, or nobody knows which. */
  readonly userId: string | null;
  /** The user of `userId`, for administrators; null once they are deleted. There their `securityEvents` are `BAD_USER_INPUT`. */
  readonly user: User | null;
  /** Who did it. */
  readonly actor: SecurityActor;
  /** Their id, or who ran the command of the shell. Null for nobody, for the service itself and, if it is another, for the user. */
  readonly actorId: string | null;
  /** The user or administrator of `actorId`, for administrators; as `user` is. Null if it is somebody else's, and once they are deleted. */
  readonly actorUser: User | null;
  /** How they came in. */
  readonly way: SecurityWay;
  /** The session that began or ended by it, else the one that it was done with, if any. */
  readonly sessionId: string | null;
  /** The network it came from: the first 24 bits of an IPv4 address, the first 48 of an IPv6 address. */
  readonly client: string | null;
  /** For example `Firefox on Linux`. */
  readonly device: string | null;
  /** The `X-Request-Id` of the answer to it, which the log has too. */
  readonly requestId: string | null;
  /** Of `ROLE_CHANGED`: the role before. */
  readonly from: string | null;
  /** Of `ROLE_CHANGED`: the role after. */
  readonly to: string | null;
  /** Of what was refused, why; of some others, which of its kind it was: a word such as `wrong_passwords`. Words will be added. */
  readonly reason: string | null;
  /** Of a login and of `STEP_UP`, what was shown; else null. */
  readonly proofs: readonly ProofKind[] | null;
  /** How many times it happened, or how many sessions, users or mails it was about: 1 at least. */
  readonly count: number;
}

/** What can happen. Kinds will be added. */
export type SecurityEventKind =
  /** By a confirmed registration, an administrator or the shell. */
  | 'ACCOUNT_CREATED'
  /** From a kind of device and a network that were used before, or by a device that showed its `deviceToken`. */
  | 'LOGIN'
  /**
   * A login with a kind of device that was not used before, or from a network that was not. The user was told by mail, of
   * networks alone ten times a day at most.
   */
  | 'NEW_DEVICE'
  | 'LOGOUT'
  /** One device was logged out by another. */
  | 'SESSION_REVOKED'
  /** Devices were logged out together; `count` says how many. Without a user: everybody's, by the shell. */
  | 'SESSIONS_REVOKED'
  /** A refresh token came that had been traded long before, so that somebody else may have it: its session was ended. */
  | 'REFRESH_TOKEN_REUSED'
  /**
   * A session was refreshed by another kind of device than it was opened with, so that somebody else may have its refresh
   * token. The user was told by mail, once for each kind.
   */
  | 'SESSION_MOVED'
  | 'USERNAME_CHANGED'
  | 'EMAIL_CHANGE_REQUESTED'
  /** Somebody followed the link to the new address and said no. */
  | 'EMAIL_CHANGE_DECLINED'
  | 'EMAIL_CHANGED'
  /** By somebody who knew the old one. */
  | 'PASSWORD_CHANGED'
  /** An administrator or the shell had a link mailed that sets a new one. */
  | 'PASSWORD_RESET_SENT'
  /** The shell printed such a link. */
  | 'PASSWORD_RESET_LINK_MADE'
  /** By a mailed link. */
  | 'PASSWORD_RESET'
  /** Somebody followed the link of a notice and said that it was not they. */
  | 'TAKEN_BACK'
  | 'ROLE_CHANGED'
  | 'ACCOUNT_DISABLED'
  | 'ACCOUNT_ENABLED'
  | 'ACCOUNT_DELETED'
  /** All that is kept of it was printed, by `latchkey user export`. */
  | 'ACCOUNT_EXPORTED'
  /** An authenticator app. */
  | 'FACTOR_ADDED'
  | 'FACTOR_REMOVED'
  | 'PASSKEY_ADDED'
  | 'PASSKEY_REMOVED'
  | 'PASSKEY_RENAMED'
  /** A provider copies it to other devices now, or does not any more. */
  | 'PASSKEY_BACKUP_CHANGED'
  /** Its counter did not rise: it may have been copied. */
  | 'PASSKEY_COUNTER_REFUSED'
  /** A login by password asks for a passkey from then on. */
  | 'SECOND_FACTOR_ON'
  | 'SECOND_FACTOR_OFF'
  | 'RECOVERY_CODES_MADE'
  | 'RECOVERY_CODE_USED'
  /** Somebody who knows the password showed wrong codes. The user was told by mail, once a day. */
  | 'CODES_TRIED'
  /** As many wrong codes as may be: none is taken for a while. */
  | 'CODES_LIMITED'
  /** All second factors were taken off, by an administrator or the shell. */
  | 'FACTORS_RESET'
  | 'PASSWORD_REMOVED'
  /** Somebody showed again who they are. */
  | 'STEP_UP'
  /** The second factor is left out on this device from then on. */
  | 'DEVICE_TRUSTED'
  /** It is asked for again on a device where it was left out. */
  | 'DEVICE_FORGOTTEN'
  /** What the user has to do at the next login was set, by an administrator or the shell. */
  | 'DUTY_SET'
  /** An administrator made the account, and its user was mailed a link that sets a password; or was mailed it again. */
  | 'INVITED'
  /** By the link of an invitation, which made the account its user's. */
  | 'INVITATION_TAKEN'
  /** An administrator had a test mail sent to their own address. */
  | 'MAIL_TESTED'
  /** `count` users came from a file, by an administrator or the shell. */
  | 'USERS_IMPORTED'
  /** `count` users went to a file with the hashes of their passwords, by the shell; with the reason `factors`, their second factors too. */
  | 'USERS_EXPORTED'
  /** A mail, or `count` of them, was tried again at once, by an administrator or the shell. */
  | 'MAIL_RETRIED'
  /** A mail, or `count` of them, was deleted, by an administrator or the shell. */
  | 'MAIL_CANCELLED'
  /** Somebody followed the link to an address that was registered and said no; with the reason `all`, to all that was registered. */
  | 'REGISTRATION_DECLINED'
  /** A key that signs access tokens, published before it does. */
  | 'SIGNING_KEY_MADE'
  /** No token of it is valid any more. */
  | 'SIGNING_KEY_DELETED'
  /** By the shell: the next key signs sooner. */
  | 'SIGNING_KEYS_ROTATED'
  /** By the shell: all keys were replaced, and access tokens of those before are refused. */
  | 'SIGNING_KEYS_REPLACED'
  /** By the shell: what an older `SECRET_KEY` sealed is sealed by the present one. */
  | 'SECRETS_RESEALED'
  /** By the shell, in `count` steps. */
  | 'DATABASE_MIGRATED'
  /** By the shell, of a database that is one file. */
  | 'BACKUP_MADE'
  /** By the shell: the database came from a backup. */
  | 'BACKUP_RESTORED'
  /** By the shell: a link that makes the first administrator. */
  | 'ADMIN_LINK_MADE'
  /** A sum: wrong passwords, codes and passkeys, by the reason. */
  | 'LOGIN_REFUSED'
  /** A sum: tries beyond a limit. */
  | 'THROTTLED'
  /** A sum: refresh tokens of no session. */
  | 'TOKEN_REFUSED'
  /** A sum: links that were used, are too old or are none of ours, when somebody pressed their button. */
  | 'LINK_REFUSED'
  /** A sum: what needs an access token or a role that the caller did not have, by the reason. */
  | 'ACCESS_REFUSED'
  /** A sum: requests that were malformed, too large, too costly, or of a page or an OAuth client that may not ask, by the reason. */
  | 'REQUEST_REFUSED'
  /** A sum: registrations that wait for their confirmation, or were renewed. */
  | 'REGISTERED'
  /** A sum: mails that somebody asked for, to an address that they named, by the reason. */
  | 'MAIL_REQUESTED'
  /** A sum: somebody refused mails by the link in one. */
  | 'MAILS_REFUSED'
  /** A sum: somebody wants mails again, by the same link. By the shell it is an event. */
  | 'MAILS_ALLOWED';

export type SecurityEventOutcome =
  | 'SUCCESS'
  /** It was attempted, and not done. */
  | 'REFUSED';

export type SecurityActor =
  /** The account's own user. */
  | 'USER'
  /** An administrator, to another's account or to none. */
  | 'ADMIN'
  /** Whoever ran a command of the shell. */
  | 'SHELL'
  /** The service by itself. */
  | 'SYSTEM'
  /** A client of `OAUTH_CLIENTS`, which has shown its secret; `actorId` is its id. */
  | 'CLIENT'
  /** Nobody who was signed in: somebody with a mailed link, or with a token that was used before. */
  | 'NOBODY';

export type SecurityWay =
  /** This API. */
  | 'API'
  /** An endpoint of OAuth 2.0. */
  | 'OAUTH'
  /** The page behind a mailed link. */
  | 'LINK'
  /** A command of the shell. */
  | 'SHELL'
  /** None: the service did it by itself. */
  | 'SYSTEM';

/** How much happens here. */
export interface Statistics {
  /** The oldest first; the last is today, in UTC. A server that is killed loses up to a minute. */
  readonly days: readonly DayStatistics[];
  /** Counted when it is selected. */
  readonly now: CurrentStatistics;
}

/** What happened on a day. */
export interface DayStatistics {
  /** In UTC, such as `2026-11-25`. */
  readonly day: string;
  /** Accounts that people registered and confirmed. */
  readonly registrations: number;
  readonly logins: number;
  /** Tries at passwords, codes and passkeys that were wrong or beyond a limit. */
  readonly refusedLogins: number;
  readonly mailsSent: number;
  readonly mailsGivenUp: number;
}

/** How it is now. */
export interface CurrentStatistics {
  readonly mailsWaiting: number;
  /** When the mail was written that waits longest of those that could have gone by now; null if there is none. */
  readonly oldestMailAt: string | null;
  /** Given up, and kept for 30 days. */
  readonly mailsGivenUp: number;
  /** Accounts; 1,000,000 is that or more. This and `sessions` may be a minute old, or older where counting takes long. */
  readonly users: number;
  /** Devices that are logged in; 1,000,000 is that or more. */
  readonly sessions: number;
}

/** A page of the mails that wait or were given up. */
export interface QueuedMailConnection {
  readonly edges: readonly QueuedMailEdge[];
  /** The mails of `edges`. */
  readonly nodes: readonly QueuedMail[];
  readonly pageInfo: PageInfo;
}

export interface QueuedMailEdge {
  /** Opaque. It stays good when its mail is gone. */
  readonly cursor: string;
  readonly node: QueuedMail;
}

/** A mail that was not sent yet. No link is in it: that is made when it is sent. */
export interface QueuedMail {
  readonly id: string;
  /** What it is about, for example `password_reset`. Kinds will be added. */
  readonly kind: string;
  /** The address that it is about, in lower case. */
  readonly to: string;
  /** Whose account it is about. Null where it is about none, or who that is shows when it is sent. */
  readonly userId: string | null;
  readonly state: QueuedMailState;
  readonly createdAt: string;
  /** Tries that a mail server answered. While it cannot be reached none is counted. */
  readonly tries: number;
  /** When it is tried next; null once it was given up. */
  readonly dueAt: string | null;
  /** Why the last try failed, without addresses; null before the first, and while it is on its way. */
  readonly lastError: string | null;
}

export type QueuedMailState =
  | 'WAITING'
  /** Given up. Kept for 30 days. */
  | 'FAILED';

/** What a server runs and with what settings. */
export interface ServerInfo {
  /** As `latchkey version` prints it. */
  readonly version: string;
  /** Of the source that it was built from; null where the build does not say. */
  readonly revision: string | null;
  /** The number of the last migration that the database went through. */
  readonly schema: number;
  /** In the order of .env.example. */
  readonly settings: readonly Setting[];
  /**
   * What `latchkey doctor` finds: it looks at the settings, the database, Redis and the mail server. It takes up to 10 seconds,
   * and is done anew once a minute at most.
   */
  readonly findings: readonly Finding[];
}

/** A setting in force. */
export interface Setting {
  readonly name: string;
  /** Of a secret only that it is set, and its size: `set, 64 bytes`. Null where there is none. */
  readonly value: string | null;
  readonly secret: boolean;
  readonly source: SettingSource;
  /** What it is, in a sentence. */
  readonly description: string;
}

export type SettingSource =
  /** A variable of the process. */
  | 'ENVIRONMENT'
  /** The file `.env`, or the file that the setting's name with `_FILE` behind it names. */
  | 'FILE'
  | 'DEFAULT';

/** What one check found. */
export interface Finding {
  /** What was looked at, for example `database`. Checks will be added. */
  readonly check: string;
  readonly verdict: FindingVerdict;
  readonly text: string;
  /** What to do; null where all is well. */
  readonly advice: string | null;
}

export type FindingVerdict =
  | 'OK'
  /** It works, but look at it. */
  | 'WARN'
  /** It does not work, or not well. */
  | 'FAIL';

/**
 * What went wrong in a way that a person can put right. Failures of the request itself are GraphQL errors instead, each with
 * one `extensions.code` and, where there are several causes, an `extensions.reason`:
 *
 * - `UNAUTHENTICATED` of the reason `MISSING`, `EXPIRED`, `INVALID` or `REVOKED`: no access token, or one that is not good
 * - `FORBIDDEN` of the reason `STEP_UP` (with `level`), `ROLE`, `ORIGIN`, `REGISTRATION_CLOSED`, `PASSKEYS_OFF` or `EMAIL_LOGIN_OFF`
 * - `RATE_LIMITED`, with `retryAfter`, whole seconds
 * - `BAD_USER_INPUT`: variables that do not fit, NUL, a bad page or cursor
 * - `GRAPHQL_PARSE_FAILED`
 * - `GRAPHQL_VALIDATION_FAILED`: every limit on a document too, and introspection while it is off
 * - `UNAVAILABLE`, with `retryAfter`
 * - `INTERNAL`
 */
export interface UserError {
  readonly code: UserErrorCode;
  /** For people; may change. */
  readonly message: string;
  /** The way from the mutation's arguments to what is wrong, for example `["input", "email"]`; null if no one field is. */
  readonly field: readonly string[] | null;
  /** The bound that was passed, of codes that have one: a client can word its own message. */
  readonly limit: number | null;
}

/** Codes will be added: show `message` for one that you do not know. */
export type UserErrorCode =
  /** Unknown user or wrong password: never said which. */
  | 'INVALID_CREDENTIALS'
  /**
   * Login and password are those of a registration whose email waits to be confirmed; the link is mailed again, a few times
   * an hour at most. Said to one who knows that password, by the username anywhere, by the address where it was registered
   * from; whether or not that address has an account already.
   */
  | 'EMAIL_NOT_CONFIRMED'
  /** The password given to allow a change is wrong. */
  | 'WRONG_PASSWORD'
  /** Not a deliverable-looking address: `local@domain`, at most 254 bytes. */
  | 'EMAIL_INVALID'
  /** Not 3 to 32 of `a-z A-Z 0-9 . _ -` with a letter or digit at both ends, or a reserved name. */
  | 'USERNAME_INVALID'
  /**
   * In use, held for 24 hours by an unfinished registration of another address, whether or not that address has an account
   * already, or kept for 72 hours for somebody who gave it up. Who mistyped their address and registers again from the same
   * place with the same username and password gets the name, and the earlier registration ends.
   */
  | 'USERNAME_TAKEN'
  /** Fewer than `limit` characters: 8, or `PASSWORD_MIN_LENGTH`. */
  | 'PASSWORD_TOO_SHORT'
  /** More than 128 characters, or more than the configured hash can take. */
  | 'PASSWORD_TOO_LONG'
  /** With a control character. */
  | 'PASSWORD_INVALID'
  /** On the list of common passwords, made as these are (repeats, runs, days, a common word with some digits), or the user's own name or address. */
  | 'PASSWORD_TOO_COMMON'
  /** In a list of passwords that were stolen somewhere, where the service looks into one (`BREACHED_PASSWORDS`). */
  | 'PASSWORD_BREACHED'
  /** Unknown, used, superseded or expired: never said which. */
  | 'TOKEN_INVALID'
  /** There is no such user, session, device or mail. */
  | 'NOT_FOUND'
  /** The password was right, and the account has a second factor: see `LoginPayload.step`. */
  | 'SECOND_FACTOR_NEEDED'
  /** This account has to have a second factor and has none: see `LoginPayload.step`. */
  | 'ENROLMENT_NEEDED'
  /** This account has to have a new password: see `LoginPayload.step`. */
  | 'NEW_PASSWORD_NEEDED'
  /** It took too long, was finished already, or something that it stood on has changed. Begin again. */
  | 'CHALLENGE_INVALID'
  /** Wrong, too old or used: never said which. */
  | 'CODE_INVALID'
  /** Not an answer to what was asked for, never said why; or the passkey was removed or may have been copied. */
  | 'PASSKEY_INVALID'
  /** No account here has this passkey: the browser may be told so (`signalUnknownCredential`). */
  | 'PASSKEY_UNKNOWN'
  /** An account has this passkey already, or had it. */
  | 'PASSKEY_TAKEN'
  /** There is no second factor to ask for, or to stand in for. */
  | 'FACTOR_MISSING'
  /** The server asks this account for a second factor, and this is the last one. */
  | 'LAST_FACTOR'
  /** The account could not be opened any more. */
  | 'LAST_WAY_IN'
  /** As many as `limit` are there already. */
  | 'TOO_MANY'
  /** The account is disabled; said only to one who knows its password, and to administrators. */
  | 'ACCOUNT_DISABLED'
  /** It would leave the service without an administrator. */
  | 'LAST_ADMIN'
  /** The address has an account, or is kept for 72 hours for one that gave it up. Said to administrators alone. */
  | 'EMAIL_TAKEN'
  /** The mail server did not take the mail. The message says why, for administrators. */
  | 'MAIL_NOT_SENT';

/** How the refresh token travels. */
export type TokenTransport =
  /** In the answer and in `RefreshInput`: for native apps and servers. */
  | 'BODY'
  /**
   * In an HttpOnly, Secure, SameSite cookie that scripts cannot read: for web pages. Setting or using it needs an `Origin` that
   * is the service's own or allowed, else `FORBIDDEN` with the reason `ORIGIN`. It never comes back in an answer; a token in
   * `RefreshInput` goes before it and leaves it alone. `deviceToken` travels in a cookie of its own, which a logout leaves there.
   */
  | 'COOKIE';

export interface Tokens {
  /** A JWT (RFC 7519) for `Authorization: Bearer …`. */
  readonly accessToken: string;
  readonly accessTokenExpiresAt: string;
  /** The same in seconds from now, for a client whose clock is wrong. */
  readonly accessTokenExpiresIn: number;
  /** Null when it travels in the cookie. */
  readonly refreshToken: string | null;
  readonly refreshTokenExpiresAt: string;
}

export interface RegisterInput {
  email: string;
  /**
   * Left out or null, one is made, such as `tobanelu481`: the mail and the page of its link tell it, and `changeUsername` changes
   * it without counting.
   */
  username?: string | null;
  password: string;
}

export interface RegisterPayload {
  /** Where the mail goes, as it was understood. */
  readonly email: string | null;
  readonly errors: readonly UserError[];
}

export interface ResendConfirmationInput {
  email: string;
}

export interface ResendConfirmationPayload {
  readonly errors: readonly UserError[];
}

export interface ConfirmEmailInput {
  /** The `token` in the mail's link. */
  token: string;
  /**
   * The username chosen when registering. Every link to an address is good for each unfinished registration of it: this says
   * which; left out, it is the one that the mail names.
   */
  username?: string | null;
  /**
   * The password chosen when registering. Asked for, by `WRONG_PASSWORD` and without using the token up, when several
   * registrations of the address are unfinished, since one of them may be a stranger's.
   */
  password?: string | null;
  /** At most 64 characters are kept, control and format characters are not; never an error. */
  deviceName?: string | null;
  transport?: TokenTransport;
}

export interface ConfirmEmailPayload {
  /** With its private fields only if `tokens` are given or the access token sent is this user's. */
  readonly user: User | null;
  /** Null when no session was opened: the email is confirmed if `errors` is empty, or has one code that ends in `_NEEDED`. */
  readonly tokens: Tokens | null;
  /** What the login still needs, as of `login`: the account is there. */
  readonly step: LoginStep | null;
  /** As of `login`. */
  readonly deviceToken: string | null;
  readonly errors: readonly UserError[];
}

export interface LoginInput {
  /** A username or an email address. */
  login: string;
  password: string;
  /** At most 64 characters are kept, control and format characters are not; never an error. */
  deviceName?: string | null;
  /**
   * The `deviceToken` of the last login or confirmation on this device. It shows that its user logged in here before: guesses
   * by others, behind the same address too, then do not lock them out, and another network is not told by mail. One that is
   * another's, forged, expired or dead is as none. Left out when it travels in the cookie. On a trusted device it spares the
   * second factor, too: see `rememberDevice`.
   */
  deviceToken?: string | null;
  transport?: TokenTransport;
}

export interface LoginPayload {
  readonly user: User | null;
  /**
   * The login is complete when, and only when, this is not null: look here, not at `errors`. Without it `errors` is never empty;
   * a step still to be taken is a code there, with what it needs in `step`.
   */
  readonly tokens: Tokens | null;
  /** What is still asked for. Null unless the one error is a code that ends in `_NEEDED`. */
  readonly step: LoginStep | null;
  /** Eight, of a login in which a second factor was added and there were none; shown once. */
  readonly recoveryCodes: readonly string[] | null;
  /**
   * For the device to keep, logout or not, and bring to its next login. It opens nothing. Good for 180 days, until the account
   * has a new password or address, or "this was not me". Null without `tokens`, and when it travels in the cookie.
   */
  readonly deviceToken: string | null;
  readonly errors: readonly UserError[];
}

/**
 * What is still asked of somebody who has shown in part who they are. It comes beside exactly one error, whose code ends in
 * `_NEEDED`, and never beside `tokens`. Hand `challenge` and the answer to `continueLogin`.
 */
export type LoginStep =
  | SecondFactorStep
  | EnrolmentStep
  | NewPasswordStep;

/** Beside `SECOND_FACTOR_NEEDED`: `totpCode`, `recoveryCode` or `passkey` answers it. */
export interface SecondFactorStep {
  readonly __typename: 'SecondFactorStep';
  readonly challenge: string;
  readonly expiresAt: string;
  /** What this account can answer with, the one used last first; `RECOVERY_CODE` only while some are left. */
  readonly factors: readonly ProofKind[];
  /**
   * JSON text for `navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(…)})`; null if the
   * account has no passkey that is of use here.
   */
  readonly passkeyOptions: string | null;
  /** Whether `rememberDevice` does anything. */
  readonly mayRememberDevice: boolean;
}

/** Beside `ENROLMENT_NEEDED`: this account must have a second factor. `totpCode` of the secret here, or a new `passkey`, answers it. */
export interface EnrolmentStep {
  readonly __typename: 'EnrolmentStep';
  readonly challenge: string;
  readonly expiresAt: string;
  readonly totp: TotpSecret;
  /** JSON text for `navigator.credentials.create`, as of `startPasskey`; null where there are no passkeys. */
  readonly passkeyOptions: string | null;
}

/** Beside `NEW_PASSWORD_NEEDED`: `newPassword` answers it, by the same rules as `resetPassword`. */
export interface NewPasswordStep {
  readonly __typename: 'NewPasswordStep';
  readonly challenge: string;
  readonly expiresAt: string;
}

/** A secret for an authenticator app. Shown once, here. */
export interface TotpSecret {
  /** Base32, for typing. */
  readonly secret: string;
  /** `otpauth://totp/…`, for a link on a phone. */
  readonly uri: string;
  /** The same as a QR code: an SVG document, black on white with its margin. */
  readonly qrCode: string;
}

/** One answer, and no more than one. */
export type LoginAnswer =
  | { totpCode: string }
  | { recoveryCode: string }
  | { passkey: string }
  | { newPassword: string }
  | { emailCode: string };

export interface ContinueLoginInput {
  challenge: string;
  answer: LoginAnswer;
  /**
   * Leave the second factor out at later logins by this device, which bring the `deviceToken` of the answer: for
   * `TRUSTED_DEVICE_TTL`, until the account has a new password or address or another factor, "this was not me", or
   * `forgetDevice`. Does nothing where no second factor was shown, nor where `mayRememberDevice` says so.
   */
  rememberDevice?: boolean;
  /** As in `LoginInput`, of a login that `requestLoginCode` or `startPasskeyLogin` began. */
  deviceToken?: string | null;
}

export interface RequestLoginCodeInput {
  email: string;
  /** At most 64 characters are kept, control and format characters are not; never an error. */
  deviceName?: string | null;
  transport?: TokenTransport;
}

export interface RequestLoginCodePayload {
  /** For `continueLogin`, from this device alone. Given whether or not the address has an account. */
  readonly challenge: string | null;
  /** Four characters that the mail repeats, so that people take the right one of two. */
  readonly reference: string | null;
  /** 10 minutes from now. */
  readonly expiresAt: string | null;
  readonly errors: readonly UserError[];
}

export interface StartPasskeyLoginInput {
  /** At most 64 characters are kept, control and format characters are not; never an error. */
  deviceName?: string | null;
  transport?: TokenTransport;
}

export interface StartPasskeyLoginPayload {
  /** For `continueLogin`: good for 15 minutes, and for one login. */
  readonly challenge: string | null;
  /**
   * JSON text for `navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(…)})`, also with
   * `mediation: "conditional"`.
   */
  readonly passkeyOptions: string | null;
  readonly expiresAt: string | null;
  readonly errors: readonly UserError[];
}

export interface RefreshInput {
  /** Left out when it travels in the cookie. */
  refreshToken?: string | null;
}

export interface RefreshPayload {
  readonly user: User | null;
  readonly tokens: Tokens | null;
  readonly errors: readonly UserError[];
}

export interface LogoutInput {
  /** Left out when it travels in the cookie. */
  refreshToken?: string | null;
}

export interface LogoutPayload {
  readonly errors: readonly UserError[];
}

export interface RevokeSessionInput {
  sessionId: string;
}

export interface RevokeSessionPayload {
  readonly revokedSessionId: string | null;
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface RevokeOtherSessionsPayload {
  /** How many were ended. */
  readonly count: number | null;
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface StartStepUpPayload {
  /** What this account can answer with. */
  readonly proofs: readonly ProofKind[] | null;
  /** For `passkey` and `emailCode`, in this session; null where there is neither. The others need none. */
  readonly challenge: string | null;
  /** JSON text for `navigator.credentials.get`, as in `SecondFactorStep`. */
  readonly passkeyOptions: string | null;
  /** Of the challenge. */
  readonly expiresAt: string | null;
  readonly errors: readonly UserError[];
}

/** One answer, and no more than one. */
export type StepUpAnswer =
  | { password: string }
  | { totpCode: string }
  | { recoveryCode: string }
  | { passkey: string }
  | { emailCode: string };

export interface StepUpInput {
  /** Of `startStepUp`, for an answer that needs it. */
  challenge?: string | null;
  answer: StepUpAnswer;
}

export interface StepUpPayload {
  /** A new access token that says what was shown; the refresh token stays as it was, and is null here. */
  readonly tokens: Tokens | null;
  readonly session: Session | null;
  readonly errors: readonly UserError[];
}

export interface StartTotpPayload {
  /** For `confirmTotp`, in this session. */
  readonly challenge: string | null;
  readonly totp: TotpSecret | null;
  readonly expiresAt: string | null;
  readonly errors: readonly UserError[];
}

export interface ConfirmTotpInput {
  challenge: string;
  /** Of the app that has the new secret. */
  totpCode: string;
  /** At most 64 characters are kept, control and format characters are not; never an error. */
  name?: string | null;
}

export interface ConfirmTotpPayload {
  readonly user: User | null;
  /** Eight, if there were none; shown once. */
  readonly recoveryCodes: readonly string[] | null;
  readonly errors: readonly UserError[];
}

export interface StartPasskeyPayload {
  /** For `addPasskey`, in this session. */
  readonly challenge: string | null;
  /** JSON text for `navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(…)})`. */
  readonly passkeyOptions: string | null;
  readonly expiresAt: string | null;
  readonly errors: readonly UserError[];
}

export interface AddPasskeyInput {
  challenge: string;
  /** `JSON.stringify(credential)` of what the browser made, 16 KiB at most. */
  passkey: string;
  /** At most 64 characters are kept, control and format characters are not; never an error. Left out, it is the kind of device. */
  name?: string | null;
}

export interface AddPasskeyPayload {
  readonly user: User | null;
  readonly passkey: Passkey | null;
  readonly errors: readonly UserError[];
}

export interface RenamePasskeyInput {
  passkeyId: string;
  /** As in `AddPasskeyInput`. */
  name: string;
}

export interface RenamePasskeyPayload {
  readonly passkey: Passkey | null;
  readonly errors: readonly UserError[];
}

export interface RemoveFactorInput {
  factorId: string;
}

export interface RemoveFactorPayload {
  readonly removedFactorId: string | null;
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface RequireSecondFactorInput {
  /** Whether a login by password asks for a passkey. An account with an authenticator app always asks. */
  required: boolean;
}

export interface RequireSecondFactorPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface MakeRecoveryCodesPayload {
  readonly user: User | null;
  /** Eight; shown once. */
  readonly recoveryCodes: readonly string[] | null;
  readonly errors: readonly UserError[];
}

export interface ForgetDeviceInput {
  deviceId: string;
}

export interface ForgetDevicePayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface ChangeUsernameInput {
  username: string;
}

export interface ChangeUsernamePayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface ChangeEmailInput {
  email: string;
  /** The account's. Left out only where it has none. */
  password?: string | null;
}

export interface ChangeEmailPayload {
  /** With the new address as `pendingEmail`. */
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface ChangePasswordInput {
  /** Left out only where the account has none. */
  currentPassword?: string | null;
  newPassword: string;
}

export interface ChangePasswordPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface RemovePasswordPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface DeleteAccountInput {
  /** The account's. Left out only where it has none. */
  password?: string | null;
}

export interface DeleteAccountPayload {
  readonly deletedUserId: string | null;
  readonly errors: readonly UserError[];
}

export interface RequestPasswordResetInput {
  email: string;
}

export interface RequestPasswordResetPayload {
  readonly errors: readonly UserError[];
}

export interface ResetPasswordInput {
  /** Of the link: `lko_…`. */
  token: string;
  newPassword: string;
}

export interface ResetPasswordPayload {
  /** Public fields only: nobody is logged in by a link. */
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface SetUserRoleInput {
  userId: string;
  role: Role;
}

export interface SetUserRolePayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

/** Why an administrator disables or enables an account: a word for the history. */
export type AccountReason =
  /** Its user asked for it. */
  | 'REQUESTED'
  /** It was used against others, or against the rules. */
  | 'ABUSE'
  /** Somebody else may have had it. */
  | 'STOLEN'
  /** Its user is not part of this any more, or is again. */
  | 'LEFT'
  | 'OTHER';

export interface DisableUserInput {
  userId: string;
  /** `SecurityEvent.reason` has it, in lower case. Its user is not told it. */
  reason?: AccountReason | null;
}

export interface DisableUserPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface EnableUserInput {
  userId: string;
  /** As in `DisableUserInput`. */
  reason?: AccountReason | null;
}

export interface EnableUserPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface RevokeUserSessionsInput {
  userId: string;
}

export interface RevokeUserSessionsPayload {
  /** How many were ended. */
  readonly count: number | null;
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface DeleteUserInput {
  userId: string;
}

export interface DeleteUserPayload {
  readonly deletedUserId: string | null;
  readonly errors: readonly UserError[];
}

export interface CreateUserInput {
  email: string;
  username: string;
  role?: Role;
}

export interface CreateUserPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface InviteUserInput {
  email: string;
  username: string;
  role?: Role;
}

export interface InviteUserPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface ImportUsersInput {
  /** The lines, as docs/migrating.md has them. */
  users: string;
  /** Check them, and write nothing. */
  dryRun?: boolean;
}

export interface ImportUsersPayload {
  /** How many there were, but for empty ones. */
  readonly lines: number | null;
  /** How many were imported or, of a dry run, would be. */
  readonly imported: number | null;
  /** How many have an account with this address and username, which was left alone. */
  readonly present: number | null;
  readonly badLines: number | null;
  /** The first 100 bad lines. */
  readonly bad: readonly BadLine[] | null;
  readonly errors: readonly UserError[];
}

/** A line of an import that is wrong. */
export interface BadLine {
  /** The first is 1; empty lines count. */
  readonly line: number;
  /** For people; they hold nothing of the line. */
  readonly problems: readonly string[];
}

export interface RevokeUserSessionInput {
  userId: string;
  sessionId: string;
}

export interface RevokeUserSessionPayload {
  readonly revokedSessionId: string | null;
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface SendPasswordResetInput {
  userId: string;
}

export interface SendPasswordResetPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface RequireAtNextLoginInput {
  userId: string;
  /** To set a new password. */
  newPassword?: boolean;
  /** To add a second factor, unless there is one. */
  secondFactor?: boolean;
}

export interface RequireAtNextLoginPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface ResetUserFactorsInput {
  userId: string;
}

export interface ResetUserFactorsPayload {
  readonly user: User | null;
  readonly errors: readonly UserError[];
}

export interface RetryMailInput {
  mailId: string;
}

export interface RetryMailPayload {
  readonly mail: QueuedMail | null;
  readonly errors: readonly UserError[];
}

export interface RetryAllMailsPayload {
  /** How many are due now. */
  readonly count: number | null;
  readonly errors: readonly UserError[];
}

export interface CancelMailInput {
  mailId: string;
}

export interface CancelMailPayload {
  readonly cancelledMailId: string | null;
  readonly errors: readonly UserError[];
}

export interface CancelAllMailsInput {
  /** Only those that were given up. */
  failed?: boolean;
}

export interface CancelAllMailsPayload {
  /** How many were deleted. */
  readonly count: number | null;
  readonly errors: readonly UserError[];
}

export interface SendTestMailPayload {
  /** Where it went. */
  readonly sentTo: string | null;
  readonly errors: readonly UserError[];
}
