import { createClient } from 'latchkey-client';
import { useSyncExternalStore } from 'react';

/** Where the service is: VITE_LATCHKEY_URL, or the one that `go run .` starts on this machine. */
export const service = (import.meta.env.VITE_LATCHKEY_URL || 'http://localhost:8080').replace(/\/$/, '');
export const graphql = `${service}/graphql`;

/** Who is logged in, and all that logs in and out. The refresh token is in a cookie that no script can read. */
export const auth = createClient({ url: graphql, transport: 'cookie' });

/** Whether somebody is logged in, and who. Every tab of the browser sees the same. */
export const useSession = () => useSyncExternalStore(auth.session.subscribe, auth.session.get);

/** What waits until somebody shows again who they are. */
export const useStepUp = () => useSyncExternalStore(auth.stepUp.subscribe, auth.stepUp.get);
