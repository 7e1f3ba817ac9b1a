import { useEffect, type ComponentType } from 'react';
import { Link } from '../../lib/router';
import { Devices } from './Devices';
import { Factors } from './Factors';
import { History } from './History';
import { Profile } from './Profile';

const pages: [path: string, name: string, page: ComponentType][] = [
  ['/account', 'Account', Profile],
  ['/account/devices', 'Devices', Devices],
  ['/account/security', 'Security', Factors],
  ['/account/history', 'History', History],
];

/** The pages of somebody who is logged in. */
export function Account({ path }: { path: string }) {
  const [here, , Current] = pages.find(([page]) => page === path) ?? pages[0]!;
  useEffect(() => {
    if (path !== here) history.replaceState(null, '', here); // whoever came by /login is here now
  }, [path, here]);

  return (
    <main className="wide">
      <nav className="tabs" aria-label="Your account">
        {pages.map(([page, name]) => <Link key={page} to={page} aria-current={page === here ? 'page' : undefined}>{name}</Link>)}
      </nav>
      <Current />
    </main>
  );
}
