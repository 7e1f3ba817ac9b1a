import type { SecurityEventKind } from '../gql/graphql';

const words: { [kind in SecurityEventKind]?: string } = {
  ACCOUNT_CREATED: 'The account was opened',
  LOGIN: 'Login',
  NEW_DEVICE: 'Login with a new device or from a new place',
  LOGOUT: 'Logout',
  SESSION_REVOKED: 'A device was logged out by another',
  SESSIONS_REVOKED: 'Devices were logged out',
  REFRESH_TOKEN_REUSED: 'A device was logged out, since somebody else may have had its login',
  SESSION_MOVED: 'Another device went on with a login',
  USERNAME_CHANGED: 'The username was changed',
  EMAIL_CHANGE_REQUESTED: 'Another email was asked for',
  EMAIL_CHANGE_DECLINED: 'The other email was declined',
  EMAIL_CHANGED: 'The email was changed',
  PASSWORD_CHANGED: 'The password was changed',
  PASSWORD_RESET: 'The password was set by a mailed link',
  PASSWORD_REMOVED: 'The password was removed',
  TAKEN_BACK: 'A change was taken back by a mailed link',
  FACTOR_ADDED: 'An authenticator app was added',
  FACTOR_REMOVED: 'An authenticator app was removed',
  PASSKEY_ADDED: 'A passkey was added',
  PASSKEY_REMOVED: 'A passkey was removed',
  PASSKEY_COUNTER_REFUSED: 'A passkey was refused: it may have been copied',
  SECOND_FACTOR_ON: 'Logins by password ask for a passkey',
  SECOND_FACTOR_OFF: 'Logins by password no longer ask for a passkey',
  RECOVERY_CODES_MADE: 'New recovery codes were made',
  RECOVERY_CODE_USED: 'A recovery code was used',
  CODES_TRIED: 'Somebody who knows the password tried wrong codes',
  FACTORS_RESET: 'All second factors were removed',
  STEP_UP: 'You showed again that it is you',
  DEVICE_TRUSTED: 'A device was trusted',
  DEVICE_FORGOTTEN: 'A device is trusted no more',
};

/** What happened, in words. Kinds will be added to the schema: one that is not known here is shown by its name. */
export function eventWord(kind: SecurityEventKind, count: number) {
  const word = words[kind] ?? kind.toLowerCase().replaceAll('_', ' ');
  return count > 1 ? `${word} (${count})` : word;
}
