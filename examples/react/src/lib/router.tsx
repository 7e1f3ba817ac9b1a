import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react';

// All the routing that this example needs. An app with more pages takes a library.

/** Goes to another page of the app. */
export function go(path: string) {
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
  scrollTo(0, 0);
}

/** Which page the address bar names. */
export function usePath() {
  return useSyncExternalStore(listen, () => location.pathname);
}

function listen(changed: () => void) {
  addEventListener('popstate', changed);
  return () => removeEventListener('popstate', changed);
}

export function Link({ to, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { to: string }) {
  const follow = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab is the browser's business
    event.preventDefault();
    go(to);
  };
  return <a href={to} onClick={follow} {...rest} />;
}

/**
 * What a mailed link brought behind the # or the ?, such as its token. It is taken out of the address bar, so that it
 * stays neither in the history nor in a copied address.
 */
export function takeFromAddress(name: string) {
  const found = new URLSearchParams(location.hash.slice(1)).get(name) ?? new URLSearchParams(location.search).get(name);
  if (found) history.replaceState(null, '', location.pathname);
  return found;
}
