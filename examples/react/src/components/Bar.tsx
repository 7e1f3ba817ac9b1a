import { auth, useSession } from '../auth';
import { Link } from '../lib/router';
import { Act } from './Act';

/** What stands above every page. */
export function Bar() {
  const session = useSession();
  return (
    <header className="bar">
      <Link to="/" className="brand"><Key /> Example</Link>
      {session.status === 'signed-out' && (
        <nav aria-label="Begin">
          <Link to="/login">Log in</Link>
          <Link to="/register">Register</Link>
        </nav>
      )}
      {session.status === 'signed-in' && (
        <nav aria-label="You">
          <Link to="/account" className="who"><bdi>{session.user.username}</bdi></Link>
          <Act className="plain" does={() => auth.logout()}>Log out</Act>
        </nav>
      )}
    </header>
  );
}

const Key = () => (
  <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" aria-hidden="true">
    <circle cx="7.5" cy="12" r="4.5" />
    <path d="M12 12h9v3.5M17 12v2.5" />
  </svg>
);
