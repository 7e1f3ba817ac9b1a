import { createAccounts } from './account.js';
import { createAttempt, persist } from './attempt.js';
import { systemAuthenticator } from './authenticator.js';
import { createBackendFetch } from './backend.js';
import { textOf } from './document.js';
import { Keeper } from './keeper.js';
import { createLogins } from './login.js';
import { createOperations, type Me } from './operations.js';
import type { Options } from './options.js';
import { createPasskeys } from './passkeys.js';
import { createStepUps, requireFresh } from './stepup.js';
import { readOnly } from './store.js';
import type { Client, DefaultUser } from './types.js';
import { createVault } from './vault.js';
import { createWire } from './wire.js';

/** Makes the client of a service. Nothing is sent before it is used. */
export function createClient<U = DefaultUser>(options: Options<U>): Client<U> {
  const wire = createWire(options);
  const vault = createVault(options);
  const operations = createOperations(options.user);
  const authenticator = options.authenticator ?? systemAuthenticator();
  const keeper = new Keeper<U>(options, wire, vault, operations);
  const stepUps = createStepUps(keeper, wire, operations, authenticator);
  const attempt = () => createAttempt(keeper, stepUps);
  const opened = () => void passkeys.signalPasskeys().catch(() => {}); // of use to the browser, and to nobody who waits
  const parts = { options, wire, vault, keeper, operations, authenticator };
  const { answer, ...logins } = createLogins<U>({ ...parts, opened });
  const passkeys = createPasskeys<U>({ ...parts, answer, attempt });

  const request: Client<U>['request'] = (document, variables, { signal } = {}) => {
    const text = textOf(document);
    return persist(attempt(), (accessToken) => wire.send(text, variables as object, { accessToken, signal }));
  };
  return {
    session: readOnly(keeper.session),
    restore: keeper.restore,
    async reload() {
      const { me, account } = await request<Me<U>>(operations.me);
      if (me && account) keeper.update(me, account);
      return keeper.session.get();
    },
    ...createAccounts(wire, operations),
    ...logins,
    ...passkeys,
    stepUp: readOnly(stepUps.store),
    requireFresh: (level = 'aal1') => requireFresh(keeper, stepUps, level),
    request,
    fetch: createBackendFetch(options, attempt),
    accessToken: () => keeper.accessToken(),
    attempt,
    close: keeper.close,
  };
}
